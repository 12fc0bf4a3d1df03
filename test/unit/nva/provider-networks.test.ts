/** Networks that are physical ones: whose a VLAN of an uplink is, and which NVEs can be in one. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import { ITEM_KINDS } from '../../../src/model/item.js';
import { NO_NVE_STATUS, type Capabilities } from '../../../src/model/nve.js';
import type { VirtualNetworkSpec } from '../../../src/model/virtual-network.js';
import { Catalog } from '../../../src/nva/catalog.js';
import { makeCollections, type Collections } from '../../../src/nva/resources/collections.js';
import { CompileIndex } from '../../../src/nva/compiler/compile-index.js';
import { statusKey } from '../../../src/nva/keys.js';
import { Quotas } from '../../../src/nva/resources/quotas.js';
import { STATUS_RECORDS } from '../../../src/nva/records.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryStore } from '../../support/memory-store.js';
import {
  endpointSpec,
  networkSpec,
  nveInput,
  nveSpec,
  providerSpec,
  routerSpec,
  subnetSpec,
} from '../../support/specs.js';

const call = { signal: new AbortController().signal };

const CAPABLE: Capabilities = {
  dataplane: 'linux',
  dataplaneVersion: '',
  itemKinds: ITEM_KINDS,
  encapsulations: ['vxlan'],
  portKinds: ['veth'],
  bumModes: ['head_end'],
  providers: [
    { name: 'physnet1', interface: 'eth1', mtu: 1500, vlans: true },
    { name: 'physnet2', interface: 'eth2', mtu: 1500, vlans: false },
  ],
};

class World {
  readonly store = new MemoryStore();
  readonly nva: Collections = makeCollections({
    store: this.store,
    clock: new FakeClock(),
    vniRange: { min: 4096, max: 4200 },
    catalog: new Catalog(),
    index: new CompileIndex(),
    quotas: new Quotas({
      ...{ store: this.store, quotas: undefined },
      reached: () => Promise.resolve(),
    }),
  });

  /** NVE `host`, of whose VTEP addresses none is IPv6. */
  static async start(): Promise<World> {
    const world = new World();
    await world.nva.nves.create(world.request('host', nveSpec(['192.0.2.1'])), call);
    return world;
  }

  request<S>(id: string, spec: S): { id: string; spec: S; requestId: ''; validateOnly: false } {
    return { id, spec, requestId: '', validateOnly: false };
  }

  can(capabilities: Capabilities): void {
    const record = { ...NO_NVE_STATUS, capabilities, settledDigest: '' };
    this.store.put(statusKey('nves', 'host'), STATUS_RECORDS.nves.encode(record));
  }

  network(id: string, uplink: string, vlan: number): Promise<{ spec: VirtualNetworkSpec }> {
    const spec = providerSpec({ provider: { uplink, vlan } });
    return this.nva.virtualNetworks.create(this.request(id, spec), call);
  }

  endpoint(id: string, network: string, fields: Partial<EndpointSpec> = {}): Promise<unknown> {
    const port = { kind: 'veth', netns: id, interface: 'eth0', hostInterface: '' } as const;
    const spec = endpointSpec({ nve: 'host', network, mac: '', port, ...fields });
    return this.nva.endpoints.create(this.request(id, spec), call);
  }
}

const refusal = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => NfvError.from(thrown),
  );
  assert.notEqual(error.remedy, '');
  const [violation] = error.violations;
  return violation === undefined
    ? `${error.code}: ${error.message}`
    : `${error.code} ${violation.field} ${violation.value}: ${violation.reason}`;
};

describe('nva: provider networks', () => {
  it('have a VNI of their own, and one place each', async () => {
    const world = await World.start();
    const { spec } = await world.network('a', 'physnet1', 100);
    assert.equal(spec.vni, 4096);
    await world.network('b', 'physnet1', 101);
    await world.network('c', 'physnet2', 100);
    await world.network('d', 'physnet3', 0);
    const field = 'PROVIDER_IN_USE virtual_network.provider.vlan';
    for (const [uplink, vlan, told] of [
      ['physnet1', 100, `${field} 100: another network is VLAN 100 of physnet1`],
      ['physnet1', 0, `${field} 0: physnet1 has a network on VLAN 100`],
      ['physnet3', 0, `${field} 0: another network is physnet3 without a tag`],
      ['physnet3', 5, `${field} 5: physnet3 has a flat network`],
    ] as const) {
      assert.equal(await refusal(world.network('e', uplink, vlan)), told);
    }
  });

  it('give their place back', async () => {
    const world = await World.start();
    await world.network('a', 'physnet1', 100);
    await world.nva.virtualNetworks.delete({ id: 'a', etag: '', validateOnly: false }, call);
    await world.network('b', 'physnet1', 0);
  });

  it('are not at once flat and not, whoever comes first', async () => {
    const world = await World.start();
    const results = await Promise.allSettled([
      world.network('a', 'physnet1', 0),
      world.network('b', 'physnet1', 1),
    ]);
    const states = results.map(({ status }) => status).sort();
    assert.deepEqual(states, ['fulfilled', 'rejected']);
  });

  it('stay where they are', async () => {
    const world = await World.start();
    await world.network('a', 'physnet1', 100);
    await world.nva.virtualNetworks.create(world.request('t', networkSpec()), call);
    const provider = { uplink: 'physnet1', vlan: 101 };
    for (const id of ['a', 't']) {
      const update = { id, changes: { provider }, etag: '', validateOnly: false };
      const told = await refusal(world.nva.virtualNetworks.update(update, call));
      assert.match(told, /^INVALID_FIELD virtual_network\.(provider|encapsulation)/);
    }
  });

  const lacking: readonly (readonly [string, Capabilities, [string, number], string])[] = [
    [
      'does not know the kind',
      { ...CAPABLE, itemKinds: ['bridge_domain', 'port'] },
      ['physnet1', 0],
      'has no item kind provider_port',
    ],
    ['has not the uplink', CAPABLE, ['physnet3', 0], 'has no provider uplink physnet3'],
    ['has no VLANs on it', CAPABLE, ['physnet2', 7], 'has no VLANs on uplink physnet2'],
  ];
  for (const [what, capabilities, [uplink, vlan], reason] of lacking) {
    it(`have no endpoint on an NVE that ${what}`, async () => {
      const world = await World.start();
      await world.network('a', uplink, vlan);
      world.can(capabilities);
      const told = `NVE_LACKS_CAPABILITY endpoint.nve nves/host: ${reason}`;
      assert.equal(await refusal(world.endpoint('e', 'a')), told);
    });
  }

  it('have endpoints on an NVE that can, or of which nothing is known, whatever its tunnels', async () => {
    const world = await World.start();
    await world.network('a', 'physnet1', 100);
    await world.endpoint('before', 'a');
    world.can({ ...CAPABLE, encapsulations: [], bumModes: [] });
    await world.endpoint('after', 'a');
  });

  it('are led out to by NVEs that have the uplink', async () => {
    const world = await World.start();
    await world.network('a', 'physnet1', 100);
    const subnet = subnetSpec({ network: 'a', prefix: '198.51.100.0/24', gateway: '' });
    await world.nva.subnets.create(world.request('s', subnet), call);
    const gateways = [{ nve: 'host', address: '198.51.100.10' }];
    const router = routerSpec({ vrfId: 0, exits: [{ subnet: 's', gateways }] });
    const create = (): Promise<unknown> =>
      world.nva.routers.create(world.request('r', router), call);
    world.can({ ...CAPABLE, providers: [] });
    const field = 'router.exits[0].gateways[0].nve';
    const told = `NVE_LACKS_CAPABILITY ${field} nves/host: has no provider uplink physnet1`;
    assert.equal(await refusal(create()), told);
    world.can(CAPABLE);
    await create();
  });

  it('have no router by an ordinary subnet', async () => {
    const world = await World.start();
    await world.network('a', 'physnet1', 100);
    const subnet = subnetSpec({ network: 'a' });
    await world.nva.subnets.create(world.request('s', subnet), call);
    const router = routerSpec({ vrfId: 0, subnets: ['s'] });
    const told = await refusal(world.nva.routers.create(world.request('r', router), call));
    assert.match(told, /^INVALID_FIELD router\.subnets\[0\] subnets\/s: .* is a provider network/);
  });
});

describe('nva/compiler: provider networks', () => {
  const index = new CompileIndex();
  const providers = (mtu: number): Pick<Capabilities, 'providers'> => ({
    providers: [{ name: 'physnet1', interface: 'eth1', mtu, vlans: true }],
  });
  const MAC = '02:00:00:00:00:0a';

  before(() => {
    const after = providerSpec({ vni: 7, provider: { uplink: 'physnet1', vlan: 100 } });
    index.load({ kind: 'VirtualNetwork', id: 'lab', after });
    const a = { ...nveInput(['192.0.2.1'], 9000), ...providers(2000) };
    const b = { ...nveInput([], 9000), ...providers(3000) };
    index.load({ kind: 'Nve', id: 'a', after: a });
    index.load({ kind: 'Nve', id: 'b', after: b });
    index.load({
      kind: 'Endpoint',
      id: 'e',
      after: endpointSpec({ network: 'lab', nve: 'a', mac: MAC, ips: ['10.0.0.1'] }),
    });
  });

  const own = (nve: string): string[] =>
    [...index.full(nve).keys()].filter((key) => !key.startsWith('vtep/')).sort();

  it('are a bridge domain, an uplink and its own ports on each NVE, which need no VTEP', () => {
    assert.deepEqual(own('a'), ['bd/7', 'port/e', 'provider/7']);
    assert.deepEqual(index.full('a').get('provider/7')?.payload, {
      ...{ kind: 'provider_port', vni: 7, uplink: 'physnet1', vlan: 100, mtu: 2000 },
    });
    const domain = index.full('a').get('bd/7')?.payload;
    assert.ok(domain?.kind === 'bridge_domain');
    const { vtep, learn, flood, arpSuppression, mtu } = domain;
    assert.deepEqual([vtep, learn, flood, arpSuppression, mtu], ['', true, true, false, 2000]);
    const deltas = index.apply({
      kind: 'Endpoint',
      id: 'f',
      after: endpointSpec({ network: 'lab', nve: 'b', mac: '02:00:00:00:00:0b' }),
    });
    assert.deepEqual(own('b'), ['bd/7', 'port/f', 'provider/7']);
    // The other NVE need not hear of it.
    assert.deepEqual([...deltas.keys()], ['b']);
    assert.deepEqual([...index.pathsTo('b')], []);
  });

  it('have the gateways of an exit, each for itself', () => {
    const own = new CompileIndex();
    for (const [n, nve] of ['a', 'b', 'c'].entries()) {
      const after = { ...nveInput([`192.0.2.${n + 1}`], 1600), ...providers(1500) };
      own.load({ kind: 'Nve', id: nve, after });
    }
    own.load({ kind: 'VirtualNetwork', id: 'lab', after: providerSpec({ vni: 7 }) });
    own.load({ kind: 'VirtualNetwork', id: 'blue', after: networkSpec({ vni: 100 }) });
    const out = subnetSpec({ network: 'lab', prefix: '198.51.100.0/24', gateway: '' });
    own.load({ kind: 'Subnet', id: 'out', after: out });
    own.load({ kind: 'Subnet', id: 'in', after: subnetSpec({ network: 'blue' }) });
    const web = endpointSpec({ network: 'blue', nve: 'a', mac: MAC, ips: ['10.0.0.9'] });
    own.load({ kind: 'Endpoint', id: 'web', after: web });
    const gateways = [
      { nve: 'b', address: '198.51.100.11' },
      { nve: 'c', address: '198.51.100.12' },
    ];
    const nextHops = [{ address: '198.51.100.1', weight: 1 }];
    const router = routerSpec({
      ...{ vrfId: 9, transitVni: 300, subnets: ['in'], exits: [{ subnet: 'out', gateways }] },
      routes: [{ prefix: '0.0.0.0/0', nextHops, drop: false }],
    });
    own.load({ kind: 'Router', id: 'r', after: router });
    const inLab = (nve: string): string[] =>
      [...own.full(nve).keys()].filter((key) => /^\w+\/(9\/)?7(\/|$)/.test(key)).sort();
    assert.deepEqual(inLab('a'), []);
    assert.deepEqual(inLab('b'), ['bd/7', 'gw/9/7', 'provider/7']);
    const [b, c] = ['b', 'c'].map((nve) => own.full(nve).get('gw/9/7')?.payload);
    assert.ok(b?.kind === 'gateway_interface' && c?.kind === 'gateway_interface');
    assert.notEqual(b.mac, c.mac);
    assert.deepEqual([b.addresses, c.addresses], [['198.51.100.11/24'], ['198.51.100.12/24']]);
  });

  it('have the smallest MTU of the uplinks', () => {
    assert.equal(index.effectiveMtu('lab'), 2000);
    const after = { ...nveInput([], 9000), ...providers(1600) };
    const deltas = index.apply({ kind: 'Nve', id: 'b', after });
    assert.equal(index.effectiveMtu('lab'), 1600);
    const upserts = [...(deltas.get('a')?.upserts.keys() ?? [])].sort();
    assert.deepEqual(upserts, ['bd/7', 'port/e', 'provider/7']);
  });
});
