import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import type { Payload } from '../../../src/model/item.js';
import {
  at,
  behind,
  bridgeDomain,
  itemOf,
  macEntry,
  neighbor,
  port,
  tunnel,
  vtep,
} from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { dataplaneWith } from '../../support/plans.js';
import { Bench } from '../../support/reconciling.js';

const R1 = '10.0.1.1';
const R2 = '10.0.1.2';
const A = '02:00:00:00:00:0a';
const network = [vtep(), bridgeDomain(10)];
const whole = [...network, tunnel(10, R1), macEntry(10, A, behind(R1))];

describe('reconciler', () => {
  describe('passes', () => {
    it('bring an empty host to what is wanted, and report each item once', async () => {
      const bench = new Bench();
      await bench.begin(...whole);
      bench.assertEqual(whole);
      assert.equal(bench.reports.length, 1);
      assert.equal(bench.reports[0]?.settledRevision, 1);
      assert.deepEqual(bench.takeReports(), [
        'vtep/10.0.0.1 applied',
        'bd/10 applied',
        `tunnel/10/${R1} applied`,
        `mac/10/${A} applied`,
      ]);
      await bench.clock.advance(100_000);
      assert.deepEqual(bench.takeReports(), []);
      assert.equal(bench.dataplane.log.length, 4);
    });

    it('adopt what is there, and remove what is left over', async () => {
      const bench = new Bench(dataplaneWith([...whole, tunnel(10, R2)]));
      await bench.begin(...whole);
      assert.deepEqual(bench.takeSteps(), [`delete tunnel/10/${R2}`]);
      assert.deepEqual(bench.takeDrifts(), []);
      assert.ok(bench.takeReports().includes(`tunnel/10/${R2} absent`));
    });

    it('do nothing before the start', async () => {
      const bench = new Bench();
      bench.want(whole);
      await bench.clock.advance(60_000);
      assert.equal(bench.dataplane.scopes.length, 0);
      assert.equal(bench.clock.pending, 0);
    });

    it('look at no more than what changed', async () => {
      const bench = new Bench();
      await bench.begin(...whole);
      bench.want([tunnel(10, R2)]);
      await bench.turn();
      assert.deepEqual(bench.lastScope, [`tunnel/10/${R2}`]);
      bench.want([bridgeDomain(10, { mtu: 1400 })]);
      await bench.turn();
      assert.deepEqual(bench.lastScope, ['bd/10']);
      assert.equal(bench.dataplane.scopes.filter(({ kind }) => kind === 'all').length, 1);
    });

    it('look at all that hangs on what must be recreated', async () => {
      const bench = new Bench();
      await bench.begin(...whole, vtep('10.0.0.2'));
      bench.takeSteps();
      bench.want([bridgeDomain(10, { vtep: '10.0.0.2' })]);
      await bench.turn();
      assert.deepEqual(bench.takeSteps(), [
        `delete mac/10/${A}`,
        `delete tunnel/10/${R1}`,
        'delete bd/10',
        'create bd/10',
        `create tunnel/10/${R1}`,
        `create mac/10/${A}`,
      ]);
      assert.deepEqual(bench.takeDrifts(), []);
    });

    it('look at who has the name that a changed item wants, and at what hangs on it', async () => {
      const bench = new Bench();
      const mac = macEntry(10, A, at('e1'));
      await bench.begin(...network, port('e1', 10, { name: 'tap-x' }), mac);
      bench.takeSteps();
      const after = [port('e1', 10, { name: 'tap-y' }), port('e2', 10, { name: 'tap-x' })];
      bench.want(after);
      await bench.turn();
      assert.deepEqual(bench.takeSteps(), [
        `delete mac/10/${A}`,
        'delete port/e1',
        'create port/e1',
        'create port/e2',
        `create mac/10/${A}`,
      ]);
      bench.assertEqual([...network, ...after, mac]);
    });

    it('remove nothing before the configuration is complete, then all at once', async () => {
      const bench = new Bench(dataplaneWith([...network, tunnel(10, R2)]));
      const items = network.map((payload) => itemOf(payload));
      bench.reconciler.replace(items, false, 1);
      bench.reconciler.start();
      await bench.turn();
      bench.reconciler.setWanted({
        upserts: [],
        removes: ['bd/10'],
        complete: false,
        revision: 2,
      });
      await bench.clock.advance(60_000);
      assert.deepEqual(bench.takeSteps(), []);
      bench.want([]);
      await bench.turn();
      assert.deepEqual(bench.takeSteps(), [`delete tunnel/10/${R2}`, 'delete bd/10']);
      assert.deepEqual(bench.takeDrifts(), []);
    });

    it('take up what is said to go on together, but do not wait for that for long', async () => {
      const bench = new Bench();
      await bench.begin(...network);
      bench.takeSteps();
      const part = (payload: Payload, revision: number, more: boolean): void => {
        const upserts = [itemOf(payload)];
        bench.reconciler.setWanted({ upserts, removes: [], complete: true, revision, more });
      };
      const passes = (): number => bench.events.filter(({ kind }) => kind === 'pass').length;
      const before = passes();
      part(tunnel(10, R1), 2, true);
      await bench.clock.advance(999);
      assert.equal(passes(), before);
      assert.equal(bench.reconciler.status().isSettled, false);
      part(tunnel(10, R2), 3, false);
      await bench.turn();
      assert.equal(passes(), before + 1);
      assert.deepEqual(bench.takeSteps(), [`create tunnel/10/${R1}`, `create tunnel/10/${R2}`]);
      part(port('e1', 10), 4, true);
      await bench.clock.advance(900);
      part(port('e2', 10), 5, true);
      await bench.clock.advance(100);
      assert.deepEqual(bench.takeSteps(), ['create port/e1', 'create port/e2']);
      assert.equal(bench.reconciler.status().settledRevision, 5);
    });

    it('take changes that come in meanwhile up afterwards, the last of each key only', async () => {
      const bench = new Bench();
      await bench.begin(...network);
      bench.takeReports();
      let calls = 0;
      bench.dataplane.beforeApply = (): void => {
        if (calls++ > 0) return;
        bench.want([bridgeDomain(10, { mtu: 1300 })]);
        bench.want([bridgeDomain(10, { mtu: 1200 })]);
        bench.want([tunnel(10, R1)]);
        bench.want([], [`tunnel/10/${R1}`]);
      };
      bench.want([bridgeDomain(10, { mtu: 1400 })]);
      await bench.turn();
      bench.assertEqual([vtep(), bridgeDomain(10, { mtu: 1200 })]);
      const versions = bench.reports.flatMap(({ entries }) =>
        entries.filter(({ key }) => key === 'bd/10').map(({ version }) => version),
      );
      assert.deepEqual(versions, [itemOf(bridgeDomain(10, { mtu: 1200 })).version]);
    });

    it('report a settled revision even if nothing else changed', async () => {
      const bench = new Bench();
      await bench.begin(...network);
      bench.takeReports();
      bench.want([]);
      await bench.turn();
      assert.deepEqual(bench.reports, [{ entries: [], settledRevision: bench.revision }]);
    });

    it('answer again who asks again', async () => {
      const bench = new Bench();
      await bench.begin(...network);
      bench.takeReports();
      bench.takeSteps();
      bench.want([bridgeDomain(10)], ['tunnel/99/10.0.1.1']);
      await bench.turn();
      assert.deepEqual(bench.takeReports().toSorted(), [
        'bd/10 applied',
        'tunnel/99/10.0.1.1 absent',
      ]);
      assert.deepEqual(bench.takeSteps(), []);
    });

    it('replace one configuration by another', async () => {
      const bench = new Bench();
      await bench.begin(...whole);
      bench.takeReports();
      const items = [vtep(), bridgeDomain(20)].map((payload) => itemOf(payload));
      bench.reconciler.replace(items, true, 7);
      await bench.turn();
      bench.assertEqual([vtep(), bridgeDomain(20)]);
      assert.deepEqual(bench.takeDrifts(), []);
      assert.ok(bench.takeReports().includes('bd/10 absent'));
      assert.equal(bench.reconciler.status().settledRevision, 7);
    });
  });

  describe('a failed step', () => {
    it('keeps the old network under a port that could not be moved off it', async () => {
      const bench = new Bench(new MemoryDataplane({ parents: 'cascade' }));
      await bench.begin(...network, bridgeDomain(20), port('e1', 10));
      bench.takeSteps();
      bench.dataplane.faults.push({ key: 'port/e1', times: 1, mode: 'refuse' });
      bench.want([port('e1', 20)], ['bd/10']);
      await bench.turn();
      assert.deepEqual(bench.takeSteps(), ['update port/e1']);
      assert.deepEqual(bench.takeReports().slice(-2).toSorted(), [
        'bd/10 ITEM_BLOCKED',
        'port/e1 KERNEL_REFUSED',
      ]);
      await bench.clock.advance(2000);
      bench.assertEqual([vtep(), bridgeDomain(20), port('e1', 20)]);
    });

    it('breaks nothing for a recreation that it makes impossible', async () => {
      const bench = new Bench();
      await bench.begin(...whole);
      bench.takeSteps();
      bench.dataplane.faults.push({ key: 'vtep/10.0.0.2', times: 1, mode: 'refuse' });
      const after = [vtep('10.0.0.2'), bridgeDomain(10, { vtep: '10.0.0.2' })];
      bench.want(after);
      await bench.turn();
      assert.deepEqual(bench.takeSteps(), ['create vtep/10.0.0.2']);
      await bench.clock.advance(2000);
      bench.assertEqual([vtep(), ...after, ...whole.slice(2)]);
    });

    it('is nobody else’s', async () => {
      const bench = new Bench();
      bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'half' });
      await bench.begin(...whole, bridgeDomain(20));
      assert.deepEqual(bench.takeSteps(), ['create vtep/10.0.0.1', 'create bd/10', 'create bd/20']);
      await bench.clock.advance(2000);
      bench.assertEqual([...whole, bridgeDomain(20)]);
    });
  });

  describe('success', () => {
    it('is what is read back, whatever the dataplane said', async () => {
      const bench = new Bench();
      bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'silent' });
      await bench.begin(...network);
      assert.deepEqual(bench.takeReports(), ['vtep/10.0.0.1 applied', 'bd/10 READBACK_MISMATCH']);
      await bench.clock.advance(2000);
      bench.assertEqual(network);
      assert.deepEqual(bench.takeReports(), ['bd/10 applied']);
    });

    it('is what is read back, even after a failure', async () => {
      const bench = new Bench();
      bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'late' });
      await bench.begin(...network);
      assert.deepEqual(bench.takeReports(), ['vtep/10.0.0.1 applied', 'bd/10 applied']);
    });

    it('of a removal is that the object is gone', async () => {
      const bench = new Bench();
      await bench.begin(...network);
      bench.takeReports();
      bench.dataplane.faults.push({ op: 'delete', times: 1, mode: 'silent' });
      bench.want([], ['bd/10']);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), ['bd/10 READBACK_MISMATCH']);
      await bench.clock.advance(2000);
      assert.deepEqual(bench.takeReports(), ['bd/10 absent']);
    });

    it('is unknown when it cannot be read back', async () => {
      const bench = new Bench();
      await bench.begin(...network);
      bench.takeReports();
      bench.dataplane.beforeApply = (): void => {
        bench.dataplane.failObservations = 1;
      };
      bench.want([bridgeDomain(10, { mtu: 1400 })]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), ['bd/10 KERNEL_REFUSED']);
      await bench.clock.advance(3000);
      assert.deepEqual(bench.takeReports(), ['bd/10 applied']);
      bench.assertEqual([vtep(), bridgeDomain(10, { mtu: 1400 })]);
    });
  });

  describe('plan and apply', () => {
    it('apply just the plan that was shown', async () => {
      const bench = new Bench();
      bench.want(network);
      const plan = await bench.reconciler.plan();
      assert.deepEqual(bench.takeSteps(), []);
      const done = await bench.reconciler.apply(plan.hash);
      assert.equal(done.hash, plan.hash);
      assert.deepEqual(bench.takeSteps(), ['create vtep/10.0.0.1', 'create bd/10']);
      bench.assertEqual(network);
      assert.equal((await bench.reconciler.plan()).waves.length, 0);
    });

    it('refuse a plan that is no longer so, and do nothing', async () => {
      const bench = new Bench();
      bench.want(network);
      const { hash } = await bench.reconciler.plan();
      bench.want([tunnel(10, R1)]);
      await assert.rejects(bench.reconciler.apply(hash), { code: 'PLAN_CHANGED' });
      assert.deepEqual(bench.takeSteps(), []);
      bench.reconciler.start();
      await bench.turn();
      bench.assertEqual([...network, tunnel(10, R1)]);
    });

    it('wait for the running pass', async () => {
      const bench = new Bench();
      let planned: Promise<readonly string[]> | undefined;
      bench.dataplane.beforeApply = (): void => {
        planned ??= bench.reconciler.plan().then(({ waves }) => waves.map(String));
      };
      await bench.begin(...whole);
      assert.deepEqual(await planned, []);
    });

    it('are bounded in number', async () => {
      const bench = new Bench();
      const plans = Array.from({ length: 20 }, () => bench.reconciler.plan());
      const results = await Promise.allSettled(plans);
      const refused = results.filter(({ status }) => status === 'rejected');
      assert.equal(refused.length, 4);
    });

    it('say why nothing can be planned', async () => {
      const bench = new Bench();
      bench.dataplane.failObservations = 1;
      await assert.rejects(bench.reconciler.plan(), { code: 'KERNEL_REFUSED' });
    });
  });

  it('tells counts, failures and the state of things', async () => {
    const bench = new Bench();
    bench.dataplane.foreign.add('bd/10');
    await bench.begin(...whole);
    const { counts, failures, ...rest } = bench.reconciler.status();
    assert.deepEqual(counts, { wanted: 4, applied: 1, failed: 3 });
    assert.deepEqual(
      failures.map(({ key, code }) => `${key} ${code}`),
      ['bd/10 FOREIGN_OBJECT', `mac/10/${A} ITEM_BLOCKED`, `tunnel/10/${R1} ITEM_BLOCKED`],
    );
    assert.deepEqual(rest, {
      revision: 1,
      settledRevision: 1,
      isSettled: true,
      isComplete: true,
      lastPass: { isFull: true, durationMs: 0 },
      driftCount: 0,
    });
    const { entries, settledRevision } = bench.reconciler.failures();
    assert.equal(settledRevision, 1);
    assert.deepEqual(
      new Map(entries.map(({ key, failure }) => [key, failure?.code])),
      new Map(failures.map(({ key, code }) => [key, code])),
    );
  });

  it('has not tried a revision anew that comes with something else, as from a store that was put back', async () => {
    const bench = new Bench();
    await bench.begin(...network);
    const settledRevision = (): number => bench.reconciler.failures().settledRevision;
    assert.equal(settledRevision(), 1);
    const change = { removes: [], complete: true, revision: 1 };
    bench.reconciler.setWanted({ ...change, upserts: [itemOf(tunnel(10, R1))] });
    assert.equal(settledRevision(), 0);
    await bench.turn();
    assert.equal(settledRevision(), 1);
  });

  it('does not call a revision tried when more of it has come meanwhile', async () => {
    const bench = new Bench();
    await bench.begin(...network);
    bench.dataplane.beforeApply = () => {
      bench.dataplane.beforeApply = undefined;
      bench.reconciler.setWanted({
        ...{ upserts: [itemOf(tunnel(10, R2))], removes: [] },
        ...{ complete: true, revision: 2 },
      });
    };
    bench.reports.length = 0;
    bench.want([tunnel(10, R1)]);
    await bench.turn();
    const told = bench.reports.map(({ settledRevision }) => settledRevision);
    assert.deepEqual(told, [1, 2]);
  });

  it('exports no more than a hundred failures', async () => {
    const bench = new Bench();
    const orphans = Array.from({ length: 150 }, (_, i) => neighbor(10, `10.9.0.${i}`, A));
    await bench.begin(...orphans);
    assert.equal(bench.reconciler.status().failures.length, 100);
    assert.equal(bench.reconciler.status().counts.failed, 150);
  });

  it('survives a callback that throws', async () => {
    const bench = new Bench();
    bench.reports.push = (): number => {
      throw new NfvError('INTERNAL', 'no');
    };
    await bench.begin(...network);
    assert.ok(bench.events.some(({ kind }) => kind === 'callback_failed'));
    bench.assertEqual(network);
  });
});
