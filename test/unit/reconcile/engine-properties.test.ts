import assert from 'node:assert/strict';
import fc from 'fast-check';
import { keyOf, type Payload } from '../../../src/model/item.js';
import { FakeClock } from '../../support/fake-clock.js';
import { itemsOf, randomConfiguration } from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { dataplaneWith, planFor } from '../../support/plans.js';
import { Bench } from '../../support/reconciling.js';
import {
  assertCalm,
  backwards,
  faultsOn,
  MINUTES,
  parents,
  randomFaults,
} from '../../support/trouble.js';

describe('reconciler, for random states', function () {
  this.timeout(60_000);

  it('gets there from anywhere, whatever fails a few times on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomConfiguration,
        randomConfiguration,
        randomFaults,
        fc.array(fc.nat(30), { maxLength: 3 }),
        parents,
        async (before, after, picks, broken, mode) => {
          const dataplane = dataplaneWith(before, { parents: mode, shuffle: backwards });
          for (const pick of broken) {
            const payload = before[pick % (before.length + 1)];
            if (payload !== undefined) dataplane.put(payload, keyOf(payload), ['link down']);
          }
          dataplane.faults.push(...faultsOn(picks, before, after));
          const bench = new Bench(dataplane);
          await bench.begin(...after);
          await bench.clock.advance(10 * MINUTES);
          bench.assertEqual(after);
          await assertCalm(bench);
          await bench.reconciler.stop();
          assert.equal(bench.clock.pending, 0);
        },
      ),
      { numRuns: 250 },
    );
  });

  it('goes around what is foreign, and gets there when it has gone', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomConfiguration,
        randomConfiguration,
        fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }),
        parents,
        async (before, after, places, mode) => {
          const dataplane = dataplaneWith(before, { parents: mode });
          for (const place of places) {
            const key = after.map(keyOf)[place % (after.length + 1)];
            if (key !== undefined && !dataplane.objects.has(key)) dataplane.foreign.add(key);
          }
          const foreign = new Set(dataplane.foreign);
          const bench = new Bench(dataplane);
          await bench.begin(...after);
          await bench.clock.advance(2 * MINUTES);
          assert.deepEqual(dataplane.foreign, foreign);
          for (const { key } of dataplane.log) assert.ok(!foreign.has(key), `${key} is foreign`);
          const { entries } = bench.reconciler.failures();
          assert.ok(entries.length === 0 || foreign.size > 0);
          const refused = entries.filter(({ failure }) => failure?.code === 'FOREIGN_OBJECT');
          assert.deepEqual(new Set(refused.map(({ key }) => key)), foreign);
          await assertCalm(bench);
          dataplane.foreign.clear();
          await bench.clock.advance(MINUTES);
          bench.assertEqual(after);
        },
      ),
      { numRuns: 250 },
    );
  });

  it('gets there after a crash at any step', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomConfiguration,
        randomConfiguration,
        fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
        parents,
        async (before, after, crashes, mode) => {
          const bench = new Bench(dataplaneWith(before, { parents: mode, shuffle: backwards }));
          for (const steps of crashes) {
            bench.dataplane.hangAfter = steps;
            await bench.begin(...after);
            await bench.restart();
          }
          bench.dataplane.hangAfter = Infinity;
          await bench.begin(...after);
          bench.assertEqual(after);
          assert.deepEqual(bench.takeDrifts(), []);
          await assertCalm(bench);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('needs no more than what changed to get from one configuration to the next', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(randomConfiguration, { minLength: 2, maxLength: 5 }),
        parents,
        async (configurations, mode) => {
          const bench = new Bench(
            new MemoryDataplane({ parents: mode, shuffle: backwards }),
            new FakeClock(),
            { drift: { intervalMs: 0, policy: 'repair' } },
          );
          await bench.begin();
          let before: readonly Payload[] = [];
          for (const configuration of configurations) {
            bench.wantOnly(configuration, before);
            await bench.turn();
            bench.assertEqual(configuration);
            before = configuration;
          }
          assert.equal(bench.dataplane.scopes.filter(({ kind }) => kind === 'all').length, 1);
          assert.deepEqual(bench.takeDrifts(), []);
          assert.equal(bench.clock.pending, 0);
        },
      ),
      { numRuns: 250 },
    );
  });

  it('carries out exactly the plan that it showed', async () => {
    await fc.assert(
      fc.asyncProperty(randomConfiguration, randomConfiguration, parents, async (a, b, mode) => {
        const bench = new Bench(dataplaneWith(a, { parents: mode }));
        bench.want(b);
        const plan = await bench.reconciler.plan();
        const other = await planFor(bench.dataplane, itemsOf(...b));
        assert.equal(plan.hash, other.hash);
        await bench.reconciler.apply(plan.hash);
        const planned = plan.waves.flat().map(({ step }) => `${step.op} ${step.key}`);
        assert.deepEqual(bench.takeSteps(), planned);
        bench.assertEqual(b);
      }),
      { numRuns: 150 },
    );
  });
});
