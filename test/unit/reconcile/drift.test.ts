import assert from 'node:assert/strict';
import type { DriftPolicy } from '../../../src/reconcile/drift-policies.js';
import { FakeClock } from '../../support/fake-clock.js';
import { behind, bridgeDomain, itemOf, macEntry, port, tunnel, vtep } from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { dataplaneWith } from '../../support/plans.js';
import { Bench } from '../../support/reconciling.js';

const R1 = '10.0.1.1';
const R2 = '10.0.1.2';
const A = '02:00:00:00:00:0a';
const network = [vtep(), bridgeDomain(10)];
const whole = [...network, tunnel(10, R1), macEntry(10, A, behind(R1))];

function benchWith(policy: DriftPolicy, dataplane = new MemoryDataplane()): Bench {
  return new Bench(dataplane, new FakeClock(), { drift: { intervalMs: 30_000, policy } });
}

describe('drift', () => {
  it('is found by a full pass every 30 seconds, give or take a tenth', async () => {
    for (const [random, wait] of [
      [0, 27_000],
      [0.5, 30_000],
      [0.999_999, 33_000],
    ] as const) {
      const bench = new Bench(new MemoryDataplane(), new FakeClock(), {}, () => random);
      await bench.begin(...network);
      bench.dataplane.put(bridgeDomain(10, { mtu: 1400 }), 'bd/10');
      await bench.clock.advance(wait - 1);
      assert.deepEqual(bench.takeDrifts(), []);
      await bench.clock.advance(1);
      assert.deepEqual(bench.takeDrifts(), ['REPAIRED bd/10: mtu 1400, not 1450']);
      bench.assertEqual(network);
    }
  });

  it('is found at once where the dataplane tells of changes', async () => {
    const bench = benchWith('repair');
    await bench.begin(...whole);
    bench.dataplane.destroy(`tunnel/10/${R1}`);
    bench.dataplane.notify([`tunnel/10/${R1}`]);
    await bench.clock.advance(50);
    assert.deepEqual(bench.takeDrifts(), [
      `REPAIRED tunnel/10/${R1}: missing`,
      `REPAIRED mac/10/${A}: missing`,
    ]);
    bench.assertEqual(whole);
    assert.equal(bench.driftTotal, 2);
    assert.equal(bench.reconciler.status().driftCount, 2);
  });

  it('can be a defect, or an object that nobody wants', async () => {
    const bench = benchWith('repair');
    await bench.begin(...whole);
    bench.takeReports();
    bench.dataplane.put(bridgeDomain(10), 'bd/10', ['link down']);
    bench.dataplane.put(tunnel(10, R2), `tunnel/10/${R2}`);
    bench.reconciler.checkNow();
    await bench.turn();
    assert.deepEqual(bench.takeDrifts(), [
      'REPAIRED bd/10: link down',
      `REPAIRED tunnel/10/${R2}: unexpected: not wanted, but there`,
    ]);
    bench.assertEqual(whole);
    assert.deepEqual(bench.takeReports(), []);
  });

  it('is not what the wanted set changed, nor what was left over from before', async () => {
    const bench = benchWith('repair', dataplaneWith([...network, tunnel(10, R2)]));
    await bench.begin(...whole);
    bench.want([bridgeDomain(10, { mtu: 1400 })], [`mac/10/${A}`]);
    await bench.turn();
    await bench.clock.advance(60_000);
    assert.deepEqual(bench.takeDrifts(), []);
  });

  it('is not what a new configuration finds when it is complete', async () => {
    const bench = benchWith('repair');
    await bench.begin(...network);
    const items = network.map((payload) => itemOf(payload));
    bench.reconciler.replace(items, false, 2);
    await bench.turn();
    bench.dataplane.put(tunnel(10, R2), `tunnel/10/${R2}`);
    bench.want([]);
    await bench.turn();
    bench.assertEqual(network);
    assert.deepEqual(bench.takeDrifts(), []);
  });

  it('that cannot be repaired is told once, and the item has failed', async () => {
    const bench = benchWith('repair');
    await bench.begin(...network);
    bench.takeReports();
    bench.dataplane.faults.push({ key: 'bd/10', times: 2, mode: 'refuse' });
    bench.dataplane.destroy('bd/10');
    bench.reconciler.checkNow();
    await bench.turn();
    assert.deepEqual(bench.takeDrifts(), ['FAILED bd/10: missing']);
    assert.deepEqual(bench.takeReports(), ['bd/10 KERNEL_REFUSED']);
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.takeDrifts(), []);
    assert.deepEqual(bench.takeReports(), ['bd/10 applied']);
  });

  it('is not told of a key that has a new version anyway', async () => {
    const bench = benchWith('repair');
    await bench.begin(...network);
    bench.dataplane.destroy('bd/10');
    bench.want([bridgeDomain(10, { mtu: 1400 })]);
    await bench.turn();
    assert.deepEqual(bench.takeDrifts(), []);
    bench.assertEqual([vtep(), bridgeDomain(10, { mtu: 1400 })]);
  });

  it('is found in what a restarted agent had never seen', async () => {
    const bench = benchWith('repair');
    await bench.begin(...network);
    await bench.restart();
    bench.dataplane.put(bridgeDomain(10, { mtu: 1400 }), 'bd/10');
    await bench.begin(...network);
    assert.deepEqual(bench.takeDrifts(), [], 'nothing had been applied by this agent yet');
    bench.assertEqual(network);
  });

  describe('that is only reported', () => {
    it('is left alone, told once for each difference, and the item stays applied', async () => {
      const bench = benchWith('report');
      await bench.begin(...network);
      bench.takeReports();
      bench.takeSteps();
      for (const mtu of [1400, 1400, 1300]) {
        bench.dataplane.put(bridgeDomain(10, { mtu }), 'bd/10');
        await bench.clock.advance(70_000);
      }
      bench.dataplane.put(bridgeDomain(10), 'bd/10');
      await bench.clock.advance(70_000);
      bench.dataplane.put(bridgeDomain(10, { mtu: 1300 }), 'bd/10');
      await bench.clock.advance(70_000);
      assert.deepEqual(bench.takeDrifts(), [
        'REPORTED bd/10: mtu 1400, not 1450',
        'REPORTED bd/10: mtu 1300, not 1450',
        'REPORTED bd/10: mtu 1300, not 1450',
      ]);
      assert.deepEqual(bench.takeReports(), []);
      assert.deepEqual(bench.takeSteps(), []);
      assert.deepEqual(bench.reconciler.status().counts, { wanted: 2, applied: 2, failed: 0 });
    });

    it('is repaired by a new version', async () => {
      const bench = benchWith('report');
      await bench.begin(...network);
      bench.dataplane.destroy('bd/10');
      await bench.clock.advance(40_000);
      bench.want([bridgeDomain(10, { mtu: 1400 })]);
      await bench.turn();
      bench.assertEqual([vtep(), bridgeDomain(10, { mtu: 1400 })]);
    });

    it('is in the plan, and repaired by applying it', async () => {
      const bench = benchWith('report');
      await bench.begin(...network);
      bench.dataplane.destroy('bd/10');
      bench.dataplane.put(tunnel(20, R2), `tunnel/20/${R2}`);
      await bench.clock.advance(40_000);
      bench.takeDrifts();
      await bench.reconciler.apply((await bench.reconciler.plan()).hash);
      bench.assertEqual(network);
      assert.deepEqual(bench.takeDrifts(), [
        'REPAIRED bd/10: missing',
        `REPAIRED tunnel/20/${R2}: unexpected: not wanted, but there`,
      ]);
      await bench.clock.advance(70_000);
      assert.deepEqual(bench.takeDrifts(), []);
    });

    it('blocks what needs what is missing, until that is back', async () => {
      const bench = benchWith('report');
      await bench.begin(...network);
      bench.dataplane.destroy('bd/10');
      await bench.clock.advance(40_000);
      bench.takeReports();
      bench.want([port('e1', 10)]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), ['port/e1 ITEM_BLOCKED']);
      await bench.reconciler.apply((await bench.reconciler.plan()).hash);
      bench.assertEqual([...network, port('e1', 10)]);
    });

    it('makes way where something else is removed', async () => {
      const bench = benchWith('report');
      await bench.begin(...network);
      bench.dataplane.put(tunnel(10, R2), `tunnel/10/${R2}`);
      await bench.clock.advance(40_000);
      assert.deepEqual(bench.takeDrifts().length, 1);
      bench.want([], ['bd/10']);
      await bench.turn();
      bench.assertEqual([vtep()]);
    });

    it('of an object that nobody wants is told once, and forgotten with it', async () => {
      const bench = benchWith('report');
      await bench.begin(...network);
      bench.takeReports();
      const key = `tunnel/10/${R2}`;
      for (let i = 0; i < 2; i++) {
        bench.dataplane.put(tunnel(10, R2), key);
        await bench.clock.advance(70_000);
        assert.equal(bench.takeDrifts().length, 1);
        bench.dataplane.destroy(key);
        await bench.clock.advance(70_000);
      }
      assert.deepEqual(bench.takeReports(), []);
    });
  });
});
