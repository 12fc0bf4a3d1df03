import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { NO_NVE_STATUS } from '../../../../src/model/nve.js';
import type { RouterSpec } from '../../../../src/model/router.js';
import type { RouterExit } from '../../../../src/model/router-exit.js';
import { Catalog } from '../../../../src/nva/catalog.js';
import { makeCollections, type Collections } from '../../../../src/nva/resources/collections.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { exitMac } from '../../../../src/nva/exit-mac.js';
import { ipKey, macKey, nveRoutersOf, statusKey, vniKey } from '../../../../src/nva/keys.js';
import { Quotas } from '../../../../src/nva/resources/quotas.js';
import { STATUS_RECORDS } from '../../../../src/nva/records.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import {
  endpointSpec,
  networkSpec,
  nveSpec,
  routerSpec,
  subnetSpec,
} from '../../../support/specs.js';

const call = { signal: new AbortController().signal };

const exit = (subnet: string, ...gateways: (readonly [string, string])[]): RouterExit => ({
  subnet,
  gateways: gateways.map(([nve, address]) => ({ nve, address })),
});
const UP = exit('up', ['g1', '198.51.100.11'], ['g2', '198.51.100.12']);

/** Network blue with subnet a (10.0.0.0/24); network ext, with up (198.51.100.0/24), that leads out. */
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

  static async start(): Promise<World> {
    const world = new World();
    const { nva } = world;
    const { request } = world;
    for (const [n, id] of ['g1', 'g2', 'host'].entries()) {
      await nva.nves.create(request(id, nveSpec([`192.0.2.${n + 1}`])), call);
    }
    await nva.nves.create(request('six', nveSpec(['2001:db8::1'])), call);
    await nva.virtualNetworks.create(request('blue', networkSpec({ vni: 4096 })), call);
    await nva.virtualNetworks.create(request('ext', networkSpec({ vni: 200 })), call);
    const theirs = networkSpec({ vni: 300, tenant: 'red' });
    await nva.virtualNetworks.create(request('theirs', theirs), call);
    for (const [id, network, prefix, gateway] of [
      ['a', 'blue', '10.0.0.0/24', '10.0.0.1'],
      ['b', 'blue', '10.0.1.0/24', '10.0.1.1'],
      ['up', 'ext', '198.51.100.0/24', '198.51.100.1'],
      ['bare', 'ext', '10.0.2.0/24', ''],
      ['over', 'ext', '10.0.0.128/25', ''],
      ['dummy', 'ext', '192.0.0.0/24', ''],
      ['red-up', 'theirs', '203.0.113.0/24', ''],
    ] as const) {
      await nva.subnets.create(request(id, subnetSpec({ network, prefix, gateway })), call);
    }
    return world;
  }

  readonly request = <S>(
    id: string,
    spec: S,
  ): { id: string; spec: S; requestId: ''; validateOnly: false } => {
    return { id, spec, requestId: '', validateOnly: false };
  };

  async router(id: string, fields: Partial<RouterSpec>): Promise<RouterSpec> {
    const spec = routerSpec({ vrfId: 0, subnets: ['a'], ...fields });
    return (await this.nva.routers.create(this.request(id, spec), call)).spec;
  }

  async update(changes: Partial<RouterSpec>): Promise<RouterSpec> {
    const request = { id: 'r', changes, etag: '', validateOnly: false };
    return (await this.nva.routers.update(request, call)).spec;
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

const gone = (id: string): { id: string; etag: string; validateOnly: boolean } => {
  return { id, etag: '', validateOnly: false };
};

describe('nva: exits of routers', () => {
  it('have a transit with a VNI of its own, as long as there is one', async () => {
    const world = await World.start();
    // A network has 4096.
    assert.equal((await world.router('r', { exits: [UP] })).transitVni, 4097);
    assert.equal((await world.store.get(vniKey(4097)))?.value, 'r');
    const network = world.request('new', networkSpec({ vni: 4097 }));
    assert.equal(
      await refusal(world.nva.virtualNetworks.create(network, call)),
      "VNI_IN_USE virtual_network.vni 4097: another network has this VNI, or a router's transit",
    );
    assert.equal((await world.update({ labels: { a: 'b' } })).transitVni, 4097);
    assert.equal((await world.update({ transitVni: 4150 })).transitVni, 4150);
    assert.equal((await world.update({ exits: [] })).transitVni, 0);
    for (const vni of [4097, 4150]) assert.equal(await world.store.get(vniKey(vni)), undefined);
  });

  it('hold addresses and MACs in their networks, and give them back', async () => {
    const world = await World.start();
    await world.router('r', { exits: [UP] });
    const mac = exitMac('r', 'g1');
    const keys = [ipKey('ext', '198.51.100.11'), macKey('ext', mac), `${nveRoutersOf('g1')}r`];
    for (const key of keys) assert.equal((await world.store.get(key))?.value, 'r', key);
    const port = { kind: 'veth', netns: 'x', interface: 'eth0', hostInterface: '' } as const;
    const own = { network: 'ext', nve: 'host', port };
    const taken: [object, RegExp][] = [
      [{ ips: ['198.51.100.11'] }, /^IP_IN_USE endpoint\.ips\[0\] 198\.51\.100\.11: /],
      [{ mac, ips: [] }, /^MAC_IN_USE endpoint\.mac /],
    ];
    for (const [fields, expected] of taken) {
      const request = world.request('e', endpointSpec({ ...own, ...fields }));
      assert.match(await refusal(world.nva.endpoints.create(request, call)), expected);
    }
    await world.nva.routers.delete(gone('r'), call);
    for (const key of keys) assert.equal(await world.store.get(key), undefined, key);
  });

  it('give no endpoint an address that a gateway has', async () => {
    const world = await World.start();
    await world.router('r', { exits: [exit('up', ['g1', '198.51.100.2'])] });
    const port = { kind: 'veth', netns: 'x', interface: 'eth0', hostInterface: '' } as const;
    const spec = endpointSpec({ network: 'ext', nve: 'host', port, mac: '', subnets: ['up'] });
    const created = await world.nva.endpoints.create(world.request('e', spec), call);
    assert.deepEqual(created.spec.ips, ['198.51.100.3']);
  });

  const hop = (address: string): RouterSpec['routes'] => [
    { prefix: '0.0.0.0/0', nextHops: [{ address, weight: 1 }], drop: false },
  ];

  it("have next hops beyond, the subnet's own gateway among them", async () => {
    const world = await World.start();
    const routes = hop('198.51.100.1');
    assert.deepEqual((await world.router('r', { exits: [UP], routes })).routes, routes);
  });

  const REFUSED: [name: string, fields: Partial<RouterSpec>, expected: string][] = [
    [
      'a subnet that is not there',
      { exits: [exit('no', ['g1', '198.51.100.11'])] },
      'REFERENCE_NOT_FOUND router.exits[0].subnet subnets/no: does not exist',
    ],
    [
      'an NVE that is not there',
      { exits: [exit('up', ['g1', '198.51.100.11'], ['no', '198.51.100.12'])] },
      'REFERENCE_NOT_FOUND router.exits[0].gateways[1].nve nves/no: does not exist',
    ],
    [
      'an NVE of another underlay',
      { exits: [exit('up', ['six', '198.51.100.11'])] },
      'NVE_LACKS_CAPABILITY router.exits[0].gateways[0].nve nves/six: has no VTEP address of the family IPV4',
    ],
    [
      "another tenant's subnet",
      { exits: [exit('red-up', ['g1', '203.0.113.11'])] },
      'INVALID_FIELD router.exits[0].subnet subnets/red-up: virtualNetworks/theirs is of tenant red',
    ],
    [
      'a network that the router has otherwise',
      { exits: [exit('b', ['g1', '10.0.1.11'])] },
      'INVALID_FIELD router.exits[0].subnet subnets/b: the router is on all NVEs of virtualNetworks/blue by another subnet',
    ],
    [
      'a subnet that overlaps',
      { exits: [exit('over', ['g1', '10.0.0.129'])] },
      'INVALID_FIELD router.exits[0].subnet subnets/over: 10.0.0.128/25 overlaps with subnets/a',
    ],
    [
      "the transit's own addresses",
      { exits: [exit('dummy', ['g1', '192.0.0.9'])] },
      "INVALID_FIELD router.exits[0].subnet 192.0.0.0/24: has one of the transit's addresses, 192.0.0.8/32 and fd8c:51d7:3e60::8/128",
    ],
    [
      'an address outside of the subnet',
      { exits: [exit('up', ['g1', '198.51.101.1'])] },
      'INVALID_FIELD router.exits[0].gateways[0].address 198.51.101.1: no address of a host of 198.51.100.0/24',
    ],
    [
      'an address that no host can have',
      { exits: [exit('up', ['g1', '198.51.100.255'])] },
      'INVALID_FIELD router.exits[0].gateways[0].address 198.51.100.255: no address of a host of 198.51.100.0/24',
    ],
    [
      "the address of the subnet's gateway",
      { exits: [exit('up', ['g1', '198.51.100.1'])] },
      'IP_IN_USE router.exits[0].gateways[0].address 198.51.100.1: an endpoint of virtualNetworks/ext has it, or its gateway',
    ],
    [
      'a next hop that is a gateway itself',
      { exits: [UP], routes: hop('198.51.100.12') },
      "INVALID_FIELD router.routes[0].next_hops[0].address 198.51.100.12: the router's own address",
    ],
    [
      'a next hop that is nowhere',
      { exits: [UP], routes: hop('198.51.99.1') },
      "INVALID_FIELD router.routes[0].next_hops[0].address 198.51.99.1: in none of the router's subnets",
    ],
    [
      "a route to the exit's own subnet",
      {
        exits: [UP],
        routes: [{ prefix: '198.51.100.0/24', nextHops: [], drop: true }],
      },
      "INVALID_FIELD router.routes[0].prefix 198.51.100.0/24: a subnet of the router's own",
    ],
    [
      'a VNI that a network has',
      { exits: [UP], transitVni: 200 },
      "VNI_IN_USE router.transit_vni 200: a network has this VNI, or another router's transit",
    ],
    [
      'more ways than a route has room for',
      {
        exits: [UP],
        routes: [
          {
            prefix: '0.0.0.0/0',
            nextHops: [
              ...Array.from({ length: 15 }, (_, i) => ({ address: `10.0.0.${i + 2}`, weight: 1 })),
              { address: '198.51.100.1', weight: 1 },
            ],
            drop: false,
          },
        ],
      },
      'INVALID_FIELD router.routes[0].next_hops 17 next hops and gateways that lead to them: too many',
    ],
  ];
  for (const [name, fields, expected] of REFUSED) {
    it(`are refused: ${name}`, async () => {
      const world = await World.start();
      assert.equal(await refusal(world.router('r', fields)), expected);
    });
  }

  it('are refused with NVEs that cannot route; one that is there may forget how', async () => {
    const world = await World.start();
    const status = {
      ...NO_NVE_STATUS,
      settledDigest: '',
      capabilities: {
        ...{ dataplane: 'linux', dataplaneVersion: '', portKinds: [], encapsulations: ['vxlan'] },
        ...{ bumModes: ['none'], itemKinds: ['vrf', 'gateway_interface', 'route'] },
      },
    };
    const forget = async (nve: string): Promise<void> => {
      const value = STATUS_RECORDS.nves.encode(status);
      await world.store.txn({
        compare: [],
        ops: [{ kind: 'put', key: statusKey('nves', nve), value }],
      });
    };
    await forget('g2');
    assert.equal(
      await refusal(world.router('r', { exits: [UP] })),
      'NVE_LACKS_CAPABILITY router.exits[0].gateways[1].nve nves/g2: has no item kind gateway_neighbor',
    );
    await world.router('r', { exits: [exit('up', ['g1', '198.51.100.11'])] });
    await forget('g1');
    await world.update({ exits: [exit('up', ['g1', '198.51.100.13'])] });
  });

  it('have no address that endpoints may have', async () => {
    const world = await World.start();
    const { nva } = world;
    const mac = exitMac('r', 'g2');
    const port = { kind: 'veth', netns: 'x', interface: 'eth0', hostInterface: '' } as const;
    const allowedAddresses = [
      { ip: '198.51.100.11', mac: '' },
      { ip: '198.51.100.50', mac },
    ];
    const spec = endpointSpec({ network: 'ext', nve: 'host', port, ips: [], allowedAddresses });
    await nva.endpoints.create(world.request('e', spec), call);
    const may = 'endpoints/e may have it: it is one of its allowed addresses';
    for (const [gateway, expected] of [
      [['g1', '198.51.100.11'], `IP_IN_USE router.exits[0].gateways[0].address 198.51.100.11: `],
      [['g2', '198.51.100.12'], `MAC_IN_USE router.exits[0].gateways[0].nve ${mac}: `],
    ] as const) {
      const exits = [exit('up', gateway)];
      assert.equal(await refusal(world.router('r', { exits })), `${expected}${may}`);
    }
    await world.router('r', { exits: [exit('up', ['g1', '198.51.100.12'])] });
    assert.match(await refusal(world.update({ exits: [UP] })), /^IP_IN_USE router\.exits\[0\]/);
    await nva.endpoints.delete(gone('e'), call);
    await world.update({ exits: [UP] });
  });

  it('ask no routing of the NVEs of their network that lead nowhere', async () => {
    const world = await World.start();
    const { nva } = world;
    await world.router('r', { exits: [UP] });
    const status = {
      ...NO_NVE_STATUS,
      settledDigest: '',
      capabilities: {
        ...{ dataplane: 'linux', dataplaneVersion: '', portKinds: ['veth'] },
        ...{ encapsulations: ['vxlan'], itemKinds: [], bumModes: ['head_end'] },
      },
    };
    const value = STATUS_RECORDS.nves.encode(status);
    world.store.put(statusKey('nves', 'host'), value);
    const port = { kind: 'veth', netns: 'x', interface: 'eth0', hostInterface: '' } as const;
    const own = { nve: 'host', port, mac: '', ips: [] };
    const in_ = (id: string, network: string): Promise<unknown> =>
      nva.endpoints.create(world.request(id, endpointSpec({ ...own, network })), call);
    await in_('e', 'ext');
    assert.match(await refusal(in_('f', 'blue')), /^NVE_LACKS_CAPABILITY .* item kind vrf/);
  });

  it('have a network for themselves', async () => {
    const world = await World.start();
    await world.router('r', { exits: [UP] });
    const busy = 'RESOURCE_IN_USE router.';
    const rows: [Partial<RouterSpec>, string][] = [
      [{ subnets: [], exits: [UP] }, 'exits[0].subnet subnets/up: is a subnet of another router'],
      [
        { subnets: [], exits: [exit('bare', ['host', '10.0.2.3'])] },
        'exits[0].subnet subnets/bare: virtualNetworks/ext has another router',
      ],
      [{ subnets: ['up'] }, 'subnets[0] subnets/up: is a subnet of another router'],
    ];
    for (const [fields, expected] of rows) {
      assert.equal(await refusal(world.router('other', fields)), `${busy}${expected}`);
    }
  });

  it('keep what they name', async () => {
    const world = await World.start();
    const { nva } = world;
    await world.router('r', { exits: [UP] });
    assert.equal(
      await refusal(nva.nves.delete(gone('g2'), call)),
      'RESOURCE_IN_USE: nves/g2 is a gateway of routers/r',
    );
    assert.equal(
      await refusal(nva.subnets.delete(gone('up'), call)),
      'RESOURCE_IN_USE: subnets/up is a subnet of routers/r',
    );
    const vtepAddresses = ['2001:db8::2'];
    const moved = { id: 'g1', changes: { vtepAddresses }, etag: '', validateOnly: false };
    assert.equal(
      await refusal(nva.nves.update(moved, call)),
      'INVALID_FIELD nve.vtep_addresses 2001:db8::2: it is a gateway of routers/r',
    );
    // Beyond is another router, whose address may change; this one's stays its own.
    const gateway = (address: string): Promise<unknown> =>
      nva.subnets.update(
        { id: 'up', changes: { gateway: address }, etag: '', validateOnly: false },
        call,
      );
    await gateway('198.51.100.2');
    await gateway('');
    assert.match(await refusal(gateway('198.51.100.11')), /^IP_IN_USE subnet\.gateway /);
    await world.update({ exits: [] });
    await nva.nves.delete(gone('g2'), call);
    await nva.subnets.delete(gone('up'), call);
  });
});
