import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MIGRATION_PHASES } from '../../../../src/model/migration-phase.js';
import type { RouterSpec } from '../../../../src/model/router.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import type { Change } from '../../../../src/nva/compiler/inputs.js';
import { payloads, Replicas } from '../../../support/replicas.js';
import {
  endpointSpec,
  migrationTo,
  networkSpec,
  nveInput,
  routerSpec,
  subnetSpec,
} from '../../../support/specs.js';

const NVES = ['nve-1', 'nve-2', 'nve-3', 'nve-4'];
const NETWORKS = ['net-1', 'net-2', 'net-3'];
const SUBNETS = ['sub-1', 'sub-2', 'sub-3', 'sub-4'];
const ROUTERS = ['r-1', 'r-2'];

/** Subnet n is always the same but for its gateway: two of net-1, one of each other. */
const subnets = fc.constantFrom(...SUBNETS).chain((id) => {
  const n = SUBNETS.indexOf(id);
  const network = NETWORKS[Math.max(0, n - 1)] ?? 'net-1';
  return fc.constantFrom('', `10.${n}.0.1`, `10.${n}.0.254`).map((gateway): Change => ({
    kind: 'Subnet',
    id,
    after: subnetSpec({ network, prefix: `10.${n}.0.0/24`, gateway }),
  }));
});

const routes = fc.constantFrom<RouterSpec['routes']>(
  [],
  [{ prefix: '0.0.0.0/0', nextHops: [{ address: '10.2.0.9', weight: 1 }], drop: false }],
  [
    {
      prefix: '192.168.0.0/16',
      nextHops: [
        { address: '10.0.0.9', weight: 1 },
        { address: '10.3.0.9', weight: 2 },
      ],
      drop: false,
    },
    { prefix: '172.16.0.0/12', nextHops: [], drop: true },
  ],
);

/** Of any subnets, also those that a router has otherwise: what is seen halfway must do no harm. */
const exitsOf = (router: string): fc.Arbitrary<RouterSpec['exits']> =>
  fc.subarray(SUBNETS, { maxLength: 2 }).chain((names) =>
    fc.tuple(
      ...names.map((subnet) =>
        fc.subarray(NVES, { minLength: 1 }).map((nves) => ({
          subnet,
          gateways: nves.map((nve) => {
            const host = 200 + 10 * ROUTERS.indexOf(router) + NVES.indexOf(nve);
            return { nve, address: `10.${SUBNETS.indexOf(subnet)}.0.${host}` };
          }),
        })),
      ),
    ),
  );

const routers = fc.constantFrom(...ROUTERS).chain((id) =>
  fc.record({ subnets: fc.subarray(SUBNETS), routes, exits: exitsOf(id) }).map((fields): Change => {
    const vrfId = ROUTERS.indexOf(id) + 1;
    const transitVni = fields.exits.length === 0 ? 0 : 200 + vrfId;
    return { kind: 'Router', id, after: routerSpec({ vrfId, transitVni, ...fields }) };
  }),
);

const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 2, arbitrary: subnets },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...SUBNETS).map((id): Change => {
      return { kind: 'Subnet', id, after: undefined };
    }),
  },
  { weight: 2, arbitrary: routers },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...ROUTERS).map((id): Change => {
      return { kind: 'Router', id, after: undefined };
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        id: fc.constantFrom(...NETWORKS),
        there: fc.boolean(),
        underlayFamily: fc.constantFrom('IPV4', 'IPV6'),
        provider: fc.constantFrom({}, {}, { provider: { uplink: 'physnet1', vlan: 100 } }),
      })
      .map(({ id, there, underlayFamily, provider }): Change => {
        const vni = 100 + NETWORKS.indexOf(id);
        const after = there ? networkSpec({ vni, underlayFamily, ...provider }) : undefined;
        return { kind: 'VirtualNetwork', id, after };
      }),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        id: fc.constantFrom(...NVES),
        addresses: fc.subarray([4, 6]),
        mtu: fc.constantFrom(undefined, 1500, 9000),
        withdrawn: fc.boolean(),
      })
      .map(({ id, addresses, mtu, withdrawn }): Change => {
        const n = NVES.indexOf(id) + 1;
        const own = addresses.map((v) => (v === 4 ? `192.0.2.${n}` : `2001:db8::${n}`));
        return {
          kind: 'Nve',
          id,
          after: own.length === 0 ? undefined : nveInput(own, mtu, withdrawn),
        };
      }),
  },
  {
    weight: 6,
    arbitrary: fc
      .record({
        n: fc.nat({ max: 5 }),
        network: fc.constantFrom(...NETWORKS),
        nve: fc.constantFrom(...NVES),
        adminState: fc.constantFrom('UP', 'DOWN'),
        there: fc.boolean(),
        target: fc.constantFrom(undefined, ...NVES),
        phase: fc.constantFrom(...MIGRATION_PHASES),
      })
      .map(({ n, there, target, phase, ...fields }): Change => {
        const mac = `02:00:00:00:00:0${n}`;
        const ips = SUBNETS.map((_, subnet) => `10.${subnet}.0.${n === 0 ? 9 : n + 9}`);
        const moving = target === undefined ? {} : { migration: migrationTo(target, { phase }) };
        const after = there ? { ...endpointSpec({ mac, ips, ...fields }), ...moving } : undefined;
        return { kind: 'Endpoint', id: `ep-${n}`, after };
      }),
  },
);

describe('nva/compiler: routing', () => {
  // Also through states that the API lets nobody make: a replica may see changes in another order.
  it('is the same for any changes of one moment', function () {
    this.timeout(60_000);
    const batches = fc.array(fc.array(changes, { minLength: 1, maxLength: 8 }), {
      maxLength: 30,
      size: 'max',
    });
    fc.assert(
      fc.property(batches, (sequence) => {
        const index = new CompileIndex();
        const replicas = new Replicas();
        for (const batch of sequence) {
          replicas.take(index.applyAll(batch));
          for (const nve of NVES) {
            replicas.assertAsCompiled(index, nve);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('incremental equals full, after any sequence of changes', function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 80, size: 'max' }), (sequence) => {
        const index = new CompileIndex();
        const replicas = new Replicas();
        const last = new Map<string, Change>();
        for (const change of sequence) {
          last.set(`${change.kind} ${change.id}`, change);
          replicas.take(index.apply(change));
          for (const nve of NVES) {
            replicas.assertAsCompiled(index, nve);
          }
        }
        // Another process reads them from the store in another order.
        const fresh = new CompileIndex();
        for (const change of [...last.values()].reverse()) fresh.load(change);
        for (const nve of NVES) {
          const full = payloads(index.full(nve).values());
          assert.deepEqual(payloads(fresh.full(nve).values()), full);
        }
      }),
      { numRuns: 500 },
    );
  });

  /** Two networks, each with a subnet, on a router; an endpoint of each on its own NVE. */
  function routed(): CompileIndex {
    const index = new CompileIndex();
    for (const n of [1, 2, 3]) {
      index.apply({ kind: 'Nve', id: `nve-${n}`, after: nveInput([`192.0.2.${n}`], 1500) });
    }
    for (const n of [1, 2]) {
      const network = `net-${n}`;
      index.apply({ kind: 'VirtualNetwork', id: network, after: networkSpec({ vni: 100 + n }) });
      const after = subnetSpec({ network, prefix: `10.${n}.0.0/24`, gateway: `10.${n}.0.1` });
      index.apply({ kind: 'Subnet', id: `sub-${n}`, after });
      index.apply({ kind: 'Endpoint', id: `ep-${n}`, after: endpoint(n, `nve-${n}`) });
    }
    index.apply({ kind: 'Router', id: 'r', after: routerSpec({ subnets: ['sub-1', 'sub-2'] }) });
    return index;
  }

  const endpoint = (n: number, nve: string, host = 10): ReturnType<typeof endpointSpec> =>
    endpointSpec({
      network: `net-${n}`,
      nve,
      mac: `02:00:00:00:0${n}:${host}`,
      ips: [`10.${n}.0.${host}`],
    });

  it('gives each NVE of a router all its networks, gateways and neighbours', () => {
    const items = routed().full('nve-1');
    assert.deepEqual([...items.keys()].sort(), [
      'bd/101',
      'bd/102',
      'flood/101/192.0.2.2',
      'flood/102/192.0.2.2',
      'gw/1/101',
      'gw/1/102',
      'gwneigh/1/101/10.1.0.10',
      'gwneigh/1/102/10.2.0.10',
      'mac/101/02:00:00:00:01:10',
      'mac/102/02:00:00:00:02:10',
      'neigh/101/10.1.0.10',
      'neigh/102/10.2.0.10',
      'port/ep-1',
      'tunnel/101/192.0.2.2',
      'tunnel/102/192.0.2.2',
      'vrf/1',
      'vtep/192.0.2.1',
    ]);
    assert.deepEqual(items.get('gw/1/102')?.payload, {
      kind: 'gateway_interface',
      vrf: 1,
      vni: 102,
      mac: '00:00:5e:00:01:01',
      addresses: ['10.2.0.1/24'],
      mtu: 1450,
    });
    assert.deepEqual(items.get('gwneigh/1/102/10.2.0.10')?.payload, {
      kind: 'gateway_neighbor',
      vrf: 1,
      vni: 102,
      ip: '10.2.0.10',
      mac: '02:00:00:00:02:10',
    });
  });

  it('an attach costs one endpoint for each NVE of the router, no more', () => {
    const index = routed();
    const before = { ...index.counters };
    const change = { kind: 'Endpoint', id: 'new', after: endpoint(2, 'nve-1', 20) } as const;
    const deltas = index.apply(change);
    assert.deepEqual([...deltas.keys()].sort(), ['nve-1', 'nve-2']);
    assert.deepEqual([...(deltas.get('nve-2')?.upserts.keys() ?? [])].sort(), [
      'gwneigh/1/102/10.2.0.20',
      'mac/102/02:00:00:00:02:20',
      'neigh/102/10.2.0.20',
    ]);
    assert.deepEqual(index.counters, { ...before, endpoint: before.endpoint + 2 });
  });

  it('an NVE that comes to the router gets all of it; the others only what is new', () => {
    const index = routed();
    const deltas = index.apply({ kind: 'Endpoint', id: 'new', after: endpoint(1, 'nve-3', 20) });
    assert.deepEqual([...(deltas.get('nve-2')?.upserts.keys() ?? [])].sort(), [
      'flood/101/192.0.2.3',
      'flood/102/192.0.2.3',
      'gwneigh/1/101/10.1.0.20',
      'mac/101/02:00:00:00:01:20',
      'neigh/101/10.1.0.20',
      'tunnel/101/192.0.2.3',
      'tunnel/102/192.0.2.3',
    ]);
    assert.equal(deltas.get('nve-3')?.upserts.has('gwneigh/1/102/10.2.0.10'), true);
    const back = index.apply({ kind: 'Endpoint', id: 'new', after: undefined });
    const expected = [...index.full('nve-3').keys()];
    assert.deepEqual(expected, ['vtep/192.0.2.3']);
    assert.equal(back.get('nve-3')?.removes.size, deltas.get('nve-3')?.upserts.size);
  });

  it('routes go by the gateway whose subnet has the next hop', () => {
    const index = routed();
    const after = routerSpec({
      subnets: ['sub-1', 'sub-2'],
      routes: [
        { prefix: '0.0.0.0/0', nextHops: [{ address: '10.2.0.9', weight: 3 }], drop: false },
        { prefix: '192.168.0.0/16', nextHops: [], drop: true },
      ],
    });
    index.apply({ kind: 'Router', id: 'r', after });
    const items = index.full('nve-1');
    assert.deepEqual(items.get('route/1/0.0.0.0/0')?.payload, {
      kind: 'route',
      vrf: 1,
      prefix: '0.0.0.0/0',
      via: { kind: 'next_hops', nextHops: [{ address: '10.2.0.9', weight: 3, vni: 102 }] },
    });
    assert.deepEqual(items.get('route/1/192.168.0.0/16')?.payload, {
      kind: 'route',
      vrf: 1,
      prefix: '192.168.0.0/16',
      via: { kind: 'drop' },
    });
  });

  it('labels are for people: nobody is told of them, and nothing is compiled', () => {
    const index = routed();
    const counters = { ...index.counters };
    const labels = { site: 'a' };
    const subnet = { prefix: '10.1.0.0/24', gateway: '10.1.0.1', network: 'net-1', labels };
    const changes: Change[] = [
      { kind: 'Subnet', id: 'sub-1', after: subnetSpec(subnet) },
      { kind: 'Router', id: 'r', after: routerSpec({ subnets: ['sub-1', 'sub-2'], labels }) },
      { kind: 'VirtualNetwork', id: 'net-1', after: networkSpec({ vni: 101, labels }) },
    ];
    for (const change of changes) assert.equal(index.apply(change).size, 0, change.kind);
    assert.deepEqual(index.counters, counters);
  });

  it("a port's address has the length of its subnet", () => {
    const port = routed().full('nve-1').get('port/ep-1')?.payload;
    assert.deepEqual(port?.kind === 'port' && port.addresses, ['10.1.0.10/24']);
  });

  it('one that was found dead leaves the others, with its routes, and comes back; it keeps its own', () => {
    const index = routed();
    index.apply({ kind: 'Endpoint', id: 'here', after: endpoint(1, 'nve-3', 33) });
    const route = (prefix: string, ...hops: string[]): RouterSpec['routes'][number] => {
      return { prefix, nextHops: hops.map((address) => ({ address, weight: 1 })), drop: false };
    };
    const routes = [
      route('192.168.0.0/16', '10.1.0.33', '10.2.0.10'),
      route('0.0.0.0/0', '10.2.0.10'),
    ];
    const after = routerSpec({ subnets: ['sub-1', 'sub-2'], routes });
    index.apply({ kind: 'Router', id: 'r', after });
    const before = NVES.map((nve) => payloads(index.full(nve).values()));
    const input = (withdrawn: boolean): Change => {
      return { kind: 'Nve', id: 'nve-2', after: nveInput(['192.0.2.2'], 1500, withdrawn) };
    };
    const deltas = index.apply(input(true));
    assert.deepEqual([...deltas.keys()].sort(), ['nve-1', 'nve-3']);
    const delta = deltas.get('nve-1');
    assert.deepEqual([...(delta?.removes ?? [])].sort(), [
      'flood/101/192.0.2.2',
      'flood/102/192.0.2.2',
      'gwneigh/1/102/10.2.0.10',
      'mac/102/02:00:00:00:02:10',
      'neigh/102/10.2.0.10',
      'route/1/0.0.0.0/0',
      'tunnel/101/192.0.2.2',
      'tunnel/102/192.0.2.2',
    ]);
    assert.deepEqual(
      [...(delta?.upserts.values() ?? [])].map(({ payload }) => payload),
      [
        {
          ...{ kind: 'route', vrf: 1, prefix: '192.168.0.0/16' },
          via: { kind: 'next_hops', nextHops: [{ address: '10.1.0.33', weight: 1, vni: 101 }] },
        },
      ],
    );
    index.apply(input(false));
    assert.deepEqual(
      NVES.map((nve) => payloads(index.full(nve).values())),
      before,
    );
  });

  it('an endpoint that is moved away from a dead NVE is found where it is', () => {
    const index = routed();
    index.apply({ kind: 'Nve', id: 'nve-2', after: nveInput(['192.0.2.2'], 1500, true) });
    const deltas = index.apply({ kind: 'Endpoint', id: 'ep-2', after: endpoint(2, 'nve-3') });
    const got = [...(deltas.get('nve-1')?.upserts.keys() ?? [])];
    assert.ok(got.includes('mac/102/02:00:00:00:02:10'), got.join());
    assert.ok(got.includes('gwneigh/1/102/10.2.0.10'), got.join());
  });
});
