import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import { FIRST_ADDRESS, type SubnetSpec } from '../../../src/model/subnet.js';
import { AddressAllocator } from '../../../src/nva/resources/address-allocator.js';
import { Catalog } from '../../../src/nva/catalog.js';
import { makeCollections, type Collections } from '../../../src/nva/resources/collections.js';
import { CompileIndex } from '../../../src/nva/compiler/compile-index.js';
import { statusKey } from '../../../src/nva/keys.js';
import { Quotas } from '../../../src/nva/resources/quotas.js';
import { STATUS_RECORDS } from '../../../src/nva/records.js';
import { NO_NVE_STATUS } from '../../../src/model/nve.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryStore } from '../../support/memory-store.js';
import {
  endpointSpec,
  networkSpec,
  nveInput,
  nveSpec,
  routerSpec,
  subnetSpec,
} from '../../support/specs.js';

const call = { signal: new AbortController().signal };

/** Networks blue (10.0.0.0/24, subnet a) and red (subnets b and, without a gateway, bare). */
class World {
  readonly store = new MemoryStore();
  readonly index = new CompileIndex();
  readonly nva: Collections = makeCollections({
    store: this.store,
    clock: new FakeClock(),
    vniRange: { min: 4096, max: 4200 },
    catalog: new Catalog(),
    index: this.index,
    quotas: new Quotas({
      ...{ store: this.store, quotas: undefined },
      reached: () => Promise.resolve(),
    }),
  });

  static async start(): Promise<World> {
    const world = new World();
    const { nva } = world;
    await nva.nves.create(world.request('host', nveSpec(['192.0.2.1'])), call);
    await nva.virtualNetworks.create(
      world.request('blue', networkSpec({ vni: 100, prefixes: ['10.9.0.0/24'] })),
      call,
    );
    await nva.virtualNetworks.create(world.request('red', networkSpec({ vni: 200 })), call);
    await world.subnet('a', { network: 'blue', prefix: '10.0.0.0/24' });
    await world.subnet('b', { network: 'red', prefix: '10.1.0.0/29' });
    await world.subnet('bare', { network: 'red', prefix: '10.2.0.0/24', gateway: '' });
    return world;
  }

  request<S>(id: string, spec: S): { id: string; spec: S; requestId: ''; validateOnly: false } {
    return { id, spec, requestId: '', validateOnly: false };
  }

  subnet(id: string, fields: Partial<SubnetSpec>): Promise<unknown> {
    const spec = subnetSpec({ gateway: FIRST_ADDRESS, ...fields });
    return this.nva.subnets.create(this.request(id, spec), call);
  }

  router(id: string, fields: Parameters<typeof routerSpec>[0]): Promise<{ spec: unknown }> {
    const spec = routerSpec({ vrfId: 0, ...fields });
    return this.nva.routers.create(this.request(id, spec), call);
  }

  async endpoint(id: string, fields: Partial<EndpointSpec>): Promise<EndpointSpec> {
    const port = { kind: 'veth', netns: id, interface: 'eth0', hostInterface: '' } as const;
    const spec = endpointSpec({ nve: 'host', mac: '', port, ...fields });
    return (await this.nva.endpoints.create(this.request(id, spec), call)).spec;
  }
}

const refusal = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => NfvError.from(thrown),
  );
  const [violation] = error.violations;
  return violation === undefined
    ? `${error.code}: ${error.message}`
    : `${error.code} ${violation.field} ${violation.value}: ${violation.reason}`;
};

describe('nva: subnets', () => {
  it('have the first address as gateway, another one, or none', async () => {
    const { nva } = await World.start();
    const gateways = await Promise.all(
      ['a', 'b', 'bare'].map(async (id) => (await nva.subnets.get(id)).spec.gateway),
    );
    assert.deepEqual(gateways, ['10.0.0.1', '10.1.0.1', '']);
  });

  const REFUSED: [Partial<SubnetSpec>, string][] = [
    [
      { network: 'nowhere' },
      'REFERENCE_NOT_FOUND subnet.network virtualNetworks/nowhere: does not exist',
    ],
    [
      { network: 'blue', prefix: '10.0.0.128/25' },
      'INVALID_FIELD subnet.prefix 10.0.0.128/25: overlaps with subnets/a, 10.0.0.0/24',
    ],
    [{ prefix: '10.0.0.1/24' }, 'INVALID_FIELD subnet.prefix 10.0.0.1/24: not an IP prefix'],
    [{ prefix: 'fe80::/64' }, 'INVALID_FIELD subnet.prefix fe80::/64: not for hosts'],
    [
      { prefix: '10.5.0.0/24', gateway: '10.5.0.255' },
      'INVALID_FIELD subnet.gateway 10.5.0.255: no address that a host of 10.5.0.0/24 can have',
    ],
    [
      { prefix: '10.5.0.0/24', gateway: 'fd00::1' },
      'INVALID_FIELD subnet.gateway fd00::1: no address that a host of 10.5.0.0/24 can have',
    ],
    [
      { prefix: '192.0.0.0/2', gateway: '224.0.0.1' },
      'INVALID_FIELD subnet.gateway 224.0.0.1: no address that a host of 192.0.0.0/2 can have',
    ],
    [
      { prefix: '128.0.0.0/1', gateway: '169.254.0.1' },
      'INVALID_FIELD subnet.gateway 169.254.0.1: no address that a host of 128.0.0.0/1 can have',
    ],
    [
      { prefix: '10.5.0.0/24', pools: [{ first: '10.5.0.9', last: '10.5.0.2' }] },
      'INVALID_FIELD subnet.pools[0] 10.5.0.9-10.5.0.2: no range of addresses of 10.5.0.0/24',
    ],
  ];
  for (const [fields, expected] of REFUSED) {
    it(`are refused: ${expected}`, async () => {
      const world = await World.start();
      const created = world.subnet('new', { network: 'blue', prefix: '10.5.0.0/24', ...fields });
      assert.equal(await refusal(created), expected);
    });
  }

  it("a gateway's address is no endpoint's, nor the other way round", async () => {
    const world = await World.start();
    const same = world.endpoint('e', { network: 'blue', ips: ['10.0.0.1'] });
    assert.match(await refusal(same), /^IP_IN_USE endpoint\.ips\[0\] 10\.0\.0\.1/);
    await world.endpoint('e', { network: 'blue', ips: ['10.0.0.7'] });
    const changes = { gateway: '10.0.0.7' };
    const moved = world.nva.subnets.update(
      { id: 'a', changes, etag: '', validateOnly: false },
      call,
    );
    assert.match(await refusal(moved), /^IP_IN_USE subnet\.gateway 10\.0\.0\.7/);
  });

  it('cannot go while a router or an endpoint has them', async () => {
    const world = await World.start();
    const remove = (id: string): Promise<void> =>
      world.nva.subnets.delete({ id, etag: '', validateOnly: false }, call);
    await world.router('r', { subnets: ['b'] });
    assert.match(await refusal(remove('b')), /^RESOURCE_IN_USE: .*routers\/r/);
    await world.nva.routers.delete({ id: 'r', etag: '', validateOnly: false }, call);
    await remove('b');
    await world.endpoint('e', { network: 'blue', ips: ['10.0.0.7'] });
    assert.match(await refusal(remove('a')), /^RESOURCE_IN_USE: subnets\/a has endpoints/);
    const network = world.nva.virtualNetworks.delete(
      { id: 'red', etag: '', validateOnly: false },
      call,
    );
    assert.match(await refusal(network), /^RESOURCE_IN_USE: virtualNetworks\/red has subnets/);
  });
});

describe('nva: addresses of endpoints', () => {
  it('come from the pools, one after the other, until there are none', async () => {
    const world = await World.start();
    const ips: string[] = [];
    for (let i = 0; i < 5; i++) {
      ips.push(...(await world.endpoint(`e-${i}`, { network: 'red', subnets: ['b'] })).ips);
    }
    assert.deepEqual(ips, ['10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5', '10.1.0.6']);
  });

  it('are not given where the endpoint has one of the subnet', async () => {
    const world = await World.start();
    const { ips } = await world.endpoint('e', {
      network: 'red',
      subnets: ['b', 'bare'],
      ips: ['10.1.0.5'],
    });
    assert.deepEqual(ips, ['10.1.0.5', '10.2.0.1']);
  });

  it("lie in the network's prefixes or in one of its subnets", async () => {
    const world = await World.start();
    await world.endpoint('one', { network: 'blue', ips: ['10.9.0.5'] });
    await world.endpoint('two', { network: 'blue', ips: ['10.0.0.5'] });
    const outside = world.endpoint('three', { network: 'blue', ips: ['10.8.0.5'] });
    assert.match(await refusal(outside), /^INVALID_FIELD endpoint\.ips\[0\] 10\.8\.0\.5: outside/);
    // The network's own prefixes may go while its endpoints have theirs in its subnets.
    const changes = { prefixes: ['10.9.0.0/25'] };
    const narrower = { id: 'blue', changes, etag: '', validateOnly: false };
    await world.nva.virtualNetworks.update(narrower, call);
    const other = world.endpoint('three', { network: 'blue', subnets: ['b'] });
    assert.match(await refusal(other), /endpoint\.subnets\[0\] subnets\/b: a subnet of .*red/);
  });

  it('of a pool: each once, none the gateway, until they are exhausted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 24, max: 30 }),
        fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { maxLength: 3 }),
        async (length, ranges) => {
          const last = 2 ** (32 - length) - 2;
          const pools = ranges.map(([a, b]) => {
            const [low, high] = [Math.min(a, b) % (last + 1), Math.max(a, b) % (last + 1)];
            return {
              first: `10.0.0.${Math.min(low, high)}`,
              last: `10.0.0.${Math.max(low, high)}`,
            };
          });
          const spec = subnetSpec({ prefix: `10.0.0.0/${length}`, pools });
          const given = new Set<string>();
          const allocator = new AddressAllocator((_, ip) => given.has(ip));
          try {
            for (;;) {
              const ip = await allocator.take('s', spec);
              assert.ok(!given.has(ip) && ip !== spec.gateway);
              given.add(ip);
            }
          } catch (error) {
            assert.equal(Reflect.get(Object(error), 'code'), 'ADDRESSES_EXHAUSTED');
          }
          if (pools.length === 0) assert.equal(given.size, last - 1);
        },
      ),
    );
  });
});

describe('nva: routers', () => {
  it('get an id of tables, and the MAC of RFC 9135', async () => {
    const world = await World.start();
    const { spec } = await world.router('r', { subnets: ['a', 'b'] });
    assert.deepEqual(spec, routerSpec({ vrfId: 4096, subnets: ['a', 'b'] }));
    assert.equal(routerSpec().gatewayMac, '00:00:5e:00:01:01');
  });

  const hop = (address: string): { address: string; weight: number } => ({ address, weight: 1 });
  const REFUSED: [Parameters<typeof routerSpec>[0], string][] = [
    [{ subnets: ['x'] }, 'REFERENCE_NOT_FOUND router.subnets[0] subnets/x: does not exist'],
    [{ subnets: ['bare'] }, 'INVALID_FIELD router.subnets[0] subnets/bare: has no gateway'],
    [{ subnets: ['a', 'a'] }, 'INVALID_FIELD router.subnets[1] a: given twice'],
    [
      { tenant: 'other', subnets: ['a'] },
      'INVALID_FIELD router.subnets[0] subnets/a: virtualNetworks/blue is of tenant default',
    ],
    [
      { gatewayMac: '01:00:5e:00:00:01' },
      'INVALID_FIELD router.gateway_mac 01:00:5e:00:00:01: not a unicast MAC',
    ],
    [
      {
        subnets: ['a'],
        routes: [{ prefix: '0.0.0.0/0', nextHops: [hop('10.7.0.1')], drop: false }],
      },
      "INVALID_FIELD router.routes[0].next_hops[0].address 10.7.0.1: in none of the router's subnets",
    ],
    [
      {
        subnets: ['a'],
        routes: [{ prefix: '0.0.0.0/0', nextHops: [hop('10.0.0.1')], drop: false }],
      },
      "INVALID_FIELD router.routes[0].next_hops[0].address 10.0.0.1: the router's own address",
    ],
    [
      { subnets: ['a'], routes: [{ prefix: '10.0.0.0/24', nextHops: [], drop: true }] },
      "INVALID_FIELD router.routes[0].prefix 10.0.0.0/24: a subnet of the router's own",
    ],
    [
      { routes: [{ prefix: '::/0', nextHops: [hop('10.0.0.2')], drop: false }] },
      "INVALID_FIELD router.routes[0].next_hops[0].address 10.0.0.2: not of the prefix's family",
    ],
    [
      { routes: [{ prefix: '224.0.0.0/4', nextHops: [], drop: true }] },
      'INVALID_FIELD router.routes[0].prefix 224.0.0.0/4: a multicast prefix',
    ],
    [
      {
        subnets: ['a'],
        routes: [{ prefix: '0.0.0.0/0', nextHops: [hop('10.0.0.255')], drop: false }],
      },
      'INVALID_FIELD router.routes[0].next_hops[0].address 10.0.0.255: no address of a host of 10.0.0.0/24',
    ],
    [
      { routes: [{ prefix: '::/0', nextHops: [], drop: false }] },
      'INVALID_FIELD router.routes[0].next_hops 0 of them: none',
    ],
  ];
  for (const [fields, expected] of REFUSED) {
    it(`are refused: ${expected}`, async () => {
      const world = await World.start();
      assert.equal(await refusal(world.router('r', fields)), expected);
    });
  }

  it('have subnets, networks and tables of their own', async () => {
    const world = await World.start();
    await world.subnet('a2', { network: 'blue', prefix: '10.3.0.0/24' });
    await world.router('one', { subnets: ['a'], vrfId: 7 });
    const rows: [Parameters<typeof routerSpec>[0], RegExp][] = [
      [{ subnets: ['a'] }, /^RESOURCE_IN_USE router\.subnets\[0\] .*another router/],
      [{ subnets: ['a2'] }, /^RESOURCE_IN_USE router\.subnets\[0\] .*blue has another router/],
      [{ vrfId: 7 }, /^VRF_IN_USE router\.vrf_id 7/],
    ];
    for (const [fields, expected] of rows) {
      assert.match(await refusal(world.router('two', fields)), expected);
    }
    const changes = { subnets: ['a', 'a2'] };
    await world.nva.routers.update({ id: 'one', changes, etag: '', validateOnly: false }, call);
  });

  it('keep their next hops when a gateway changes', async () => {
    const world = await World.start();
    const routes = [{ prefix: '0.0.0.0/0', nextHops: [hop('10.0.0.9')], drop: false }];
    await world.router('r', { subnets: ['a'], routes });
    const move = (gateway: string): Promise<unknown> => {
      const update = { id: 'a', changes: { gateway }, etag: '', validateOnly: false };
      return world.nva.subnets.update(update, call);
    };
    const hopOf = 'INVALID_FIELD subnet.gateway 10.0.0.9: a next hop of routers/r';
    assert.equal(await refusal(move('10.0.0.9')), hopOf);
    assert.match(await refusal(move('')), /^RESOURCE_IN_USE: subnets\/a .* needs its gateway/);
    await move('10.0.0.254');
  });

  it('join networks of one underlay family', async () => {
    const world = await World.start();
    const six = networkSpec({ vni: 300, underlayFamily: 'IPV6' });
    await world.nva.virtualNetworks.create(world.request('six', six), call);
    await world.subnet('c', { network: 'six', prefix: '10.6.0.0/24' });
    const mixed = await refusal(world.router('r', { subnets: ['a', 'c'] }));
    assert.match(mixed, /^INVALID_FIELD router\.subnets\[1\] subnets\/c: .*IPV6 underlay/);
  });

  it('are for NVEs that can route', async () => {
    const world = await World.start();
    const capabilities = {
      dataplane: 'old',
      dataplaneVersion: '',
      itemKinds: ['vtep', 'bridge_domain', 'vrf', 'gateway_interface'],
      encapsulations: ['vxlan'],
      portKinds: ['veth'],
      bumModes: ['head_end'],
    };
    const record = { ...NO_NVE_STATUS, capabilities, settledDigest: '' };
    world.store.put(statusKey('nves', 'host'), STATUS_RECORDS.nves.encode(record));
    const spec = await world.endpoint('e', { network: 'blue' });
    world.index.load({ kind: 'Nve', id: 'host', after: nveInput([]) });
    world.index.load({ kind: 'Endpoint', id: 'e', after: spec });
    const lacks = /^NVE_LACKS_CAPABILITY router\.subnets nves\/host: .* gateway_neighbor$/;
    assert.match(await refusal(world.router('r', { subnets: ['a'] })), lacks);
    await world.router('r', { subnets: ['b'] });
    const more = world.endpoint('more', { network: 'red' });
    assert.match(await refusal(more), /^NVE_LACKS_CAPABILITY endpoint\.nve .* gateway_neighbor$/);
  });
});
