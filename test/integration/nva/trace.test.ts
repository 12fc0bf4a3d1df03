/** What the NVA tells of the way between two endpoints, and of what their ports counted. */
import assert from 'node:assert/strict';
import type { TraceResult } from '../../../src/model/trace.js';
import { exitMac } from '../../../src/nva/exit-mac.js';
import { eventually } from '../../support/eventually.js';
import { COUNTED, LINUX_LIKE, type FakeNve, type FakeNveOptions } from '../../support/fake-nve.js';
import { call, type NvaHarness } from '../../support/nva-harness.js';
import { refusedWith } from '../../support/refusals.js';
import { providerSpec, routerSpec, subnetSpec } from '../../support/specs.js';
import { SmallOverlay } from '../../support/small-overlay.js';

const MAC_1 = '02:00:00:00:00:01';
const MAC_2 = '02:00:00:00:00:02';

describe('the way between two endpoints', () => {
  let overlay: SmallOverlay;
  let harness: NvaHarness;

  beforeEach(async () => {
    overlay = await SmallOverlay.start();
    ({ harness } = overlay);
  });
  afterEach(() => overlay.close());

  const connect = async (name: string, options: Partial<FakeNveOptions> = {}): Promise<FakeNve> => {
    const nve = overlay.fake(name, options);
    await nve.connect();
    await eventually(() => nve.deltas.some(({ complete }) => complete));
    await eventually(async () => {
      const { itemCounts: counts } = (await harness.client.nves.get(name, call)).status;
      return counts.wanted > 0 && counts.applied + counts.failed === counts.wanted;
    });
    return nve;
  };
  const trace = (from: string, to: string, reportedOnly = false): Promise<TraceResult> =>
    harness.client.trace({ from, to, reportedOnly }, call);
  const broken = ({ hops }: TraceResult): string[] =>
    hops
      .filter(({ state }) => state !== 'OK')
      .map(({ nve, key, state, code }) => `${state} ${nve} ${key} ${code}`.replaceAll('  ', ' '));

  it('is whole, hop by hop', async () => {
    await connect('host-a');
    await connect('host-b');
    const { state, hops } = await trace('blue-1', 'blue-2');
    assert.equal(state, 'OK');
    assert.deepEqual(
      hops.map(({ nve, what, key }) => [nve, what, key]),
      [
        ['', 'network blue, VNI 100', ''],
        ['host-a', 'NVE host-a', ''],
        ['host-a', 'port of blue-1', 'port/blue-1'],
        ['host-a', 'bridge domain 100', 'bd/100'],
        ['host-a', `10.0.0.2 is at ${MAC_2}`, 'neigh/100/10.0.0.2'],
        ['host-a', `FDB entry ${MAC_2} → 192.0.2.2`, `mac/100/${MAC_2}`],
        ['host-a', 'tunnel 192.0.2.1 → 192.0.2.2', 'tunnel/100/192.0.2.2'],
        ['host-a', 'flooding to 192.0.2.2', 'flood/100/192.0.2.2'],
        ['host-a', 'VTEP 192.0.2.1', 'vtep/192.0.2.1'],
        ['host-b', 'NVE host-b', ''],
        ['host-b', 'VTEP 192.0.2.2', 'vtep/192.0.2.2'],
        ['host-b', 'bridge domain 100', 'bd/100'],
        ['host-b', `FDB entry ${MAC_2} → port of blue-2`, `mac/100/${MAC_2}`],
        ['host-b', 'port of blue-2', 'port/blue-2'],
        ['host-b', `FDB entry ${MAC_1} → 192.0.2.1, for the answer`, `mac/100/${MAC_1}`],
        ['host-b', 'tunnel 192.0.2.2 → 192.0.2.1, for the answer', 'tunnel/100/192.0.2.1'],
      ],
    );
  });

  it('goes by the uplinks of both hosts in a provider network, also from an exit', async () => {
    const { client: api } = harness;
    const request = { requestId: '', validateOnly: false };
    const lab = providerSpec({ vni: 300, provider: { uplink: 'physnet1', vlan: 7 } });
    await api.virtualNetworks.create({ ...request, id: 'lab', spec: lab }, call);
    for (const [i, nve] of ['host-a', 'host-b'].entries()) {
      await overlay.attach(`lab-${i}`, i + 1, nve, { network: 'lab', ips: [`10.8.0.${i + 1}`] });
    }
    const inside = subnetSpec({ network: 'blue', prefix: '10.0.0.0/24', gateway: '10.0.0.254' });
    const out = subnetSpec({ network: 'lab', prefix: '10.8.0.0/24', gateway: '' });
    await api.subnets.create({ ...request, id: 'in', spec: inside }, call);
    await api.subnets.create({ ...request, id: 'out', spec: out }, call);
    const gateways = [{ nve: 'host-b', address: '10.8.0.250' }];
    const nextHops = [{ address: '10.8.0.99', weight: 1 }];
    const spec = routerSpec({
      ...{ vrfId: 7, subnets: ['in'], exits: [{ subnet: 'out', gateways }] },
      routes: [{ prefix: '0.0.0.0/0', nextHops, drop: false }],
    });
    await api.routers.create({ ...request, id: 'r', spec }, call);
    const providers = [{ name: 'physnet1', interface: 'eth1', mtu: 1500, vlans: true }];
    for (const nve of ['host-a', 'host-b']) {
      await connect(nve, { capabilities: { ...LINUX_LIKE, providers } });
    }
    const { state, hops } = await trace('lab-0', 'lab-1');
    assert.equal(state, 'OK', broken({ state, hops }).join());
    assert.deepEqual(
      hops.map(({ nve, key }) => `${nve} ${key}`).filter((hop) => !hop.endsWith(' ')),
      [
        ...['host-a port/lab-0', 'host-a bd/300', 'host-a provider/300'],
        ...['host-b provider/300', 'host-b bd/300', 'host-b port/lab-1'],
      ],
    );
    assert.ok(hops.some(({ what }) => what === 'uplink physnet1, VLAN 7'));
    const through = await trace('blue-1', 'lab-0');
    assert.equal(through.state, 'OK', broken(through).join());
    const keys = through.hops.map(({ nve, key }) => `${nve} ${key}`);
    for (const key of ['host-b gw/7/300', 'host-b provider/300', 'host-a provider/300']) {
      assert.ok(keys.includes(key), key);
    }
  });

  it('goes by the gateways of both hosts where a router leads to another network', async () => {
    const { client: api } = harness;
    const request = { requestId: '', validateOnly: false };
    const prefixes = { blue: '10.0.0.0/24', red: '10.9.0.0/24' };
    for (const [network, prefix] of Object.entries(prefixes)) {
      const spec = subnetSpec({ network, prefix, gateway: prefix.replace('0/24', '254') });
      await api.subnets.create({ ...request, id: `in-${network}`, spec }, call);
    }
    const spec = routerSpec({ vrfId: 7, subnets: ['in-blue', 'in-red'] });
    await api.routers.create({ ...request, id: 'r', spec }, call);
    await overlay.attach('red-9', 9, 'host-b', { network: 'red', ips: ['10.9.0.9'] });
    await connect('host-a');
    await connect('host-b');
    const { state, hops } = await trace('blue-1', 'red-9');
    assert.equal(state, 'OK', broken({ state, hops }).join());
    assert.equal(hops[0]?.what, 'router r, VRF 7: blue → red');
    assert.deepEqual(
      hops.map(({ nve, key }) => `${nve} ${key}`).filter((hop) => !hop.endsWith(' ')),
      [
        'host-a port/blue-1',
        'host-a bd/100',
        'host-a gw/7/100',
        'host-a gw/7/200',
        'host-a gwneigh/7/200/10.9.0.9',
        'host-a bd/200',
        'host-a mac/200/02:00:00:00:00:09',
        'host-a tunnel/200/192.0.2.2',
        'host-a flood/200/192.0.2.2',
        'host-a vtep/192.0.2.1',
        'host-b vtep/192.0.2.2',
        'host-b bd/200',
        'host-b mac/200/02:00:00:00:00:09',
        'host-b port/red-9',
        'host-b gw/7/200',
        'host-b gw/7/100',
        'host-b gwneigh/7/100/10.0.0.1',
        `host-b mac/100/${MAC_1}`,
        'host-b tunnel/100/192.0.2.1',
      ],
    );
    const other = subnetSpec({ network: 'red', prefix: '10.8.0.0/24', gateway: '10.8.0.254' });
    await api.subnets.create({ ...request, id: 'apart', spec: other }, call);
    await overlay.attach('red-8', 8, 'host-b', { network: 'red', ips: ['10.8.0.8'] });
    const ends = [await trace('blue-1', 'red-8'), await trace('red-8', 'blue-1')];
    for (const each of ends) {
      assert.equal(each.state, 'BROKEN');
      const told = each.hops.find(({ what }) => what === 'address of red-8');
      assert.equal(told?.reason, 'router r has no subnet with 10.8.0.8');
    }
    await overlay.attach('red-6', 6, 'host-b', { network: 'red', ips: ['fd00:9::6'] });
    const apart = await trace('blue-1', 'red-6');
    assert.equal(apart.state, 'BROKEN');
    const told = apart.hops.find(({ what }) => what === 'addresses');
    assert.equal(told?.reason, 'blue-1 and red-6 have no addresses of one family');
  });

  it('goes out of a router by each gateway of the exit, and comes back by each', async () => {
    const { client: api } = harness;
    const request = { requestId: '', validateOnly: false };
    const prefixes = { blue: '10.0.0.0/24', red: '10.9.0.0/24' };
    for (const [network, prefix] of Object.entries(prefixes)) {
      const spec = subnetSpec({ network, prefix, gateway: prefix.replace('0/24', '254') });
      await api.subnets.create({ ...request, id: `in-${network}`, spec }, call);
    }
    const gateways = [
      { nve: 'host-b', address: '10.9.0.2' },
      { nve: 'host-c', address: '10.9.0.3' },
    ];
    const exits = [{ subnet: 'in-red', gateways }];
    const nextHops = [{ address: '10.9.0.9', weight: 1 }];
    const routes = [
      { prefix: '10.9.0.0/16', nextHops, drop: false },
      { prefix: '0.0.0.0/0', nextHops, drop: false },
    ];
    const spec = routerSpec({ vrfId: 7, transitVni: 300, subnets: ['in-blue'], exits, routes });
    await api.routers.create({ ...request, id: 'r', spec }, call);
    await overlay.attach('red-9', 9, 'host-c', { network: 'red', ips: ['10.9.0.9'] });
    for (const name of ['host-a', 'host-b', 'host-c']) await connect(name);
    const [mac2, mac3] = [exitMac('r', 'host-b'), exitMac('r', 'host-c')];
    const { state, hops } = await trace('blue-1', 'red-9');
    assert.equal(state, 'OK', broken({ state, hops }).join());
    assert.deepEqual(
      hops.slice(0, 3).map(({ what }) => what),
      ['router r, VRF 7: blue → red', 'gateway host-b, 10.9.0.2', 'gateway host-c, 10.9.0.3'],
    );
    assert.deepEqual(
      hops.map(({ nve, key }) => `${nve} ${key}`).filter((hop) => !hop.endsWith(' ')),
      [
        'host-a port/blue-1',
        'host-a bd/100',
        'host-a gw/7/100',
        'host-a gw/7/300',
        'host-a route/7/10.9.0.0/16',
        'host-a gwneigh/7/300/10.9.0.2',
        'host-a bd/300',
        `host-a mac/300/${mac2}`,
        'host-a tunnel/300/192.0.2.2',
        'host-a vtep/192.0.2.1',
        'host-b vtep/192.0.2.2',
        'host-b bd/300',
        'host-b gw/7/300',
        'host-b gw/7/200',
        'host-b gwneigh/7/200/10.9.0.9',
        'host-b bd/200',
        'host-b mac/200/02:00:00:00:00:09',
        'host-b tunnel/200/192.0.2.3',
        'host-c vtep/192.0.2.3',
        'host-c bd/200',
        'host-c mac/200/02:00:00:00:00:09',
        'host-c port/red-9',
        'host-a gwneigh/7/300/10.9.0.3',
        `host-a mac/300/${mac3}`,
        'host-a tunnel/300/192.0.2.3',
        'host-c bd/300',
        'host-c gw/7/300',
        'host-c gw/7/200',
        'host-c gwneigh/7/200/10.9.0.9',
        'host-c neigh/200/10.9.0.2',
        `host-c mac/200/${mac2}`,
        'host-c tunnel/200/192.0.2.2',
        'host-b gw/7/100',
        'host-b gwneigh/7/100/10.0.0.1',
        'host-b bd/100',
        `host-b mac/100/${MAC_1}`,
        'host-b tunnel/100/192.0.2.1',
        `host-a mac/100/${MAC_1}`,
        'host-c gw/7/100',
        'host-c gwneigh/7/100/10.0.0.1',
        'host-c bd/100',
        `host-c mac/100/${MAC_1}`,
        'host-c tunnel/100/192.0.2.1',
      ],
    );
    const back = await trace('red-9', 'blue-1');
    assert.equal(back.state, 'OK', broken(back).join());
    const keys = (all: TraceResult): string[] => all.hops.map(({ nve, key }) => `${nve} ${key}`);
    assert.deepEqual(new Set(keys(back)), new Set(keys({ state, hops })));
    const change = { id: 'r', changes: { routes: [] }, etag: '', validateOnly: false };
    const { meta } = await api.routers.update(change, call);
    await overlay.wait(meta.revision);
    assert.ok(
      broken(await trace('blue-1', 'red-9')).includes('BROKEN host-a route/7/10.9.0.9/32 '),
    );
  });

  it('is shorter on one host', async () => {
    await overlay.attach('blue-3', 3, 'host-a');
    await connect('host-a');
    const { state, hops } = await trace('blue-1', 'blue-3');
    assert.equal(state, 'OK');
    assert.deepEqual(
      hops.map(({ key }) => key),
      [
        '',
        '',
        'port/blue-1',
        'bd/100',
        'neigh/100/10.0.0.3',
        'mac/100/02:00:00:00:00:03',
        'port/blue-3',
      ],
    );
  });

  it('is broken where an item failed, and says why', async () => {
    const failure = { code: 'VTEP_UNROUTABLE', message: 'no route to 192.0.2.2' };
    await connect('host-a', {
      judge: ({ key }) => (key.startsWith('tunnel/') ? failure : undefined),
    });
    await connect('host-b');
    const result = await trace('blue-1', 'blue-2');
    assert.equal(result.state, 'BROKEN');
    assert.deepEqual(broken(result), ['BROKEN host-a tunnel/100/192.0.2.2 VTEP_UNROUTABLE']);
  });

  it('is broken where the host is not as reported; what was reported alone does not tell', async () => {
    await connect('host-a');
    const b = await connect('host-b');
    b.sights.set('port/blue-2', { key: 'port/blue-2', state: 'MISSING', detail: 'missing' });
    b.sights.set('bd/100', { key: 'bd/100', state: 'OBSTRUCTED', detail: 'br0 is not ours' });
    assert.deepEqual(broken(await trace('blue-1', 'blue-2')), [
      'BROKEN host-b bd/100 FOREIGN_OBJECT',
      'BROKEN host-b port/blue-2 READBACK_MISMATCH',
    ]);
    assert.equal((await trace('blue-1', 'blue-2', true)).state, 'OK');
  });

  it('is not known where an agent is away', async () => {
    await connect('host-a');
    const result = await trace('blue-1', 'blue-2');
    assert.equal(result.state, 'UNKNOWN');
    assert.equal(broken(result)[0], 'UNKNOWN host-b NVE_DISCONNECTED');
    assert.ok(broken(result).every((line) => line.startsWith('UNKNOWN host-b')));
  });

  it('is none between networks, nor to what is down', async () => {
    await overlay.attach('red-1', 9, 'host-b', { network: 'red', ips: [] });
    const apart = await trace('blue-1', 'red-1');
    assert.equal(apart.state, 'BROKEN');
    assert.match(apart.hops[0]?.reason ?? '', /blue-1 is in blue, red-1 in red/);
    await overlay.attach('blue-4', 4, 'host-b', { adminState: 'DOWN' });
    const down = await trace('blue-1', 'blue-4');
    assert.match(broken(down).join('\n'), /^BROKEN/);
    assert.equal(down.hops[1]?.reason, 'it is administratively down');
  });

  it('is refused for what does not exist', async () => {
    await refusedWith('NOT_FOUND', trace('blue-1', 'nobody'));
  });

  describe('counters', () => {
    it('are read from the hosts; one that is away is told, and keeps nobody waiting', async () => {
      await connect('host-a');
      assert.deepEqual(await harness.client.readCounters(['blue-2', 'blue-1'], call), [
        {
          endpoint: 'blue-2',
          nve: 'host-b',
          code: 'NVE_DISCONNECTED',
          reason: 'nves/host-b is not connected',
        },
        { endpoint: 'blue-1', nve: 'host-a', counters: COUNTED, code: '', reason: '' },
      ]);
    });

    it('are refused for what does not exist, for none, and for too many', async () => {
      await refusedWith('NOT_FOUND', harness.client.readCounters(['nobody'], call));
      await refusedWith('INVALID_FIELD', harness.client.readCounters([], call));
      const many = Array.from({ length: 1001 }, () => 'blue-1');
      await refusedWith('INVALID_FIELD', harness.client.readCounters(many, call));
    });
  });
});
