import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Call } from '../../../src/model/api.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles, nfvd } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { Probe } from '../../support/grpc-probe.js';
import { needNetns, Netns } from '../../support/netns.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };

/** An NVA, and the agent of one host in a namespace of its own. */
describe('nfvd nve', function () {
  this.timeout(120_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let host: Netns;
  let guest: Netns;
  let nva: Daemon;
  let api: NvaClient;
  const agents: Daemon[] = [];

  before(async function () {
    await needNetns(this);
  });
  beforeEach(async () => {
    dir = tempDir();
    files = new DaemonFiles(dir.path);
    host = await Netns.create();
    guest = await Netns.create();
    await host.ip('link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
    await host.ip('link', 'set', 'dev', 'eth1', 'up');
    await host.ip('address', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await host.ip('link', 'set', 'dev', 'eth0', 'up');
    nva = await Daemon.start(['nva', '--config', files.nva()]);
    api = new NvaClient({ address: { kind: 'unix', path: files.socket() }, timeoutMs: 20_000 });
    await api.nves.create({ ...request, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
    const network = networkSpec({ vni: 100, prefixes: ['10.0.0.0/24'] });
    await api.virtualNetworks.create({ ...request, id: 'blue', spec: network }, call);
  });
  afterEach(async () => {
    api.close();
    const daemons = [...agents.splice(0), nva];
    for (const daemon of daemons) await daemon.stop('SIGKILL');
    await host.close();
    await guest.close();
    dir.remove();
    assert.equal(daemons.map(({ err }) => err).join(''), '');
  });

  const start = async (name = 'host-a', change: object = {}): Promise<Daemon> => {
    const agent = await Daemon.start(['nve', '--config', files.nve(name, change)], host);
    agents.push(agent);
    return agent;
  };
  const run = (...args: readonly string[]): ReturnType<typeof nfvd> =>
    nfvd(['nve', '--config', join(dir.path, 'host-a.yaml'), ...args], host);
  const attach = async (): Promise<number> => {
    const port = { kind: 'veth', netns: guest.name, interface: 'eth0', hostInterface: '' } as const;
    const mac = '02:00:00:00:00:01';
    const spec = endpointSpec({ network: 'blue', nve: 'host-a', mac, ips: ['10.0.0.1'], port });
    const endpoint = await api.endpoints.create({ ...request, id: 'e1', spec }, call);
    return endpoint.meta.revision;
  };
  const applied = async (revision: number): Promise<void> => {
    const { laggards } = await api.waitApplied({ revision, timeoutMs: 15_000 }, call);
    assert.deepEqual(laggards, []);
  };
  const bridges = async (): Promise<string[]> =>
    (await host.json('ip', 'link', 'show', 'type', 'bridge')).map(({ ifname }) => String(ifname));

  it('answers for its health on a socket that is only for its user, and has no other service', async () => {
    await start();
    assert.equal((await stat(files.socket('host-a'))).mode & 0o7777, 0o600);
    assert.equal((await stat(files.stateOf('host-a'))).mode & 0o7777, 0o700);
    const probe = new Probe(`unix:${files.socket('host-a')}`);
    assert.equal(await probe.health(), 'SERVING');
    assert.ok(!(await probe.services()).includes('nfv.v1'));
    probe.close();
  });

  it('applies what the NVA wants, leaves it when it stops, and adopts it when it starts', async () => {
    const agent = await start();
    await applied(await attach());
    const before = await host.run('ip', 'link');
    const { code } = await agent.stop('SIGTERM');
    assert.equal(code, 0);
    assert.equal(agent.err, '');
    assert.deepEqual(
      agent.lines.slice(-2).map(({ msg }) => msg),
      ['stopping', 'stopped'],
    );
    assert.equal(await host.run('ip', 'link'), before);
    const again = await start();
    const pass = await again.logged((line) => line['isFull'] === true);
    assert.equal(pass['steps'], 0);
    assert.equal(await host.run('ip', 'link'), before);
  });

  it('works with no NVA: it starts, mends the host and stops', async () => {
    const first = await start();
    await applied(await attach());
    await first.stop('SIGKILL');
    await nva.stop('SIGKILL');
    const [bridge] = await bridges();
    assert.ok(bridge);
    await host.ip('link', 'del', 'dev', bridge);
    const agent = await start();
    await agent.logged('no session with the NVA');
    await eventually(async () => (await bridges()).length === 1, 20_000);
    assert.equal((await agent.stop()).code, 0);
  });

  it('goes back to an earlier replica that has come', async () => {
    const earlier = files.socket('earlier');
    const addresses = [earlier, files.socket()].map((path) => ({ address: `unix:${path}` }));
    const agent = await start('host-a', { nva: addresses, returnAfter: '1s' });
    await agent.logged('connected to NVA');
    const seen = agent.lines.length;
    await symlink(files.socket(), earlier);
    await agent.logged('an earlier replica of the NVA is there', seen);
    const { peer } = await agent.logged('connected to NVA', seen);
    assert.equal(peer, `unix:${earlier}`);
    await applied(await attach());
  });

  it('stops in time when its NVA hangs', async () => {
    const agent = await start();
    await agent.logged('connected to NVA');
    nva.signal('SIGSTOP');
    const began = performance.now();
    assert.equal((await agent.stop()).code, 0);
    assert.ok(performance.now() - began < 10_000);
    nva.signal('SIGCONT');
  });

  it('plans what it would do, on a host where it does not run and beside itself', async () => {
    const agent = await start();
    await applied(await attach());
    const nothing = await run('plan');
    assert.deepEqual([nothing.code, nothing.stderr], [0, '']);
    assert.match(nothing.stdout, /nothing to do/i);
    await agent.stop();
    const [bridge = ''] = await bridges();
    await host.ip('link', 'del', 'dev', bridge);
    const links = await host.run('ip', 'link');
    const plan = await run('plan');
    assert.equal(plan.code, 0);
    assert.match(plan.stdout, /bd\/100/);
    const json: unknown = JSON.parse((await run('plan', '-o', 'json')).stdout);
    assert.match(JSON.stringify(json), /"bd\/100"/);
    assert.equal(await host.run('ip', 'link'), links, 'planning changes nothing');
  });

  it('carries out many steps at once, with nothing to warn of', async () => {
    const agent = await start();
    const attached = Array.from({ length: 40 }, async (_, n) => {
      const name = `t${n}`;
      const port = {
        kind: 'tap',
        interface: name,
        ownerUid: 0,
        multiQueue: false,
        vnetHdr: false,
      } as const;
      const hex = n.toString(16).padStart(2, '0');
      const mac = `02:00:00:00:01:${hex}`;
      const spec = endpointSpec({
        network: 'blue',
        nve: 'host-a',
        mac,
        ips: [`10.0.0.${n + 1}`],
        port,
      });
      await api.endpoints.create({ ...request, id: name, spec }, call);
    });
    await Promise.all(attached);
    await applied(0);
    // In how many passes they came is chance; here all come in one.
    await agent.stop();
    const [bridge = ''] = await bridges();
    await host.ip('link', 'del', 'dev', bridge);
    const again = await start();
    await again.logged((line) => Number(line['steps']) > 40);
    await applied(0);
  });

  it('plans nothing on a host that never had an agent, and says so', async () => {
    files.nve('host-a');
    const { code, stderr } = await run('plan');
    assert.equal(code, 1);
    assert.match(stderr, /^error: .*host-a\/data\.mdb.* \(FILE_UNREADABLE\)\n/);
  });

  it('forgets, and then takes the configuration of another NVA', async () => {
    const agent = await start();
    await applied(await attach());
    const busy = await run('forget');
    assert.equal(busy.code, 1);
    assert.match(busy.stderr, /\(STORE_LOCKED\)/);
    await agent.stop();
    await nva.stop();
    nva = await Daemon.start(['nva', '--config', files.nva({ dataDir: files.stateOf('data-2') })]);
    await api.nves.create({ ...request, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
    const loyal = await start();
    const refused = await loyal.logged('no session with the NVA');
    assert.equal(refused['code'], 'FOREIGN_STORE');
    assert.equal((await bridges()).length, 1, 'nothing is removed');
    await loyal.stop();
    const forgotten = await run('forget');
    assert.deepEqual(forgotten, {
      code: 0,
      stdout: 'forgotten; the dataplane is as it was\n',
      stderr: '',
    });
    assert.equal((await bridges()).length, 1);
    await start();
    await eventually(async () => (await bridges()).length === 0, 20_000);
    await applied(0);
  });

  it('does not start on the state of another NVE, until that is forgotten', async () => {
    await api.nves.create({ ...request, id: 'host-b', spec: nveSpec(['192.0.2.2']) }, call);
    await (await start()).stop();
    const path = files.nve('host-b', { stateDir: files.stateOf('host-a') });
    const other = await nfvd(['nve', '--config', path], host);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /is that of the NVE host-a, not host-b \(NVE_IDENTITY_MISMATCH\)\n/);
    assert.match(other.stderr, /remedy: .*nfvd nve forget/);
    assert.equal((await nfvd(['nve', '--config', path, 'forget'], host)).code, 0);
    const agent = await start('host-b', { stateDir: files.stateOf('host-a') });
    await agent.logged('connected to NVA');
  });

  it('does not start twice', async () => {
    await start();
    const { code, stderr } = await run();
    assert.equal(code, 1);
    assert.match(stderr, /\(STORE_LOCKED\)/);
    await applied(0);
  });

  it('leaves a line with the NVA when it goes, killed or stopped', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const seen = nva.lines.length;
      const agent = await start();
      await nva.logged('NVE connected', seen);
      agent.signal(signal);
      const line = await nva.logged('NVE disconnected', seen);
      assert.equal(line['nve'], 'host-a');
      assert.equal(line.level, 'info');
    }
  });

  it('tells what it sees in lines of JSON', async () => {
    const agent = await start();
    await applied(await attach());
    const [bridge = ''] = await bridges();
    await host.ip('link', 'del', 'dev', bridge);
    const drift = await agent.logged('drift');
    assert.equal(drift.level, 'warn');
    assert.equal(typeof drift['key'], 'string');
    assert.match(String(drift['action']), /^(REPAIRED|FAILED)$/);
    await eventually(async () => (await bridges()).length === 1, 20_000);
    const connected = await agent.logged('connected to NVA');
    assert.equal(connected['peer'], `unix:${files.socket()}`);
    await nva.stop();
    const lost = await agent.logged('no session with the NVA');
    assert.equal(lost['peer'], `unix:${files.socket()}`);
    assert.equal(typeof lost['error'], 'string');
    await agent.stop();
    for (const line of [...agent.lines, ...nva.lines]) {
      assert.match(line.level, /^(debug|info|warn|error)$/);
      assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.equal(line.pid, line.program === 'nve' ? agent.pid : nva.pid);
    }
    const known = nva.lines.filter(({ msg }) => msg === 'NVE connected');
    assert.equal(known[0]?.['peer'], 'unix socket');
  });
});
