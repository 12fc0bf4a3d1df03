/** A guest that moves between kernel hosts under a ping every millisecond: `nfvd nva` and three `nfvd nve`. */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { Call } from '../../../src/model/api.js';
import type { Migration, Port } from '../../../src/model/endpoint.js';
import type { MigrationPhase } from '../../../src/model/migration-phase.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { cable, needNetns, Netns } from '../../support/netns.js';
import { RunningPing } from '../../support/running-ping.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };
const HOSTS = ['host-0', 'host-1', 'host-2'];
const MOVER = { id: 'mover', etag: '', validateOnly: false };
/** More than any switch takes; a ping that is not routed any more loses thousands. */
const MAX_LOST = 250;

const vethIn = (guest: Netns): Port => ({
  kind: 'veth',
  netns: guest.name,
  interface: 'eth0',
  hostInterface: '',
});

describe('a migration between kernel hosts', function () {
  this.timeout(120_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let nva: Daemon;
  let api: NvaClient;
  const spaces: Netns[] = [];
  const agents: Daemon[] = [];
  const errors: string[] = [];

  const space = async (): Promise<Netns> => {
    const made = await Netns.create();
    spaces.push(made);
    return made;
  };
  const startNva = async (): Promise<void> => {
    nva = await Daemon.start(['nva', '--config', files.nva()]);
  };

  before(async function () {
    await needNetns(this);
    dir = tempDir();
    files = new DaemonFiles(dir.path);
    await startNva();
    api = new NvaClient({ address: { kind: 'unix', path: files.socket() }, timeoutMs: 20_000 });
    const network = networkSpec({ vni: 100, prefixes: ['10.0.0.0/24'] });
    await api.virtualNetworks.create({ ...request, id: 'blue', spec: network }, call);
    const wire = await space();
    await wire.ip('link', 'add', 'name', 'wire', 'up', 'type', 'bridge', 'stp_state', '0');
    for (const [i, name] of HOSTS.entries()) {
      const host = await space();
      await cable([host, 'u0'], [wire, `to${i}`]);
      await wire.ip('link', 'set', 'dev', `to${i}`, 'master', 'wire');
      await host.ip('addr', 'add', `192.0.2.${i + 1}/24`, 'dev', 'u0');
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await api.nves.create({ ...request, id: name, spec }, call);
      agents.push(await Daemon.start(['nve', '--config', files.nve(name)], host));
    }
  });

  after(async () => {
    // Nothing was begun where there are no namespaces.
    if (agents.length === 0) return;
    api.close();
    for (const daemon of [...agents, nva]) {
      await daemon.stop('SIGKILL');
      errors.push(daemon.err);
    }
    for (const each of spaces) await each.close();
    dir.remove();
    assert.equal(errors.join(''), '');
  });

  let from: Netns;
  let places: Netns[];

  beforeEach(async () => {
    from = await space();
    places = [await space(), await space()];
    const [home] = places;
    assert.ok(home !== undefined);
    await attach('pinger', 1, 'host-0', from);
    await attach('mover', 2, 'host-1', home);
    const { laggards } = await api.waitApplied({ revision: 0, timeoutMs: 15_000 }, call);
    assert.deepEqual(laggards, []);
  });

  afterEach(async () => {
    for (const id of ['mover', 'pinger']) await api.endpoints.delete({ ...MOVER, id }, call);
    await api.waitApplied({ revision: 0, timeoutMs: 15_000 }, call);
  });

  async function attach(id: string, n: number, nve: string, guest: Netns): Promise<void> {
    const mac = `02:00:00:00:00:0${n}`;
    const ips = [`10.0.0.${n}`];
    const spec = endpointSpec({ network: 'blue', nve, mac, ips, port: vethIn(guest) });
    await api.endpoints.create({ ...request, id, spec }, call);
  }

  const reached = (phase: MigrationPhase): Promise<Migration> =>
    eventually(async () => {
      const { migration } = (await api.endpoints.get('mover', call)).status;
      assert.equal(migration?.phase, phase);
      return migration;
    }, 30_000);

  async function migrate(hold: boolean): Promise<void> {
    const port = vethIn(places[1] ?? from);
    const to = { ...MOVER, nve: 'host-2', port, requestId: '', hold, timeoutMs: 0 };
    await api.migrations.migrate(to, call);
  }

  it('loses no packet while it is associated, nor when it is taken back', async () => {
    const ping = new RunningPing(from, '10.0.0.2');
    await ping.goesOn(100);
    await migrate(true);
    await reached('ASSOCIATED');
    await ping.goesOn(200);
    await api.migrations.cancel(MOVER, call);
    await reached('CANCELLED');
    const { laggards } = await api.waitApplied({ revision: 0, timeoutMs: 15_000 }, call);
    assert.deepEqual(laggards, []);
    await ping.goesOn(100);
    const { sent, lost } = await ping.stop();
    assert.deepEqual(lost, [], `of ${sent}`);
  });

  it('moves with hardly a packet lost', async () => {
    const ping = new RunningPing(from, '10.0.0.2');
    await ping.goesOn(100);
    const begun = performance.now();
    await migrate(false);
    await reached('FINISHED');
    const took = Math.round(performance.now() - begun);
    // The old port is gone from here on: only the new place answers.
    const { laggards } = await api.waitApplied({ revision: 0, timeoutMs: 15_000 }, call);
    assert.deepEqual(laggards, []);
    await ping.goesOn(200);
    const { sent, lost } = await ping.stop();
    const blackout = Math.max(0, ...lost);
    process.stdout.write(
      `      migrated in ${took} ms; blackout ${blackout} ms: ${lost.join(' + ') || 0} of ${sent} pings lost, one each ms\n`,
    );
    assert.ok(blackout <= MAX_LOST, `${blackout} pings in a row`);
    assert.equal((await api.endpoints.get('mover', call)).spec.nve, 'host-2');
    assert.equal((await places[0]?.try('ip', 'link', 'show', 'dev', 'eth0'))?.code, 1);
  });

  it('goes on where the NVA is killed in the middle', async () => {
    const ping = new RunningPing(from, '10.0.0.2');
    await ping.goesOn(100);
    await migrate(true);
    await reached('ASSOCIATED');
    await api.migrations.finish({ ...MOVER, force: false }, call);
    await nva.stop('SIGKILL');
    await ping.goesOn(200);
    await startNva();
    await reached('FINISHED');
    await ping.goesOn(200);
    const { lost } = await ping.stop();
    assert.ok(Math.max(0, ...lost) <= MAX_LOST, lost.join());
  });
});
