/** Any sequence of changes, then back: what was at a revision is there again, byte for byte. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../../src/errors.js';
import type { Wanted } from '../../../../src/model/changes.js';
import {
  applyAll,
  claimsIn,
  endpoint,
  gone,
  HOSTS,
  network,
  plan,
  rollBack,
  router,
  specsIn,
  subnet,
} from '../../../support/changes-world.js';
import { call, NvaHarness } from '../../../support/nva-harness.js';

const NETWORKS = ['blue', 'red'] as const;
const PREFIXES = { blue: '10.0.0.0/24', red: '10.1.0.0/24' } as const;

const id = fc.constantFrom('a', 'b', 'c');
const ofNetwork = fc.constantFrom(...NETWORKS);

const wish: fc.Arbitrary<Wanted> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(ofNetwork, fc.constantFrom(0, 0, 0, 5000), fc.constantFrom(0, 1400))
      .map(([name, vni, mtu]) => network(name, { vni, mtu })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(ofNetwork, fc.boolean()).map(([name, labelled]) =>
      subnet(`${name}-v4`, {
        network: name,
        prefix: PREFIXES[name],
        gateway: PREFIXES[name].replace('.0/24', '.1'),
        labels: labelled ? { x: 'y' } : {},
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.subarray(['blue-v4', 'red-v4']).map((subnets) => router('edge', { subnets })),
  },
  {
    weight: 3,
    arbitrary: fc.subarray(['host-a', 'host-b'], { minLength: 1 }).map((nves) =>
      router('edge', {
        subnets: ['blue-v4'],
        exits: [
          {
            subnet: 'red-v4',
            gateways: nves.map((nve) => ({
              nve,
              address: nve === 'host-a' ? '10.1.0.11' : '10.1.0.12',
            })),
          },
        ],
      }),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTS, gone('Nve', 'host-a'), gone('Nve', 'host-b')) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        id,
        network: ofNetwork,
        nve: fc.constantFrom('host-a', 'host-b'),
        n: fc.integer({ min: 10, max: 13 }),
        given: fc.boolean(),
      })
      .map(({ id: name, network: of, nve, n, given }) =>
        endpoint(name, {
          ...{ network: of, nve },
          ...(given
            ? { subnets: [`${of}-v4`] }
            : { mac: `02:00:00:00:00:${n}`, ips: [PREFIXES[of].replace('.0/24', `.${n}`)] }),
        }),
      ),
  },
  { weight: 2, arbitrary: id.map((name) => gone('Endpoint', name)) },
  { weight: 1, arbitrary: ofNetwork.map((name) => gone('VirtualNetwork', name)) },
  { weight: 1, arbitrary: ofNetwork.map((name) => gone('Subnet', `${name}-v4`)) },
  { weight: 1, arbitrary: fc.constant(gone('Router', 'edge')) },
);

/** So that much of what is wished is possible. */
const START: readonly Wanted[] = [
  ...HOSTS,
  ...NETWORKS.flatMap((name) => [
    network(name),
    subnet(`${name}-v4`, {
      ...{ network: name, prefix: PREFIXES[name] },
      gateway: PREFIXES[name].replace('.0/24', '.1'),
    }),
  ]),
];

const nameIn = (each: Wanted): string => {
  const { kind, id: name } = 'put' in each ? each.put : each.delete;
  return `${kind}/${name}`;
};
const batch = fc.uniqueArray(wish, { minLength: 1, maxLength: 6, selector: nameIn });

/** What is impossible changes nothing, and says so. @returns whether it was done */
async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    const { code } = NfvError.from(thrown);
    assert.ok(!['INTERNAL', 'STORE_DAMAGED', 'WRITE_CONFLICT'].includes(code), String(thrown));
    return false;
  }
}

describe('any sequence of changes', function () {
  this.timeout(120_000);

  it('can be gone back from to any revision, byte for byte, with all that is held', async () => {
    let done = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { minLength: 2, maxLength: 8 }),
        fc.nat(),
        async (batches, n) => {
          const nva = await NvaHarness.start();
          try {
            const states = [await stateAfter(nva, () => applyAll(nva.nva, ...START))];
            for (const each of batches) {
              const before = await specsIn(nva.store);
              const changed = await attempt(() => applyAll(nva.nva, ...each));
              if (changed) states.push(await stateOf(nva));
              else assert.deepEqual(await specsIn(nva.store), before, 'nothing is half done');
            }
            done += states.length;
            const target = states[n % states.length];
            assert.ok(target !== undefined);
            await rollBack(nva.nva, target.revision);
            const now = await stateOf(nva);
            assert.deepEqual(now.specs, target.specs);
            assert.deepEqual(now.claims, target.claims);
            const nothing = await nva.nva.changes.plan({ rollbackTo: target.revision }, call);
            assert.deepEqual(nothing.changes, []);
          } finally {
            await nva.close();
          }
        },
      ),
      // Making a failing example smaller would take longer than there is.
      { numRuns: 25, endOnFailure: true },
    );
    assert.ok(done > 60, `${done} states`);
  });

  it('does on each NVE just what its plan told', async () => {
    const nva = await NvaHarness.start();
    try {
      await applyAll(nva.nva, ...START);
      let done = 0;
      await fc.assert(
        fc.asyncProperty(batch, async (wishes) => {
          const before = itemsOf(nva);
          let told: string[] = [];
          const changed = await attempt(async () => {
            const made = await plan(nva.nva, ...wishes);
            told = made.nves.flatMap(({ nve, items }) =>
              items.map(({ action, key }) => `${nve} ${action} ${key}`),
            );
            await applyAll(nva.nva, ...wishes);
          });
          if (!changed) return;
          done++;
          // Planning once more waits for the compiler to have all of it.
          await plan(nva.nva, ...wishes);
          assert.deepEqual(told.sort(), difference(before, itemsOf(nva)).sort());
        }),
        { numRuns: 60, endOnFailure: true },
      );
      assert.ok(done > 10, `${done} batches`);
    } finally {
      await nva.close();
    }
  });
});

interface State {
  readonly revision: number;
  readonly specs: Record<string, string>;
  readonly claims: Record<string, string>;
}

async function stateAfter(nva: NvaHarness, work: () => Promise<unknown>): Promise<State> {
  await work();
  return stateOf(nva);
}

async function stateOf({ store }: NvaHarness): Promise<State> {
  const specs = await specsIn(store);
  return { revision: store.status().revision, specs, claims: await claimsIn(store) };
}

function itemsOf({ nva }: NvaHarness): Map<string, string> {
  return new Map(
    ['host-a', 'host-b'].flatMap((nve) =>
      [...nva.itemsOf(nve)].map(({ key, version }) => [`${nve} ${key}`, version] as const),
    ),
  );
}

function difference(before: Map<string, string>, after: Map<string, string>): string[] {
  const told = (name: string, action: string): string => name.replace(' ', ` ${action} `);
  return [
    ...[...after].flatMap(([name, version]) => {
      const old = before.get(name);
      if (old === version) return [];
      return [told(name, old === undefined ? 'ADD' : 'CHANGE')];
    }),
    ...[...before.keys()].filter((name) => !after.has(name)).map((name) => told(name, 'REMOVE')),
  ];
}
