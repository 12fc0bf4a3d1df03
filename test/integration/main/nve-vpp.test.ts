import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { copyFileSync, existsSync, lstatSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Call } from '../../../src/model/api.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import { NEW_VHOST_USER } from '../../../src/model/vpp-ports.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { runProgram, type Ended } from '../../support/child.js';
import { Daemon, DaemonFiles, nfvd } from '../../support/daemon.js';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { eventually } from '../../support/eventually.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { StatSegment, type SegmentEntry } from '../../support/stat-segment.js';
import { tempDir } from '../../support/temp-dir.js';
import { compileVacLibrary } from '../../support/vac-library.js';
import { EmulatorEye, tunnelsOf } from '../../support/vpp-eye.js';
import { ClientUnderTest, overSocket } from '../../support/vpp-under-test.js';

const endless = new AbortController().signal;
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };
const [HERE, THERE] = ['192.0.2.1', '192.0.2.2'];
const [MAC_1, MAC_2] = ['02:00:00:00:00:01', '02:00:00:00:00:02'];
const UPLINK = { hostInterface: 'eth0', addresses: [`${HERE}/24`] };

const veth = (nve: string, mac: string, ip: string): EndpointSpec =>
  endpointSpec({
    network: 'blue',
    nve,
    mac,
    ips: [ip],
    port: { kind: 'veth', netns: 'guest', interface: 'eth0', hostInterface: '' },
  });

/** An NVA, and the agent of a host whose dataplane is a VPP. */
describe('nfvd nve with VPP', function () {
  this.timeout(120_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let vpp: EmulatedVpp;
  let eye: EmulatorEye;
  let nva: Daemon;
  let api: NvaClient;
  const agents: Daemon[] = [];

  beforeEach(async () => {
    dir = tempDir();
    files = new DaemonFiles(dir.path);
    vpp = new EmulatedVpp();
    await vpp.start();
    eye = new EmulatorEye(vpp.emulator);
    nva = await Daemon.start(['nva', '--config', files.nva()]);
    api = new NvaClient({ address: { kind: 'unix', path: files.socket() }, timeoutMs: 20_000 });
    await api.nves.create({ ...request, id: 'host-a', spec: nveSpec([HERE]) }, call);
    await api.nves.create({ ...request, id: 'host-b', spec: nveSpec([THERE]) }, call);
    const network = networkSpec({ vni: 100, prefixes: ['10.0.0.0/24'] });
    await api.virtualNetworks.create({ ...request, id: 'blue', spec: network }, call);
    const there = veth('host-b', MAC_2, '10.0.0.2');
    await api.endpoints.create({ ...request, id: 'blue-2', spec: there }, call);
    const here = veth('host-a', MAC_1, '10.0.0.1');
    await api.endpoints.create({ ...request, id: 'blue-1', spec: here }, call);
  });
  afterEach(async () => {
    api.close();
    const daemons = [...agents.splice(0), nva];
    for (const daemon of daemons) await daemon.stop('SIGKILL');
    await vpp.remove();
    dir.remove();
    assert.equal(daemons.map(({ err }) => err).join(''), '');
  });

  const config = (change: object = {}) => ({
    dataplane: 'vpp',
    vpp: { socket: vpp.path, uplinks: [UPLINK] },
    ...change,
  });
  const start = async (change: object = {}): Promise<Daemon> => {
    const agent = await Daemon.start(['nve', '--config', files.nve('host-a', config(change))]);
    agents.push(agent);
    return agent;
  };
  const run = (...words: string[]): Promise<Ended> =>
    runProgram(['-s', `unix:${files.socket()}`, ...words]);
  const isActive = async (): Promise<boolean> =>
    (await api.endpoints.get('blue-1', call)).status.state === 'ACTIVE';

  const sessionOf = async (): Promise<string | undefined> =>
    (await api.nves.get('host-a', call)).status.dataplane?.session;

  it('programs VPP with what the NVA wants, and says what VPP can do', async () => {
    await start();
    await eventually(isActive, 20_000);
    const seen = await eye.domain(100);
    assert.deepEqual(seen?.members, ['tap0 0', 'vxlan_tunnel0 1']);
    assert.deepEqual(seen.macs, [`${MAC_1} tap0`, `${MAC_2} vxlan_tunnel0`]);
    assert.deepEqual(seen.arp, [`10.0.0.1 ${MAC_1}`, `10.0.0.2 ${MAC_2}`]);
    assert.deepEqual(await tunnelsOf(eye), [`100 ${HERE} ${THERE}`]);
    assert.ok((await eye.interfaces()).includes('host-eth0 up'));
    const { status } = await api.nves.get('host-a', call);
    assert.equal(status.capabilities?.dataplane, 'vpp');
    assert.match(status.capabilities.dataplaneVersion, /^26\.06/);
    const told = await eventually(async () => {
      const { dataplane } = (await api.nves.get('host-a', call)).status;
      return (dataplane?.plugins.length ?? 0) > 0 && dataplane;
    }, 20_000);
    assert.equal(told?.session, 'CONNECTED');
    assert.deepEqual(told.plugins, [
      { name: 'acl', version: '26.06-emulated' },
      { name: 'vxlan', version: '26.06-emulated' },
    ]);
    assert.equal(told.features.find(({ name }) => name === 'vxlan')?.state, 'OK');
    assert.deepEqual(
      status.underlays.map(({ address }) => address),
      [HERE],
    );
    const { code, stdout } = await nfvd(['nve', '--config', join(dir.path, 'host-a.yaml'), 'plan']);
    assert.equal(code, 0);
    assert.match(stdout, /nothing to do/i);
  });

  it('is refused a port that VPP does not make', async () => {
    const agent = await start();
    await agent.logged('connected to NVA');
    const tap = {
      kind: 'tap',
      interface: '',
      ownerUid: 0,
      multiQueue: false,
      vnetHdr: false,
    } as const;
    const spec = { ...veth('host-a', '02:00:00:00:00:03', '10.0.0.3'), port: tap };
    await assert.rejects(api.endpoints.create({ ...request, id: 'blue-3', spec }, call), {
      code: 'NVE_LACKS_CAPABILITY',
    });
  });

  it('fails what it cannot do by itself, and says why', async () => {
    const sockets = join(dir.path, 'sockets');
    const vpp = { ...config().vpp, socketDirectories: [sockets] };
    await start({ vpp });
    const owner = { ownerUid: process.getuid?.() ?? 0, ownerGid: process.getgid?.() ?? 0 };
    const add = async (id: string, mac: string, ip: string, socket: string): Promise<void> => {
      const port = { ...NEW_VHOST_USER, ...owner, socket };
      const spec = { ...veth('host-a', mac, ip), port };
      await api.endpoints.create({ ...request, id, spec }, call);
    };
    await add('vm-1', '02:00:00:00:00:11', '10.0.0.11', join(dir.path, 'vm'));
    await add('vm-2', '02:00:00:00:00:12', '10.0.0.12', join(sockets, 'vm'));
    const netns = 'x'.repeat(64);
    const port = { kind: 'veth', netns, interface: 'eth0', hostInterface: '' } as const;
    const cut = { ...veth('host-a', '02:00:00:00:00:13', '10.0.0.13'), port };
    await api.endpoints.create({ ...request, id: 'vm-3', spec: cut }, call);
    const isIn = async (id: string, state: string): Promise<boolean> =>
      (await api.endpoints.get(id, call)).status.state === state;
    await eventually(() => isIn('vm-1', 'FAILED'), 20_000);
    await eventually(() => isIn('vm-3', 'FAILED'), 20_000);
    await eventually(() => isIn('vm-2', 'ACTIVE'), 20_000);
    await eventually(isActive, 20_000);
    await assertDescribed(
      'vm-1',
      /\nReason: .* is in none of the directories .* \(SOCKET_PATH_REFUSED\)\n/,
      /\nRemedy: +choose a path in one of vpp\.socketDirectories /,
    );
    await assertDescribed(
      'vm-3',
      /\nReason: +VPP would cut the name of the namespace "x+" \(ITEM_UNSUPPORTED\)\n/,
    );
    assert.ok(!existsSync(join(dir.path, 'vm')));
    assert.ok(lstatSync(join(sockets, 'vm')).isSocket());
  });

  /** Soon: a pause of VPP is told as the reason while it lasts. */
  async function assertDescribed(endpoint: string, ...lines: readonly RegExp[]): Promise<void> {
    await eventually(async () => {
      const { status, out, err } = await run('describe', 'endpoint', endpoint);
      assert.deepEqual([status, err], [0, '']);
      for (const line of lines) assert.match(out, line);
      return true;
    }, 20_000);
  }

  it('says in a line why ports have no counters, and has them once they can be read', async function () {
    const stand = await compileVacLibrary(this);
    const built = join(dir.path, 'built.so');
    copyFileSync(stand.path, built);
    stand.remove();
    const library = join(dir.path, 'lib', 'libvppapiclient.so');
    const statsSocket = join(dir.path, 'stats.sock');
    await start({ vpp: { ...config().vpp, library, statsSocket } });
    await eventually(isActive, 20_000);
    await assertCounters(`no libvppapiclient.so in ${library} (VPP_LIBRARY_MISSING)`);
    mkdirSync(dirname(library));
    renameSync(built, library);
    await assertCounters(`${statsSocket}: there is no such socket (VPP_UNREACHABLE)`);
    const { interfaces } = vpp.emulator.state;
    const port = [...interfaces.values()].find(({ name }) => name === 'tap0') ?? assert.fail();
    const at = <T>(value: T, other: T): T[] =>
      Array.from({ length: port.swIfIndex + 1 }, (_, i) => (i === port.swIfIndex ? value : other));
    const entries: SegmentEntry[] = [
      { name: '/if/names', type: 4, names: at('tap0', 'other') },
      { name: '/if/rx', type: 3, rows: [at([10, 1000], [7, 7])] },
      { name: '/if/tx', type: 3, rows: [at([5, 500], [7, 7])] },
      { name: '/if/drops', type: 2, rows: [at(1, 7)] },
    ];
    writeFileSync(statsSocket, new StatSegment(entries).bytes);
    const { status, out, err } = await run('counters', 'blue-1');
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /^NAME .*\nblue-1 +host-a +10 +1000 +5 +500 +1 +-\n$/);
  });

  async function assertCounters(reason: string): Promise<void> {
    const table = await run('counters', 'blue-1');
    assert.deepEqual([table.status, table.err], [0, '']);
    const [, line = '', ...rest] = table.out.split('\n');
    assert.deepEqual(rest, ['']);
    assert.match(line, /^blue-1 +host-a( +-){5} /);
    assert.ok(line.endsWith(` ${reason}`), line);
    const { out } = await run('describe', 'endpoint', 'blue-1');
    assert.ok(
      out.split('\n').some((each) => each.startsWith('Counters: ') && each.endsWith(reason)),
      out,
    );
  }

  it('makes everything again when VPP was killed, and says what happened', async () => {
    const agent = await start();
    await eventually(isActive, 20_000);
    const before = await eye.domain(100);
    await vpp.kill();
    await agent.logged('connection to VPP lost');
    await eventually(async () => (await sessionOf()) === 'LOST', 20_000);
    const { status } = await api.nves.get('host-a', call);
    assert.deepEqual([status.state, status.reasonCode], ['DEGRADED', 'VPP_UNREACHABLE']);
    assert.match((await run('top')).out, /\nhost-a +DEGRADED /);
    const seen = agent.lines.length;
    await vpp.start();
    eye = new EmulatorEye(vpp.emulator);
    assert.equal((await agent.logged('connected to VPP', seen))['restarted'], true);
    await eventually(async () => {
      assert.deepEqual(await eye.domain(100), before);
      return true;
    }, 20_000);
    await eventually(async () => {
      const { state, reason } = (await api.nves.get('host-a', call)).status;
      return state === 'IN_SYNC' && reason === '';
    }, 20_000);
  });

  it('says that VPP is away, and what it was when it comes', async () => {
    await vpp.kill();
    const agent = await start();
    await agent.logged('connected to NVA');
    await eventually(async () => (await sessionOf()) === 'LOST', 20_000);
    const { status } = await api.nves.get('host-a', call);
    assert.equal(status.dataplane?.reasonCode, 'VPP_UNREACHABLE');
    assert.deepEqual(
      status.underlays.map(({ address }) => address),
      [HERE],
    );
    await vpp.start();
    await eventually(isActive, 20_000);
    await eventually(async () => (await sessionOf()) === 'CONNECTED', 20_000);
    await eventually(async () => {
      const { capabilities } = (await api.nves.get('host-a', call)).status;
      assert.match(capabilities?.dataplaneVersion ?? '', /^26\.06/);
      return true;
    }, 20_000);
  });

  it('does about drift what the network says, from the moment that it says it', async () => {
    const report = { id: 'blue', etag: '', validateOnly: false };
    await api.virtualNetworks.update({ ...report, changes: { driftPolicy: 'REPORT' } }, call);
    await start({ drift: { interval: '1s' } });
    await eventually(isActive, 20_000);
    const before = await eye.domain(100);
    const options = { retry: { initialMs: 10, maxMs: 200 } };
    const { client } = await ClientUnderTest.ready(overSocket(vpp), options);
    try {
      const [entry] = (await client.dump('l2_fib_table_dump', { bd_id: 100 })).filter(
        ({ mac }) => mac === MAC_2,
      );
      assert.ok(entry !== undefined);
      const { sw_if_index, mac } = entry;
      const fields = { bd_id: 100, sw_if_index, mac, static_mac: true, filter_mac: false };
      await client.request('l2fib_add_del', { ...fields, is_add: false, bvi_mac: false });
    } finally {
      await client.close();
    }
    const drifted = async (count: number): Promise<boolean> =>
      (await api.nves.get('host-a', call)).status.driftedCount === count;
    await eventually(() => drifted(1), 20_000);
    const { drifts } = (await api.nves.get('host-a', call)).status;
    assert.deepEqual(
      drifts.map(({ key, action }) => [key, action]),
      [[`mac/100/${MAC_2}`, 'REPORTED']],
    );
    assert.notDeepEqual(await eye.domain(100), before);
    await api.virtualNetworks.update({ ...report, changes: { driftPolicy: 'REPAIR' } }, call);
    await eventually(() => drifted(0), 20_000);
    assert.deepEqual(await eye.domain(100), before);
  });

  it('takes VPP for its dataplane by itself where its socket is there', async () => {
    const agent = await start({ dataplane: 'auto' });
    await agent.logged('connected to VPP');
  });
});
