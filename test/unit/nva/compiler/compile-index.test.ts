import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MIGRATION_PHASES } from '../../../../src/model/migration-phase.js';
import { placesOf, type PlacedEndpoint } from '../../../../src/model/migration.js';
import type { VirtualNetworkSpec } from '../../../../src/model/virtual-network.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { ItemSum } from '../../../../src/nva/compiler/item-sum.js';
import type { Change, NveInput } from '../../../../src/nva/compiler/inputs.js';
import { payloads, Replicas } from '../../../support/replicas.js';
import {
  endpointSpec,
  migrationTo,
  networkSpec,
  nveInput,
  providerSpec,
} from '../../../support/specs.js';

const NVES = ['nve-a', 'nve-b', 'nve-c', 'nve-d'];
const NETWORKS = ['net-1', 'net-2', 'net-3'];
const ENDPOINTS = Array.from({ length: 8 }, (_, i) => `ep-${i}`);

const networkSpecs: fc.Arbitrary<VirtualNetworkSpec> = fc
  .record({
    vni: fc.constantFrom(100, 200, 300),
    mtu: fc.constantFrom(0, 1400),
    bumMode: fc.constantFrom('HEAD_END', 'NONE'),
    arpSuppression: fc.boolean(),
    learning: fc.boolean(),
    underlayFamily: fc.constantFrom('IPV4', 'IPV6'),
    prefixes: fc.constantFrom([], ['10.0.0.0/24'], ['10.0.0.0/16']),
    provider: fc.constantFrom(undefined, undefined, 0, 100),
  })
  .map(({ provider: vlan, ...fields }) =>
    vlan === undefined
      ? networkSpec(fields)
      : providerSpec({ vni: fields.vni, mtu: fields.mtu, provider: { uplink: 'phys', vlan } }),
  );

const nveInputs: fc.Arbitrary<NveInput> = fc
  .record({
    v4: fc.constantFrom(undefined, '192.0.2.1', '192.0.2.2', '192.0.2.3'),
    v6: fc.constantFrom(undefined, '2001:db8::1', '2001:db8::2'),
    mtu: fc.constantFrom(undefined, 1500, 9000),
    withdrawn: fc.boolean(),
    uplink: fc.constantFrom(0, 1500, 2000),
  })
  .map(({ v4, v6, mtu, withdrawn, uplink }) => ({
    ...nveInput(
      [v4, v6].filter((a) => a !== undefined),
      mtu,
      withdrawn,
    ),
    providers: [{ name: 'phys', interface: 'eth1', mtu: uplink, vlans: true }],
  }));

/** Also of an endpoint that is at its target: compiling must not mind. */
const migrations = fc
  .record({ target: fc.constantFrom(...NVES), phase: fc.constantFrom(...MIGRATION_PHASES) })
  .map(({ target, phase }) => ({ migration: migrationTo(target, { phase }) }));

const endpointSpecs: fc.Arbitrary<PlacedEndpoint> = fc
  .record({
    network: fc.constantFrom(...NETWORKS),
    nve: fc.constantFrom(...NVES),
    mac: fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03'),
    ips: fc.subarray(['10.0.0.1', '10.0.0.2', 'fd00::1']),
    adminState: fc.constantFrom('UP', 'DOWN'),
    moving: fc.oneof(fc.constant({}), migrations),
  })
  .map(({ moving, ...fields }) => ({ ...endpointSpec(fields), ...moving }));

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 4 });

const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('VirtualNetwork' as const),
      id: fc.constantFrom(...NETWORKS),
      after: maybe(networkSpecs),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('Nve' as const),
      id: fc.constantFrom(...NVES),
      after: maybe(nveInputs),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('Endpoint' as const),
      id: fc.constantFrom(...ENDPOINTS),
      after: maybe(endpointSpecs),
    }),
  },
);

/** What the API makes sure of: one VNI, one VTEP, one MAC and one IP address in its scope. */
class Model {
  /** By whom. */
  #taken = new Map<string, string>();

  accepts(...changes: readonly Change[]): boolean {
    // All at one moment: what one gives up another may have.
    const last = new Map(changes.map((change) => [`${change.kind} ${change.id}`, change]));
    const taken = new Map([...this.#taken].filter(([, owner]) => !last.has(owner)));
    for (const [owner, change] of last) {
      for (const claim of claimsOf(change)) {
        if (taken.has(claim)) return false;
        taken.set(claim, owner);
      }
    }
    this.#taken = taken;
    return true;
  }
}

function claimsOf(change: Change): string[] {
  switch (change.kind) {
    case 'VirtualNetwork':
      return change.after === undefined ? [] : [`vni ${change.after.vni}`];
    case 'Nve':
      return (change.after?.spec.vtepAddresses ?? []).map((a) => `vtep ${a}`);
    case 'Endpoint': {
      const spec = change.after;
      return spec === undefined ? [] : [spec.mac, ...spec.ips].map((x) => `${spec.network} ${x}`);
    }
    case 'Subnet':
    case 'Router':
      return [];
  }
}

describe('nva/compiler/compile-index', () => {
  it('incremental equals full, after any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 60, size: 'max' }), (sequence) => {
        const index = new CompileIndex();
        const replicas = new Replicas();
        const model = new Model();
        const applied: Change[] = [];
        for (const change of sequence) {
          if (!model.accepts(change)) continue;
          applied.push(change);
          replicas.take(index.apply(change));
          for (const nve of NVES) {
            replicas.assertAsCompiled(index, nve);
          }
        }
        // Another process that starts from the end state compiles the same.
        const fresh = new CompileIndex();
        const last = new Map(applied.map((c) => [`${c.kind} ${c.id}`, c]));
        for (const change of last.values()) fresh.apply(change);
        for (const nve of NVES) {
          const versions = (i: CompileIndex): string[] =>
            [...i.full(nve).values()].map((item) => `${item.key} ${item.version}`).sort();
          assert.deepEqual(versions(fresh), versions(index));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is the same for changes of one moment, which have each other’s addresses', () => {
    const batches = fc.array(fc.array(changes, { minLength: 1, maxLength: 6 }), {
      maxLength: 30,
      size: 'max',
    });
    fc.assert(
      fc.property(batches, (sequence) => {
        const index = new CompileIndex();
        const replicas = new Replicas();
        const model = new Model();
        for (const batch of sequence) {
          if (!model.accepts(...batch)) continue;
          const before = new Map(NVES.map((nve) => [nve, index.full(nve)]));
          const deltas = index.applyAll(batch);
          for (const [nve, { upserts, removes, before: told }] of deltas) {
            const touched = new Set([...upserts.keys(), ...removes]);
            const had = [...(before.get(nve)?.values() ?? [])].filter(({ key }) =>
              touched.has(key),
            );
            assert.deepEqual(payloads(told.values()), payloads(had), nve);
          }
          replicas.take(deltas);
          for (const nve of NVES) {
            replicas.assertAsCompiled(index, nve);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets two endpoints have each other’s MACs, and loses none', () => {
    const index = new CompileIndex();
    const replicas = new Replicas();
    const at = (id: string, nve: string, n: number): Change => {
      const addresses = { mac: `02:00:00:00:00:0${n}`, ips: [`10.0.0.${n}`] };
      return { kind: 'Endpoint', id, after: endpointSpec({ network: 'net-1', nve, ...addresses }) };
    };
    const changes: Change[] = [
      { kind: 'Nve', id: 'nve-a', after: nveInput(['192.0.2.1'], 1500) },
      { kind: 'Nve', id: 'nve-b', after: nveInput(['192.0.2.2'], 1500) },
      { kind: 'VirtualNetwork', id: 'net-1', after: networkSpec({ vni: 100 }) },
      at('a', 'nve-b', 1),
      at('b', 'nve-a', 2),
    ];
    for (const change of changes) replicas.take(index.apply(change));
    const told = index.applyAll([at('b', 'nve-b', 1), at('a', 'nve-a', 2)]);
    replicas.take(told);
    const macs = (nve: string): string[] =>
      [...replicas.of(nve).keys()].filter((key) => key.startsWith('mac/')).sort();
    for (const nve of ['nve-a', 'nve-b']) {
      assert.deepEqual(macs(nve), ['mac/100/02:00:00:00:00:01', 'mac/100/02:00:00:00:00:02']);
      replicas.assertAsCompiled(index, nve);
    }
  });

  for (const lost of ['none', 'nve-1', 'nve-2', 'nve-3']) {
    it(`counts a virtual MAC that two endpoints have as one item, with ${lost} withdrawn`, () => {
      countsOnce(lost);
    });
  }

  function countsOnce(lost: string): void {
    const index = new CompileIndex();
    const held = [{ ip: '10.0.0.9', mac: '00:00:5e:00:01:01' }];
    index.load({ kind: 'VirtualNetwork', id: 'net-1', after: networkSpec({ vni: 100 }) });
    for (const n of [1, 2, 3]) {
      const withdrawn = lost === `nve-${n}`;
      const input = nveInput([`192.0.2.${n}`], 1500, withdrawn);
      index.load({ kind: 'Nve', id: `nve-${n}`, after: input });
      const addresses = { mac: `02:00:00:00:00:0${n}`, ips: [`10.0.0.${n}`] };
      const spec = endpointSpec({ network: 'net-1', nve: `nve-${n}`, ...addresses });
      const after = n < 3 ? { ...spec, held } : spec;
      index.load({ kind: 'Endpoint', id: `ep-${n}`, after });
    }
    for (const nve of index.nves()) {
      const { count, digest } = ItemSum.of(index.full(nve).values());
      const sum = index.sum(nve);
      assert.deepEqual([sum.count, sum.digest], [count, digest], nve);
    }
  }

  it('only NVEs of the touched network get anything', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 60, size: 'max' }), (sequence) => {
        const index = new CompileIndex();
        const model = new Model();
        const endpoints = new Map<string, PlacedEndpoint>();
        const membersOf = (network: string): string[] =>
          [...endpoints.values()]
            .filter((e) => e.network === network)
            .flatMap((e) => placesOf(e).map(({ nve }) => nve));
        for (const change of sequence) {
          if (!model.accepts(change)) continue;
          const allowed = new Set<string>();
          const touch = (network: string | undefined): void => {
            if (network !== undefined) for (const nve of membersOf(network)) allowed.add(nve);
          };
          const networksOf = (): (string | undefined)[] => {
            if (change.kind === 'VirtualNetwork') return [change.id];
            if (change.kind === 'Endpoint') {
              return [endpoints.get(change.id)?.network, change.after?.network];
            }
            allowed.add(change.id);
            return NETWORKS.filter((n) => membersOf(n).includes(change.id));
          };
          const networks = networksOf();
          networks.forEach(touch);
          if (change.kind === 'Endpoint') {
            if (change.after === undefined) endpoints.delete(change.id);
            else endpoints.set(change.id, change.after);
          }
          networks.forEach(touch);
          for (const nve of index.apply(change).keys()) assert.ok(allowed.has(nve), nve);
        }
      }),
      { numRuns: 300 },
    );
  });

  describe('an attach', () => {
    function populated(): CompileIndex {
      const index = new CompileIndex();
      for (let n = 0; n < 20; n++) {
        index.apply({ kind: 'Nve', id: `nve-${n}`, after: nveInput([`192.0.2.${n + 1}`], 1500) });
      }
      for (let v = 0; v < 10; v++) {
        index.apply({
          kind: 'VirtualNetwork',
          id: `net-${v}`,
          after: networkSpec({ vni: 100 + v }),
        });
        for (let e = 0; e < 10; e++) {
          const nve = `nve-${(v * 2 + (e % 5)) % 20}`;
          const mac = `02:00:00:00:0${v}:0${e}`;
          const after = endpointSpec({ network: `net-${v}`, nve, mac, ips: [`10.0.0.${e + 1}`] });
          index.apply({ kind: 'Endpoint', id: `ep-${v}-${e}`, after });
        }
      }
      return index;
    }

    it('causes no full compile, and one small one for each member of its network', () => {
      const index = populated();
      const before = { ...index.counters };
      const after = endpointSpec({
        network: 'net-3',
        nve: 'nve-7',
        mac: '02:00:00:00:03:99',
        ips: ['10.0.0.99'],
      });
      const deltas = index.apply({ kind: 'Endpoint', id: 'new', after });
      assert.deepEqual([...deltas.keys()].sort(), ['nve-10', 'nve-6', 'nve-7', 'nve-8', 'nve-9']);
      assert.deepEqual(index.counters, { ...before, endpoint: before.endpoint + 5 });
      assert.deepEqual(
        [...(deltas.get('nve-7')?.upserts.keys() ?? [])],
        ['port/new', 'mac/103/02:00:00:00:03:99', 'neigh/103/10.0.0.99'],
      );
      assert.deepEqual(
        [...(deltas.get('nve-8')?.upserts.keys() ?? [])],
        ['mac/103/02:00:00:00:03:99', 'neigh/103/10.0.0.99'],
      );
    });

    it('to an NVE that is new in the network gives that NVE all, and the others only what is new', () => {
      const index = populated();
      const after = endpointSpec({
        network: 'net-3',
        nve: 'nve-0',
        mac: '02:00:00:00:03:99',
        ips: [],
      });
      const deltas = index.apply({ kind: 'Endpoint', id: 'new', after });
      assert.deepEqual([...(deltas.get('nve-8')?.upserts.keys() ?? [])].sort(), [
        'flood/103/192.0.2.1',
        'mac/103/02:00:00:00:03:99',
        'tunnel/103/192.0.2.1',
      ]);
      assert.equal(deltas.get('nve-0')?.upserts.size, 1 + 5 * 2 + 1 + 1 + 10 * 2);
    });
  });

  it('derives the MTU from the smallest underlay of its NVEs', () => {
    const index = new CompileIndex();
    index.apply({ kind: 'VirtualNetwork', id: 'v4', after: networkSpec({ vni: 4 }) });
    const six = networkSpec({ vni: 6, underlayFamily: 'IPV6' });
    index.apply({ kind: 'VirtualNetwork', id: 'v6', after: six });
    assert.equal(index.effectiveMtu('v4'), 1450);
    assert.equal(index.effectiveMtu('v6'), 1430);
    index.apply({ kind: 'Nve', id: 'a', after: nveInput(['192.0.2.1', '2001:db8::1'], 9000) });
    index.apply({ kind: 'Nve', id: 'b', after: nveInput(['192.0.2.2', '2001:db8::2'], 1600) });
    for (const network of ['v4', 'v6']) {
      index.apply({
        kind: 'Endpoint',
        id: `${network}-a`,
        after: endpointSpec({ network, nve: 'a', mac: '02:00:00:00:00:0a' }),
      });
    }
    assert.equal(index.effectiveMtu('v4'), 8950);
    assert.equal(index.effectiveMtu('v6'), 8930);
    const deltas = index.apply({
      kind: 'Endpoint',
      id: 'v4-b',
      after: endpointSpec({ network: 'v4', nve: 'b', mac: '02:00:00:00:00:0b' }),
    });
    assert.equal(index.effectiveMtu('v4'), 1550);
    // The NVE that was there before gets its bridge domain and port with the smaller MTU.
    assert.deepEqual([...(deltas.get('a')?.upserts.keys() ?? [])].sort(), [
      'bd/4',
      'flood/4/192.0.2.2',
      'mac/4/02:00:00:00:00:0b',
      'port/v4-a',
      'tunnel/4/192.0.2.2',
    ]);
  });

  it('leaves out of that an underlay that carries no network: the others are not to suffer', () => {
    const index = new CompileIndex();
    index.apply({ kind: 'VirtualNetwork', id: 'v4', after: networkSpec({ vni: 4 }) });
    for (const [nve, mtu] of [
      ['a', 9000],
      ['b', 0],
      ['c', 625],
    ] as const) {
      const own = nveInput([`192.0.2.${nve.charCodeAt(0)}`], mtu);
      index.apply({ kind: 'Nve', id: nve, after: own });
      const mac = `02:00:00:00:00:0${nve}`;
      const after = endpointSpec({ network: 'v4', nve, mac });
      index.apply({ kind: 'Endpoint', id: nve, after });
    }
    assert.equal(index.effectiveMtu('v4'), 8950);
    index.apply({ kind: 'Nve', id: 'c', after: nveInput(['192.0.2.99'], 626) });
    assert.equal(index.effectiveMtu('v4'), 576);
  });
});
