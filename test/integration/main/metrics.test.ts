/** The figures that real daemons show are those of what has happened. */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Call } from '../../../src/model/api.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Child } from '../../support/child.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { valueOf } from '../../support/exposition.js';
import { exec, needNetns, Netns } from '../../support/netns.js';
import { refusedWith } from '../../support/refusals.js';
import { fetchPage, scrape } from '../../support/scrape.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const endless = new AbortController().signal;
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };
const NFVCTL = fileURLToPath(new URL('../../../src/main/nfvctl.js', import.meta.url));

const times = z.object({ count: z.number(), p50: z.number(), max: z.number() });
const statistics = z.object({
  changeRate: z.number(),
  attach: times,
  nves: z.array(
    z.object({
      nve: z.string(),
      state: z.string(),
      lagRevisions: z.number(),
      itemRate: z.number(),
      attach: times,
    }),
  ),
});
const happened = z.object({ kind: z.string(), resource: z.string(), who: z.string() });

describe('metrics', function () {
  this.timeout(120_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let host: Netns;
  let guest: Netns;
  let api: NvaClient;
  const daemons: Daemon[] = [];

  before(async function () {
    await needNetns(this);
  });
  beforeEach(async () => {
    dir = tempDir();
    files = new DaemonFiles(dir.path);
    host = await Netns.create();
    guest = await Netns.create();
    await host.ip('link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
    await host.ip('address', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await host.ip('link', 'set', 'dev', 'eth0', 'up');
    api = new NvaClient({ address: { kind: 'unix', path: files.socket() }, timeoutMs: 20_000 });
  });
  afterEach(async () => {
    api.close();
    const errors: string[] = [];
    for (const daemon of daemons.splice(0)) {
      await daemon.stop('SIGKILL');
      errors.push(daemon.err);
    }
    await host.close();
    await guest.close();
    dir.remove();
    assert.equal(errors.join(''), '');
  });

  const on = (name: string): object => ({
    metrics: { listen: [{ address: `unix:${files.socket(`${name}-metrics`)}` }] },
  });
  const page = (name: string): ReturnType<typeof scrape> => scrape(files.socket(`${name}-metrics`));
  const startNva = async (change: object = on('nva')): Promise<Daemon> => {
    const daemon = await Daemon.start(['nva', '--config', files.nva(change)]);
    daemons.push(daemon);
    return daemon;
  };
  const startAgent = async (change: object = {}): Promise<Daemon> => {
    const config = files.nve('host-a', { ...on('nve'), ...change });
    const daemon = await Daemon.start(['nve', '--config', config], host);
    daemons.push(daemon);
    return daemon;
  };
  const prepare = async (): Promise<void> => {
    await api.nves.create({ ...request, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
    const network = networkSpec({ vni: 100, prefixes: ['10.0.0.0/24'] });
    await api.virtualNetworks.create({ ...request, id: 'blue', spec: network }, call);
  };
  const attach = async (): Promise<void> => {
    const port = { kind: 'veth', netns: guest.name, interface: 'eth0', hostInterface: '' } as const;
    const mac = '02:00:00:00:00:01';
    const spec = endpointSpec({ network: 'blue', nve: 'host-a', mac, ips: ['10.0.0.1'], port });
    const { meta } = await api.endpoints.create({ ...request, id: 'e1', spec }, call);
    const { revision } = meta;
    const { laggards } = await api.waitApplied({ revision, timeoutMs: 15_000 }, call);
    assert.deepEqual(laggards, []);
  };

  it('of an attached endpoint: one time, at the NVA; items and passes, at the agent', async () => {
    await startNva();
    await prepare();
    await startAgent();
    await eventually(async () => {
      return valueOf(await page('nva'), 'nfvd_nva_nves', { state: 'IN_SYNC' }) === 1;
    });
    assert.equal(valueOf(await page('nva'), 'nfvd_nva_attach_applied_seconds_count'), 0);
    await attach();
    const nva = await page('nva');
    assert.equal(valueOf(nva, 'nfvd_nva_attach_applied_seconds_count'), 1);
    const seconds = valueOf(nva, 'nfvd_nva_attach_applied_seconds_sum') ?? 0;
    assert.ok(seconds > 0.001 && seconds < 15, String(seconds));
    assert.equal(valueOf(nva, 'nfvd_nva_attaches_open'), 0);
    const ofHost = { nve: 'host-a' };
    assert.equal(valueOf(nva, 'nfvd_nva_nve_lag_revisions', ofHost), 0);
    assert.equal(valueOf(nva, 'nfvd_nva_nve_lag_seconds', ofHost), 0);
    assert.equal(valueOf(nva, 'nfvd_nva_session_pending_items', ofHost), 0);
    const created = { method: 'CreateEndpoint', code: 'OK' };
    assert.equal(valueOf(nva, 'nfvd_nva_rpcs_total', created), 1);
    const commits = { backend: 'embedded', operation: 'txn' };
    assert.ok((valueOf(nva, 'nfvd_nva_store_duration_seconds_count', commits) ?? 0) >= 3);
    // It came without anything.
    for (const scope of ['full', 'sum']) {
      assert.equal(valueOf(nva, 'nfvd_nva_compiles_total', { scope }), 1, scope);
    }

    const nve = await page('nve');
    const wanted = valueOf(nve, 'nfvd_nve_items', { state: 'wanted' }) ?? 0;
    assert.ok(wanted >= 4, String(wanted));
    assert.equal(valueOf(nve, 'nfvd_nve_items', { state: 'applied' }), wanted);
    assert.equal(valueOf(nve, 'nfvd_nve_items', { state: 'failed' }), 0);
    assert.equal(valueOf(nve, 'nfvd_nve_session_state', { state: 'inStep' }), 1);
    assert.equal(valueOf(nve, 'nfvd_nve_dataplane_state', { state: 'CONNECTED' }), 1);
    // The VTEP is an address that the host has already.
    assert.equal(valueOf(nve, 'nfvd_nve_reconcile_steps_total'), wanted - 1);
    const commands = { program: 'ip', code: 'OK' };
    assert.ok((valueOf(nve, 'nfvd_nve_kernel_commands_total', commands) ?? 0) > 0);
  });

  it('of drift that is repaired, and of an agent that is gone', async () => {
    await startNva();
    await prepare();
    const agent = await startAgent({ drift: { interval: '1s' } });
    await attach();
    await host.ip('link', 'delete', 'dev', 'nfvx100');
    await eventually(async () => {
      const repaired = valueOf(await page('nve'), 'nfvd_nve_drifts_total', { action: 'REPAIRED' });
      return (repaired ?? 0) >= 1;
    });
    await agent.stop();
    await eventually(async () => {
      return valueOf(await page('nva'), 'nfvd_nva_nves', { state: 'DISCONNECTED' }) === 1;
    });
    await api.endpoints.delete({ id: 'e1', etag: '', validateOnly: false }, call);
    await eventually(async () => {
      const lag = valueOf(await page('nva'), 'nfvd_nva_nve_lag_revisions', { nve: 'host-a' });
      return (lag ?? 0) >= 1;
    });
    await api.nves.delete({ id: 'host-a', etag: '', validateOnly: false }, call);
    await eventually(async () => {
      const nves = (await page('nva')).get('nfvd_nva_nve_lag_revisions');
      return nves?.samples.length === 0;
    });
  });

  const nfvctl = async (...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, NFVCTL_SERVER: `unix:${files.socket()}` };
    const ran = await exec(process.execPath, [NFVCTL, ...args], '', { env });
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };

  it('in nfvctl top, and what happened in nfvctl events', async () => {
    await startNva();
    await prepare();
    const agent = await startAgent();
    await eventually(async () => {
      return valueOf(await page('nva'), 'nfvd_nva_nves', { state: 'IN_SYNC' }) === 1;
    });
    await attach();
    const top = statistics.parse(JSON.parse(await nfvctl('top', '-o', 'json')));
    const [nve] = top.nves;
    assert.deepEqual([nve?.nve, nve?.state, nve?.lagRevisions], ['host-a', 'IN_SYNC', 0]);
    assert.deepEqual([top.attach.count, nve?.attach.count], [1, 1]);
    assert.ok(top.attach.p50 > 0 && top.attach.p50 === top.attach.max);
    assert.ok(top.changeRate > 0 && (nve?.itemRate ?? 0) > 0);
    assert.match(await nfvctl('top'), /^REVISION .*\n.* 1\/1 .*\n\nNVE .*\nhost-a +IN_SYNC /);

    const follower = new Child(process.execPath, [NFVCTL, 'events', '--follow', '-o', 'json'], {
      env: { ...process.env, NFVCTL_SERVER: `unix:${files.socket()}` },
    });
    await host.ip('link', 'delete', 'dev', 'nfvx100');
    await eventually(() => follower.out.includes('"kind":"DRIFT"'));
    await agent.stop();
    await eventually(() => follower.out.includes('"kind":"NVE_LOST"'));
    await api.endpoints.delete({ id: 'e1', etag: '', validateOnly: false }, call);
    await eventually(() => follower.out.includes('"kind":"DELETED"'));
    await follower.kill('SIGINT');
    const told = follower.out
      .trim()
      .split('\n')
      .map((line) => happened.parse(JSON.parse(line)))
      .map(({ kind, resource, who }) => `${kind} ${resource} ${who}`);
    assert.deepEqual(
      told.filter((line) => !line.startsWith('DRIFT')),
      [
        'CREATED nves/host-a local',
        'CREATED virtualNetworks/blue local',
        // It belongs to this agent from now on.
        'UPDATED nves/host-a ',
        'NVE_CONNECTED nves/host-a nve/host-a',
        'CREATED endpoints/e1 local',
        'NVE_LOST nves/host-a nve/host-a',
        'DELETED endpoints/e1 local',
      ],
    );
    assert.ok(told.includes('DRIFT nves/host-a nve/host-a'));
    const ofOne = await nfvctl('events', '--for', 'endpoint/e1', '--kind', 'deleted');
    assert.match(
      ofOne,
      /^TIME +EVENT +RESOURCE +WHO +MESSAGE\n\S+ +deleted +endpoints\/e1 +local +-\n$/,
    );
  });

  it('of calls that fail, and of watches; on loopback, which the log tells', async () => {
    const nva = await startNva({ metrics: { listen: [{ address: '127.0.0.1:0' }] } });
    const up = await nva.logged('NVA is up');
    const [, port = ''] = /^127\.0\.0\.1:(\d+)$/.exec(String(up['metrics'])) ?? [];
    const text = async (): Promise<string> => (await fetchPage({ port })).text;
    await refusedWith('NOT_FOUND', api.nves.get('nobody', call));
    assert.match(await text(), /^nfvd_nva_rpcs_total\{method="GetNve",code="NOT_FOUND"\} 1$/m);
    const stop = new AbortController();
    const watch = { kinds: [], filter: '', startRevision: 0 };
    const seen = api.watch(watch, { signal: stop.signal })[Symbol.asyncIterator]();
    await seen.next();
    assert.match(await text(), /^nfvd_nva_watchers 1$/m);
    stop.abort();
    await eventually(async () => /^nfvd_nva_watchers 0$/m.test(await text()));
  });
});
