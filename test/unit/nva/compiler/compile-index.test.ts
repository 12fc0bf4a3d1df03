import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MIGRATION_PHASES, type MigrationPhase } from '../../../../src/model/migration-phase.js';
import { placesOf, type PlacedEndpoint } from '../../../../src/model/migration.js';
import type { VirtualNetworkSpec } from '../../../../src/model/virtual-network.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
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
  readonly #taken = new Map<string, string>();
  readonly #claims = new Map<string, string[]>();

  accepts(change: Change): boolean {
    const owner = `${change.kind} ${change.id}`;
    const claims = change.after === undefined ? [] : claimsOf(change);
    if (claims.some((c) => (this.#taken.get(c) ?? owner) !== owner)) return false;
    for (const c of this.#claims.get(owner) ?? []) this.#taken.delete(c);
    for (const c of claims) this.#taken.set(c, owner);
    this.#claims.set(owner, claims);
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
            assert.deepEqual(
              payloads(replicas.of(nve).values()),
              payloads(index.full(nve).values()),
              nve,
            );
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

  describe('a migration', () => {
    const UP = '192.0.2.1';
    const TARGET = '192.0.2.2';
    const MAC = '02:00:00:00:00:01';
    const endpoint = (phase: MigrationPhase | undefined): PlacedEndpoint => ({
      ...endpointSpec({ network: 'net', nve: 'source', mac: MAC, ips: ['10.0.0.1'] }),
      ...(phase === undefined ? {} : { migration: migrationTo('target', { phase }) }),
    });

    /** The endpoint, a peer, an NVE that is in another network, and one that has nothing yet. */
    function populated(): CompileIndex {
      const index = new CompileIndex();
      index.apply({ kind: 'VirtualNetwork', id: 'net', after: networkSpec({ vni: 5 }) });
      const vteps = { source: UP, target: TARGET, peer: '192.0.2.3', other: '192.0.2.4' };
      for (const [id, address] of Object.entries(vteps)) {
        index.apply({ kind: 'Nve', id, after: nveInput([address], 1500) });
      }
      for (const [n, nve] of ['peer', 'other'].entries()) {
        const network = nve === 'peer' ? 'net' : 'elsewhere';
        const after = endpointSpec({ network, nve, mac: `02:00:00:00:00:1${n}` });
        index.apply({ kind: 'Endpoint', id: `at-${nve}`, after });
      }
      index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint(undefined) });
      return index;
    }

    /** Where each NVE sends frames for the endpoint, and what its port is like. */
    function seen(index: CompileIndex): Record<string, string> {
      const told = ['source', 'target', 'peer'].map((nve) => {
        const items = index.full(nve);
        const port = items.get('port/ep')?.payload;
        const mac = items.get(`mac/5/${MAC}`)?.payload;
        const up = port?.kind !== 'port' ? 'no port' : port.adminUp ? 'up' : 'down';
        const via = mac?.kind !== 'mac_entry' ? undefined : mac.via;
        const to = via === undefined ? 'nowhere' : via.kind === 'remote' ? via.vtep : 'here';
        return [nve, `${up}, ${to}`] as const;
      });
      return Object.fromEntries(told);
    }

    const courses: readonly [MigrationPhase, string, string, string][] = [
      ['ASSOCIATING', 'up, here', `down, ${UP}`, `no port, ${UP}`],
      ['ASSOCIATED', 'up, here', `down, ${UP}`, `no port, ${UP}`],
      ['ACTIVATING', 'up, here', 'up, here', `no port, ${UP}`],
      ['SWITCHING', 'up, here', 'up, here', `no port, ${TARGET}`],
      ['RETURNING', 'up, here', 'up, here', `no port, ${UP}`],
      ['CANCELLED', 'up, here', 'no port, nowhere', `no port, ${UP}`],
      ['FAILED', 'up, here', 'no port, nowhere', `no port, ${UP}`],
    ];
    for (const [phase, source, target, peer] of courses) {
      it(`${phase}: ${source} at the source, ${target} at the target, ${peer} elsewhere`, () => {
        const index = populated();
        index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint(phase) });
        assert.deepEqual(seen(index), { source, target, peer });
      });
    }

    it('SWITCHING, of a guest that somebody else has moved: the source sends there, too', () => {
      const index = populated();
      const migration = migrationTo('target', { phase: 'SWITCHING', hold: true });
      index.apply({ kind: 'Endpoint', id: 'ep', after: { ...endpoint(undefined), migration } });
      const peer = `no port, ${TARGET}`;
      assert.deepEqual(seen(index), { source: `up, ${TARGET}`, target: 'up, here', peer });
    });

    it('brings the target into the network at once: tunnels, flood lists, mappings', () => {
      const index = populated();
      const after = endpoint('ASSOCIATING');
      const deltas = index.apply({ kind: 'Endpoint', id: 'ep', after });
      assert.deepEqual([...deltas.keys()].sort(), ['peer', 'source', 'target']);
      assert.deepEqual([...(deltas.get('peer')?.upserts.keys() ?? [])].sort(), [
        `flood/5/${TARGET}`,
        `tunnel/5/${TARGET}`,
      ]);
      assert.deepEqual([...(deltas.get('target')?.upserts.keys() ?? [])].sort(), [
        'bd/5',
        'flood/5/192.0.2.1',
        'flood/5/192.0.2.3',
        'mac/5/02:00:00:00:00:01',
        'mac/5/02:00:00:00:00:10',
        'neigh/5/10.0.0.1',
        'port/ep',
        'tunnel/5/192.0.2.1',
        'tunnel/5/192.0.2.3',
      ]);
    });

    it('switches by one small compile for each NVE of the network, and no full one', () => {
      const index = populated();
      index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint('ASSOCIATING') });
      index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint('ACTIVATING') });
      const before = { ...index.counters };
      const deltas = index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint('SWITCHING') });
      assert.deepEqual(
        [...deltas].map(([nve, { upserts, removes }]) => [nve, [...upserts.keys()], removes.size]),
        ['peer'].map((nve) => [nve, [`mac/5/${MAC}`], 0]),
      );
      assert.deepEqual(index.counters, { ...before, endpoint: before.endpoint + 3 });
    });

    it('concerns all of the target, and elsewhere what leads there', () => {
      const index = populated();
      index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint('ASSOCIATING') });
      const keys = new Map(
        [...index.concerned('ep', 'target')].map(([nve, items]) => [
          nve,
          items.map(({ key }) => key).sort(),
        ]),
      );
      assert.deepEqual([...keys.keys()].sort(), ['peer', 'source', 'target']);
      assert.deepEqual(
        keys.get('target'),
        [...index.full('target').keys()].filter((key) => !key.startsWith('vtep/')).sort(),
      );
      assert.deepEqual(keys.get('peer'), [
        `flood/5/${TARGET}`,
        `mac/5/${MAC}`,
        'neigh/5/10.0.0.1',
        `tunnel/5/${TARGET}`,
      ]);
      assert.deepEqual(keys.get('source'), [
        `flood/5/${TARGET}`,
        `mac/5/${MAC}`,
        'neigh/5/10.0.0.1',
        'port/ep',
        `tunnel/5/${TARGET}`,
      ]);
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
});
