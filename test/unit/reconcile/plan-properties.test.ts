import assert from 'node:assert/strict';
import fc from 'fast-check';
import { keyOf, type Payload } from '../../../src/model/item.js';
import { makePlan } from '../../../src/reconcile/plan.js';
import {
  at,
  behind,
  bridgeDomain,
  floodMember,
  itemsOf,
  MACS,
  macEntry,
  neighbor,
  port,
  randomConfiguration,
  randomPayloads,
  REMOTES,
  tunnel,
  vtep,
  VTEPS,
} from '../../support/items.js';
import type { MemoryDataplane, MemoryOptions } from '../../support/memory-dataplane.js';
import { carryOut, checkPlan, dataplaneWith, outline, planFor } from '../../support/plans.js';
import { backwards, parents } from '../../support/trouble.js';

const NEVER = new AbortController().signal;

/** Marks some objects as broken and puts strangers in some free places. */
function disturb(dataplane: MemoryDataplane, picks: readonly number[], wanted: Payload[]): void {
  const keys = [...dataplane.objects.keys()];
  for (const pick of picks) {
    const key = keys[pick % (keys.length + 1)];
    const thing = key === undefined ? undefined : dataplane.objects.get(key);
    if (key !== undefined && thing !== undefined) {
      dataplane.put(thing.payload, key, ['link down']);
    }
    const place = wanted[pick % (wanted.length + 1)];
    if (place !== undefined && pick % 5 === 0 && !dataplane.objects.has(keyOf(place))) {
      dataplane.foreign.add(keyOf(place));
    }
  }
}

describe('plan, for random states', function () {
  this.timeout(60_000);

  it('can be carried out as it stands, keeps its order, and leaves nothing to do', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomConfiguration,
        randomPayloads,
        fc.array(fc.nat(40), { maxLength: 6 }),
        parents,
        async (before, after, picks, mode) => {
          const dataplane = dataplaneWith(before, { parents: mode, shuffle: backwards });
          disturb(dataplane, picks, [...after]);
          const foreign = [...dataplane.foreign];
          const wanted = itemsOf(...after);
          let again = await planFor(dataplane, wanted);
          // A second round where a name became free only as its blocked owner was lost.
          for (let round = 0; round < 2; round++) {
            const seen = await dataplane.observe({ kind: 'all' }, wanted, NEVER);
            checkPlan(again, { wanted }, seen);
            await carryOut(dataplane, again);
            again = await planFor(dataplane, wanted);
          }
          assert.deepEqual(outline(again), []);
          assert.deepEqual([...dataplane.foreign], foreign);
          for (const key of wanted.keys()) {
            assert.ok(again.verdicts.has(key) || dataplane.objects.has(key), `${key} is forgotten`);
          }
        },
      ),
      { numRuns: 600 },
    );
  });

  it('reaches every configuration that a host can have', async () => {
    await fc.assert(
      fc.asyncProperty(randomConfiguration, randomConfiguration, parents, async (a, b, mode) => {
        const dataplane = dataplaneWith(a, { parents: mode });
        const plan = await planFor(dataplane, itemsOf(...b));
        assert.equal(plan.verdicts.size, 0);
        await carryOut(dataplane, plan);
        assert.deepEqual(dataplane.content, dataplaneWith(b).content);
      }),
      { numRuns: 600 },
    );
  });

  it('removes nothing without a complete configuration, but makes again what it breaks', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomConfiguration,
        randomPayloads,
        parents,
        async (before, after, mode) => {
          const dataplane = dataplaneWith(before, { parents: mode });
          const wanted = itemsOf(...after);
          const plan = await planFor(dataplane, wanted, { complete: false });
          const deleted = plan.waves.flat().filter(({ step }) => step.op === 'delete');
          for (const { step } of deleted) assert.ok(wanted.has(step.key), step.key);
          await carryOut(dataplane, plan);
          for (const payload of before) assert.ok(dataplane.objects.has(keyOf(payload)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is the same plan with the same hash in whatever order things are told', () => {
    fc.assert(
      fc.property(
        randomConfiguration,
        randomPayloads,
        fc.infiniteStream(fc.nat(1000)),
        (before, after, numbers) => {
          const dataplane = dataplaneWith(before);
          const { traits } = dataplane;
          const shuffled = <V>(map: ReadonlyMap<string, V>): Map<string, V> => {
            const entries = [...map].map((entry) => ({ entry, at: Number(numbers.next().value) }));
            entries.sort((a, b) => a.at - b.at);
            return new Map(entries.map(({ entry }) => entry));
          };
          const wanted = itemsOf(...after);
          const objects = new Map(
            [...itemsOf(...before)].map(([key, { payload }]) => [
              key,
              { key, payload, defects: [] },
            ]),
          );
          const observation = { objects, obstacles: new Map() };
          const plan = makePlan({ wanted, complete: true, observation, traits });
          const other = makePlan({
            wanted: shuffled(wanted),
            complete: true,
            observation: { objects: shuffled(objects), obstacles: new Map() },
            traits,
          });
          assert.equal(other.hash, plan.hash);
          assert.deepEqual(outline(other), outline(plan));
        },
      ),
      { numRuns: 300 },
    );
  });
});

const [A, B] = MACS;
const [R1, R2] = REMOTES;
const V2 = VTEPS[1];
const base = [vtep(), bridgeDomain(10)];
const CONFIGURATIONS: Readonly<Record<string, readonly Payload[]>> = {
  empty: [],
  'a VTEP': [vtep()],
  'a network': base,
  'a network with another MTU': [vtep(), bridgeDomain(10, { mtu: 1400 })],
  'a network from another VTEP': [vtep(V2), bridgeDomain(10, { vtep: V2 })],
  'a tunnel': [...base, tunnel(10, R1), floodMember(10, R1)],
  'a tunnel from another VTEP': [vtep(), vtep(V2), bridgeDomain(10), tunnel(10, R1, V2)],
  'a MAC behind one remote': [
    ...base,
    tunnel(10, R1),
    tunnel(10, R2),
    macEntry(10, A, behind(R1)),
    neighbor(10, '192.168.0.1', A),
  ],
  'the MAC behind the other': [
    ...base,
    tunnel(10, R2),
    floodMember(10, R2),
    macEntry(10, A, behind(R2)),
    neighbor(10, '192.168.0.1', A),
  ],
  ports: [
    ...base,
    port('e1', 10, { name: 'tap-x' }),
    port('e2', 10, { name: 'tap-y' }),
    macEntry(10, A, at('e1')),
    macEntry(10, B, at('e2')),
  ],
  'ports with swapped names, in two networks': [
    ...base,
    bridgeDomain(20),
    port('e1', 20, { name: 'tap-y' }),
    port('e2', 10, { name: 'tap-x', mac: '02:00:00:00:00:02' }),
    macEntry(20, A, at('e1')),
    macEntry(10, B, at('e2')),
  ],
  'another port with the name of the first': [
    vtep(V2),
    bridgeDomain(10, { vtep: V2 }),
    port('e3', 10, { name: 'tap-x' }),
    macEntry(10, A, at('e3')),
    neighbor(10, '192.168.0.1', A),
  ],
};

describe('plan, for all pairs of configurations', function () {
  this.timeout(60_000);

  const modes: readonly MemoryOptions[] = [{ parents: 'refuse' }, { parents: 'cascade' }];
  for (const [from, before] of Object.entries(CONFIGURATIONS)) {
    it(`leads from ${from} to each, and then to nothing`, async () => {
      for (const [to, after] of Object.entries(CONFIGURATIONS)) {
        for (const mode of modes) {
          const dataplane = dataplaneWith(before, { ...mode, shuffle: backwards });
          const wanted = itemsOf(...after);
          const seen = await dataplane.observe({ kind: 'all' }, wanted, NEVER);
          const plan = await planFor(dataplane, wanted);
          assert.equal(plan.verdicts.size, 0, to);
          checkPlan(plan, { wanted }, seen);
          await carryOut(dataplane, plan);
          assert.deepEqual(dataplane.content, dataplaneWith(after).content, to);
          assert.deepEqual(outline(await planFor(dataplane, wanted)), [], to);
        }
      }
    });
  }
});
