/** Any sequence of changes, then back: what was at a revision is there again, byte for byte. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { z } from 'zod';
import { NfvError } from '../../../../src/errors.js';
import type { Wanted } from '../../../../src/model/changes.js';
import { isOver, MIGRATION_PHASES } from '../../../../src/model/migration-phase.js';
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
import { end as endMigration, happens, toNve } from '../../../support/stepped-migrations.js';

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

/** Something that happens to an endpoint by a migration: one begins, goes on, ends or is taken back. */
interface Moving {
  readonly id: string;
  readonly to: string;
  readonly what: 'begin' | 'hold' | Parameters<typeof happens>[2];
}

const moving: fc.Arbitrary<Moving> = fc.record({
  id,
  to: fc.constantFrom('host-a', 'host-b'),
  what: fc.constantFrom(
    ...(['begin', 'begin', 'hold', 'FINISH', 'CANCEL', 'TIME_UP'] as const),
    ...(['APPLIED', 'APPLIED', 'APPLIED', 'APPLIED'] as const),
  ),
});
/** What others do is done after what has moved. */
const turn = fc.record({ moves: fc.array(moving, { maxLength: 4 }), wishes: batch });

async function move(nva: NvaHarness, { id: name, to, what }: Moving): Promise<void> {
  if (what !== 'begin' && what !== 'hold') return happens(nva, name, what);
  const request = toNve(name, to, { hold: what === 'hold' });
  await nva.nva.migrations.migrate(request, call);
}

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
    let migrated = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 2, maxLength: 8 }),
        fc.nat(),
        async (turns, n) => {
          const nva = await NvaHarness.start();
          try {
            const states = [await stateAfter(nva, () => applyAll(nva.nva, ...START))];
            for (const { moves, wishes } of turns) {
              for (const each of moves) {
                if (await attempt(() => move(nva, each))) states.push(await stateOf(nva));
              }
              const before = await specsIn(nva.store);
              const changed = await attempt(() => applyAll(nva.nva, ...wishes));
              if (changed) states.push(await stateOf(nva));
              else assert.deepEqual(await specsIn(nva.store), before, 'nothing is half done');
            }
            done += states.length;
            const target = states[n % states.length];
            assert.ok(target !== undefined);
            migrated += await goBack(nva, target);
            const nothing = await nva.nva.changes.plan({ rollbackTo: target.revision }, call);
            assert.deepEqual(nothing.changes, []);
          } finally {
            await nva.close();
          }
        },
      ),
      // Making a failing example smaller would take longer than there is.
      { numRuns: 100, endOnFailure: true },
    );
    assert.ok(done > 250, `${done} states`);
    assert.ok(migrated > 0, `${migrated} endpoints that had migrated`);
  });

  it('does on each NVE just what its plan told', async () => {
    const nva = await NvaHarness.start();
    try {
      await applyAll(nva.nva, ...START);
      let done = 0;
      await fc.assert(
        fc.asyncProperty(turn, async ({ moves, wishes }) => {
          for (const each of moves) await attempt(() => move(nva, each));
          // Planning waits for the compiler to have all of it.
          await plan(nva.nva);
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
        { numRuns: 150, endOnFailure: true },
      );
      assert.ok(done > 10, `${done} batches`);
    } finally {
      await nva.close();
    }
  });
});

/**
 * To what was, but for migrations: those are as they are, and what goes on may forbid it until it is over.
 * @returns how many endpoints have a migration now
 */
async function goBack(nva: NvaHarness, target: State): Promise<number> {
  const before = await stateOf(nva);
  if (!(await attempt(() => rollBack(nva.nva, target.revision)))) {
    assert.deepEqual(await stateOf(nva), before, 'nothing is half done');
    const going = namesOf(before).filter((name) => phaseIn(before, name) === 'goes on');
    assert.ok(going.length > 0, 'nothing forbids it');
    for (const name of going) await endMigration(nva, name);
    return goBack(nva, target);
  }
  const now = await stateOf(nva);
  const expected = Object.entries(target.specs).map(([name, spec]) => {
    return [name, name.startsWith('endpoints/') ? withMigration(spec, before.specs[name]) : spec];
  });
  assert.deepEqual(now.specs, Object.fromEntries(expected));
  const isStill = [now, target].every((state) =>
    namesOf(state).every((name) => phaseIn(state, name) !== 'goes on'),
  );
  // What is on its way holds two places.
  if (isStill) assert.deepEqual(now.claims, target.claims);
  return namesOf(now).filter((name) => phaseIn(now, name) !== 'none').length;
}

const specified = z.object({
  network: z.string(),
  migration: z.looseObject({ phase: z.enum(MIGRATION_PHASES) }).optional(),
});
const fields = z.record(z.string(), z.unknown());

/** A specification's text, with the migration of another, if that is of the same network. */
function withMigration(text: string, liveText: string | undefined): string {
  const [spec, live = {}] = [text, liveText].flatMap((each) => {
    return each === undefined ? [] : [fields.parse(JSON.parse(each))];
  });
  const migration = live['network'] === spec?.['network'] ? live['migration'] : undefined;
  // What is undefined is not in the text.
  return JSON.stringify({ ...spec, migration });
}

function namesOf({ specs }: State): string[] {
  return Object.keys(specs).flatMap((name) => /^endpoints\/(.*)$/.exec(name)?.[1] ?? []);
}

function phaseIn({ specs }: State, name: string): 'none' | 'goes on' | 'over' {
  const { migration } = specified.parse(JSON.parse(specs[`endpoints/${name}`] ?? ''));
  if (migration === undefined) return 'none';
  return isOver(migration.phase) ? 'over' : 'goes on';
}

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
