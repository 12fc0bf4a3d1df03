import assert from 'node:assert/strict';
import { delay } from '../../../src/model/clock.js';
import type { ResultListener, Step, StepResult } from '../../../src/reconcile/dataplane.js';
import { behind, bridgeDomain, macEntry, tunnel, vtep } from '../../support/items.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { Bench } from '../../support/reconciling.js';

const R1 = '10.0.1.1';
const A = '02:00:00:00:00:0a';
const network = [vtep(), bridgeDomain(10)];
const whole = [...network, tunnel(10, R1), macEntry(10, A, behind(R1))];

describe('reconciler and its dataplane', () => {
  describe('a dataplane that cannot be observed', () => {
    it('is left alone, asked again with backoff, and gets all changes then', async () => {
      const bench = new Bench(undefined, undefined, { drift: { intervalMs: 0, policy: 'repair' } });
      bench.dataplane.failObservations = 3;
      await bench.begin(...network);
      bench.want([tunnel(10, R1)]);
      assert.equal(bench.reconciler.status().error?.code, 'KERNEL_REFUSED');
      assert.equal(bench.reconciler.status().isSettled, false);
      await bench.clock.advance(10_000);
      bench.assertEqual([...network, tunnel(10, R1)]);
      const waits = bench.events.map((e) => (e.kind === 'pass_failed' ? e.retryInMs : 0));
      assert.deepEqual(waits, [900, 1800, 3600, 0]);
      assert.equal(bench.reconciler.status().error, undefined);
      assert.equal(bench.clock.pending, 0);
    });

    it('is asked again when it says that something changed', async () => {
      const bench = new Bench(undefined, undefined, {
        retry: { initialMs: 1000, maxMs: 60_000, jitter: 0 },
      });
      bench.dataplane.failObservations = 5;
      await bench.begin(...network);
      await bench.clock.advance(20_000);
      bench.dataplane.failObservations = 0;
      bench.dataplane.notify('unknown');
      await bench.clock.advance(50);
      bench.assertEqual(network);
    });

    it('is given up when it does not answer in time', async () => {
      const bench = new Bench();
      let isStuck = true;
      bench.dataplane.beforeObserve = async (): Promise<void> => {
        if (isStuck) await new Promise(() => undefined);
      };
      await bench.begin(...network);
      await bench.clock.advance(30_000);
      assert.equal(bench.reconciler.status().error, undefined, 'a second to end by itself');
      await bench.clock.advance(1000);
      assert.equal(bench.reconciler.status().error?.code, 'DATAPLANE_TIMEOUT');
      isStuck = false;
      await bench.clock.advance(1000);
      bench.assertEqual(network);
    });
  });

  describe('a dataplane that is slow', () => {
    /** One step after the other, each after so many ms; one that never ends keeps the rest from it. */
    class Slow extends MemoryDataplane {
      constructor(
        private readonly clock: FakeClock,
        private readonly msOf: (key: string) => number,
      ) {
        super();
      }

      override async apply(
        steps: readonly Step[],
        signal: AbortSignal,
        onResult: ResultListener = () => undefined,
      ): Promise<readonly StepResult[]> {
        const results: StepResult[] = [];
        for (const [at, step] of steps.entries()) {
          await delay(this.clock, this.msOf(step.key), signal);
          const [result] = await super.apply([step], signal);
          onResult(at, result);
          results.push(result);
        }
        return results;
      }
    }
    const bridges = [vtep(), ...Array.from({ length: 20 }, (_, n) => bridgeDomain(10 + n))];

    it('is waited for as long as it gets on', async () => {
      const clock = new FakeClock();
      const bench = new Bench(new Slow(clock, () => 25_000), clock);
      await bench.begin(...bridges);
      for (let i = 0; i < 21; i++) await clock.advance(25_000);
      bench.assertEqual(bridges);
    });

    it('keeps what ended before it got stuck', async () => {
      const clock = new FakeClock();
      const dataplane = new Slow(clock, (key) => (key === 'bd/13' ? 3_600_000 : 25_000));
      const bench = new Bench(dataplane, clock);
      await bench.begin(...bridges);
      for (let i = 0; i < 4; i++) await clock.advance(25_000);
      assert.deepEqual(bench.takeReports(), []);
      await clock.advance(31_000);
      const reports = bench.takeReports();
      assert.deepEqual(
        reports.filter((report) => report.endsWith('applied')),
        ['vtep/10.0.0.1 applied', 'bd/10 applied', 'bd/11 applied', 'bd/12 applied'],
      );
      assert.ok(reports.includes('bd/13 DATAPLANE_TIMEOUT'));
      assert.ok(reports.includes('bd/29 DATAPLANE_TIMEOUT'));
      await bench.reconciler.stop();
    });
  });

  describe('stop', () => {
    it('ends a running pass, calls nobody back, and leaves no timer', async () => {
      const bench = new Bench();
      bench.dataplane.hangAfter = 1;
      await bench.begin(...whole);
      assert.equal(bench.dataplane.log.length, 1);
      await bench.reconciler.stop();
      assert.equal(bench.clock.pending, 0);
      assert.deepEqual(bench.reports, []);
      bench.dataplane.notify('unknown');
      bench.want([]);
      assert.equal(bench.clock.pending, 0);
      await assert.rejects(bench.reconciler.plan(), { code: 'SHUTTING_DOWN' });
    });

    it('ends a running observation', async () => {
      const bench = new Bench();
      bench.dataplane.beforeObserve = (signal): Promise<void> =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('interrupted'));
          });
        });
      await bench.begin(...whole);
      await bench.reconciler.stop();
      assert.equal(bench.clock.pending, 0);
      assert.deepEqual(bench.events, []);
    });

    it('can be called twice, and before the start', async () => {
      const bench = new Bench();
      await Promise.all([bench.reconciler.stop(), bench.reconciler.stop()]);
      bench.reconciler.start();
      await settle();
      assert.equal(bench.dataplane.scopes.length, 0);
    });
  });

  describe('changes on the host', () => {
    it('are gathered into one pass, which the next one does not put off', async () => {
      const bench = new Bench();
      await bench.begin(...whole);
      const before = bench.dataplane.scopes.length;
      for (let i = 0; i < 10; i++) {
        bench.dataplane.notify(['bd/10']);
        bench.dataplane.notify([`tunnel/10/${R1}`]);
        await bench.clock.advance(10);
      }
      assert.equal(bench.dataplane.scopes.length - before, 2);
      assert.deepEqual(bench.lastScope, ['bd/10', `tunnel/10/${R1}`]);
    });

    it('of unknown extent cause full passes, but not one after the other', async () => {
      const bench = new Bench();
      await bench.begin(...whole);
      const before = bench.dataplane.scopes.length;
      for (let i = 0; i < 40; i++) {
        bench.dataplane.notify('unknown');
        await bench.clock.advance(100);
      }
      assert.equal(bench.dataplane.scopes.length - before, 4);
      assert.equal(bench.lastScope, 'all');
    });

    it('that are a restart of the dataplane cause a full pass at once, whatever failed before', async () => {
      const bench = new Bench();
      await bench.begin(...whole);
      bench.dataplane.failObservations = 1;
      bench.reconciler.checkNow();
      await bench.turn();
      assert.equal(bench.reconciler.status().error?.code, 'KERNEL_REFUSED');
      bench.dataplane.objects.clear();
      bench.dataplane.notify('restarted');
      await bench.turn();
      bench.assertEqual(whole);
    });

    it('that are the loss of the dataplane have the plan for an empty one made meanwhile', async () => {
      const bench = new Bench();
      const { vtep: traits } = bench.dataplane.traits;
      assert.ok(traits);
      const { rank } = traits;
      // Nothing but the making of a plan asks for it.
      let plansMade = 0;
      Object.defineProperty(traits, 'rank', { get: () => (plansMade++, rank) });
      await bench.begin(vtep());
      const each = plansMade;
      bench.dataplane.objects.clear();
      bench.dataplane.notify('lost');
      await settle();
      assert.equal(plansMade, 2 * each);
      bench.dataplane.notify('restarted');
      await bench.turn();
      bench.assertEqual([vtep()]);
      assert.equal(plansMade, 2 * each, 'the plan is the one that was made before');
      bench.dataplane.notify('lost');
      bench.want([bridgeDomain(10)]);
      await bench.turn();
      bench.dataplane.objects.clear();
      bench.dataplane.notify('restarted');
      await bench.turn();
      bench.assertEqual(network);
      assert.deepEqual(bench.dataplane.scopes.at(-2), { kind: 'all' });
    });

    it('that are our own doing cause no work', async () => {
      const bench = new Bench(new MemoryDataplane({ echo: true }));
      await bench.begin(...whole);
      await bench.clock.advance(20_000);
      assert.equal(bench.dataplane.log.length, 4);
      assert.deepEqual(bench.takeDrifts(), []);
    });

    it('in thousands of places are as good as unknown', async () => {
      const bench = new Bench();
      await bench.begin(...whole);
      bench.dataplane.notify(Array.from({ length: 5000 }, (_, i) => `bd/${i}`));
      await bench.clock.advance(1100);
      assert.equal(bench.lastScope, 'all');
    });
  });
});
