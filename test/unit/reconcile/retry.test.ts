import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { at, bridgeDomain, behind, macEntry, port, tunnel, vtep } from '../../support/items.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { Bench } from '../../support/reconciling.js';

const R1 = '10.0.1.1';
const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
const network = [vtep(), bridgeDomain(10)];
const whole = [...network, tunnel(10, R1), macEntry(10, A, behind(R1))];

/** No drift check, no chance. */
function steadyBench(dataplane = new MemoryDataplane()): Bench {
  return new Bench(dataplane, new FakeClock(), {
    drift: { intervalMs: 0, policy: 'repair' },
    retry: { initialMs: 1000, maxMs: 8000, jitter: 0 },
  });
}

describe('retry', () => {
  it('waits longer after each failure, up to a cap, and begins anew after a success', async () => {
    const bench = steadyBench();
    const times: number[] = [];
    const noteTime = (): void => {
      times.push(bench.clock.monotonic());
    };
    bench.dataplane.faults.push({ key: 'bd/10', times: 6, mode: 'refuse' });
    await bench.begin(vtep());
    bench.dataplane.beforeApply = noteTime;
    bench.want(network);
    await bench.turn();
    await bench.clock.advance(60_000);
    assert.deepEqual(times, [0, 1000, 3000, 7000, 15_000, 23_000, 31_000]);
    assert.deepEqual(bench.takeReports(), [
      'vtep/10.0.0.1 applied',
      'vtep/10.0.0.1 applied',
      'bd/10 KERNEL_REFUSED',
      'bd/10 applied',
    ]);
    bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'refuse' });
    bench.dataplane.destroy('bd/10');
    bench.reconciler.checkNow();
    await bench.turn();
    await bench.clock.advance(1000);
    bench.assertEqual(network);
  });

  it('comes at once when the dataplane was started again, but of what may have ended the one before', async () => {
    const bench = steadyBench();
    const lacks = new NfvError('VPP_MESSAGE_MISSING', 'no such plugin');
    bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'refuse', error: lacks });
    bench.dataplane.faults.push({ key: 'bd/20', times: 1, mode: 'refuse' });
    await bench.begin(...network, bridgeDomain(20));
    bench.dataplane.objects.clear();
    bench.dataplane.notify('restarted');
    await bench.turn();
    assert.deepEqual([...bench.dataplane.objects.keys()], ['vtep/10.0.0.1', 'bd/10']);
    await bench.clock.advance(1000);
    bench.assertEqual([...network, bridgeDomain(20)]);
  });

  it('is the item’s own: others are not held up', async () => {
    const bench = steadyBench();
    bench.dataplane.faults.push({ key: 'bd/20', times: 3, mode: 'refuse' });
    await bench.begin(...network, bridgeDomain(20));
    bench.want([tunnel(10, R1)]);
    await bench.turn();
    assert.ok(bench.dataplane.objects.has(`tunnel/10/${R1}`));
    await bench.clock.advance(7000);
    assert.ok(bench.dataplane.objects.has('bd/20'));
  });

  it('is dropped for a new version, which is tried at once and from the first wait on', async () => {
    const bench = steadyBench();
    bench.dataplane.faults.push({ key: 'bd/10', times: 4, mode: 'refuse' });
    await bench.begin(...network);
    await bench.clock.advance(3000);
    bench.takeSteps();
    bench.want([bridgeDomain(10, { mtu: 1400 })]);
    await bench.turn();
    assert.deepEqual(bench.takeSteps(), ['create bd/10']);
    await bench.clock.advance(1000);
    assert.deepEqual(bench.takeSteps(), ['create bd/10']);
    bench.assertEqual([vtep(), bridgeDomain(10, { mtu: 1400 })]);
    await bench.clock.advance(60_000);
    assert.deepEqual(bench.takeSteps(), []);
  });

  it('of a failure that nobody but a person can mend has the longest wait', async () => {
    const bench = steadyBench();
    const error = new NfvError('NOT_PRIVILEGED', 'no');
    bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'refuse', error });
    await bench.begin(...network);
    await bench.clock.advance(7999);
    assert.equal(bench.dataplane.objects.has('bd/10'), false);
    await bench.clock.advance(1);
    assert.equal(bench.dataplane.objects.has('bd/10'), true);
  });

  it('does not concern what this dataplane cannot do', async () => {
    const bench = steadyBench(new MemoryDataplane({ without: ['tunnel'] }));
    await bench.begin(...whole);
    assert.deepEqual(bench.takeReports(), [
      'vtep/10.0.0.1 applied',
      'bd/10 applied',
      `tunnel/10/${R1} ITEM_UNSUPPORTED`,
      `mac/10/${A} ITEM_BLOCKED`,
    ]);
    assert.equal(bench.clock.pending, 0);
  });

  it('takes what was blocked along as soon as its dependency stands', async () => {
    const bench = steadyBench();
    bench.dataplane.faults.push({ key: 'bd/10', times: 2, mode: 'refuse' });
    await bench.begin(...whole);
    assert.deepEqual(bench.takeReports(), [
      'vtep/10.0.0.1 applied',
      'bd/10 KERNEL_REFUSED',
      `tunnel/10/${R1} ITEM_BLOCKED`,
      `mac/10/${A} ITEM_BLOCKED`,
    ]);
    assert.deepEqual(bench.takeSteps(), ['create vtep/10.0.0.1', 'create bd/10'], 'not attempted');
    await bench.clock.advance(1000);
    assert.deepEqual(bench.takeSteps(), ['create bd/10']);
    await bench.clock.advance(2000);
    bench.assertEqual(whole);
    assert.deepEqual(bench.takeReports(), [
      'bd/10 applied',
      `tunnel/10/${R1} applied`,
      `mac/10/${A} applied`,
    ]);
  });

  describe('of a dependency that is there', () => {
    const taller = bridgeDomain(10, { mtu: 1400 });
    const elsewhere = bridgeDomain(10, { vtep: '10.0.0.2' });
    const news = tunnel(10, R1);

    it('keeps nobody waiting, be it that it failed before', async () => {
      const bench = steadyBench();
      await bench.begin(...network);
      bench.dataplane.faults.push({ key: 'bd/10', times: 2, mode: 'refuse' });
      bench.want([taller]);
      await bench.turn();
      assert.deepEqual(bench.takeReports().slice(-1), ['bd/10 KERNEL_REFUSED']);
      bench.want([news]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), [`tunnel/10/${R1} applied`]);
      await bench.clock.advance(3000);
      assert.deepEqual(bench.takeReports(), ['bd/10 applied']);
      bench.assertEqual([vtep(), taller, news]);
    });

    it('keeps nobody waiting, be it that it fails in the same pass', async () => {
      const bench = steadyBench();
      await bench.begin(...network);
      bench.takeReports();
      bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'refuse' });
      bench.want([taller, news, macEntry(10, A, behind(R1))]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), [
        'bd/10 KERNEL_REFUSED',
        `tunnel/10/${R1} applied`,
        `mac/10/${A} applied`,
      ]);
      assert.equal(bench.takeSteps().at(-3), 'update bd/10', 'it goes first all the same');
    });

    it('keeps it waiting if it is to be made anew', async () => {
      const bench = steadyBench();
      await bench.begin(...network, vtep('10.0.0.2'));
      bench.takeReports();
      bench.dataplane.faults.push({ key: 'bd/10', op: 'delete', times: 1, mode: 'refuse' });
      bench.want([elsewhere]);
      await bench.turn();
      bench.want([news]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), [
        'bd/10 KERNEL_REFUSED',
        `tunnel/10/${R1} ITEM_BLOCKED`,
      ]);
      await bench.clock.advance(1000);
      bench.assertEqual([vtep(), elsewhere, news, vtep('10.0.0.2')]);
    });

    it('keeps it waiting if it is not whole, until it is', async () => {
      const bench = steadyBench();
      await bench.begin(...network);
      bench.takeReports();
      bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'half' });
      bench.dataplane.faults.push({ key: 'bd/10', times: 5, mode: 'refuse' });
      bench.want([taller]);
      await bench.turn();
      bench.want([news]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), [
        'bd/10 KERNEL_REFUSED',
        `tunnel/10/${R1} ITEM_BLOCKED`,
      ]);
      // Somebody makes it whole, but leaves it as small as it was.
      bench.dataplane.put(bridgeDomain(10), 'bd/10');
      bench.dataplane.notify(['bd/10']);
      await bench.clock.advance(100);
      assert.deepEqual(bench.takeReports(), [`tunnel/10/${R1} applied`]);
      assert.equal(bench.reconciler.status().counts.failed, 1);
    });

    it('keeps it waiting if it is in another place', async () => {
      const bench = steadyBench();
      const before = [...network, bridgeDomain(20), port('e1', 10)];
      await bench.begin(...before);
      bench.takeReports();
      bench.dataplane.faults.push({ key: 'port/e1', times: 1, mode: 'refuse' });
      bench.want([port('e1', 20), macEntry(20, A, at('e1'))]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), ['port/e1 KERNEL_REFUSED', `mac/20/${A} ITEM_BLOCKED`]);
      bench.want([macEntry(20, B, at('e1'))]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), [`mac/20/${B} ITEM_BLOCKED`]);
    });

    it('keeps it waiting if what that hangs on has failed and is not there', async () => {
      const bench = steadyBench(new MemoryDataplane({ parents: 'cascade' }));
      await bench.begin(...network, port('e1', 10));
      // The port stays behind.
      bench.dataplane.destroy('bd/10');
      bench.dataplane.put(port('e1', 10), 'port/e1');
      bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'refuse' });
      bench.takeSteps();
      bench.takeReports();
      const e1 = port('e1', 10, { mtu: 1400 });
      bench.want([bridgeDomain(10), e1, macEntry(10, A, at('e1'))]);
      await bench.turn();
      bench.want([macEntry(10, B, at('e1'))]);
      await bench.turn();
      assert.deepEqual(bench.takeSteps(), ['create bd/10']);
      assert.deepEqual(
        [...new Set(bench.takeReports())],
        [
          'bd/10 KERNEL_REFUSED',
          'port/e1 ITEM_BLOCKED',
          `mac/10/${A} ITEM_BLOCKED`,
          `mac/10/${B} ITEM_BLOCKED`,
        ],
      );
      await bench.clock.advance(1000);
      const macs = [macEntry(10, A, at('e1')), macEntry(10, B, at('e1'))];
      bench.assertEqual([...network, e1, ...macs]);
    });

    it('lets go ahead even what must be broken and made anew', async () => {
      const bench = steadyBench();
      await bench.begin(...network, news);
      bench.takeReports();
      bench.dataplane.faults.push({ key: 'bd/10', times: 1, mode: 'refuse' });
      bench.want([taller, tunnel(10, R1, '10.0.0.2')]);
      await bench.turn();
      assert.deepEqual(bench.takeReports(), ['bd/10 KERNEL_REFUSED', `tunnel/10/${R1} applied`]);
    });
  });

  it('says nothing again of what stays blocked', async () => {
    const bench = new Bench();
    bench.dataplane.faults.push({ key: 'bd/10', times: 1000, mode: 'refuse' });
    await bench.begin(...whole);
    bench.takeReports();
    bench.want([tunnel(10, '10.0.1.2')]);
    await bench.clock.advance(200_000);
    assert.deepEqual(bench.takeReports(), ['tunnel/10/10.0.1.2 ITEM_BLOCKED']);
  });

  it('looks at the dependencies too, which may have gone unseen', async () => {
    const bench = steadyBench();
    await bench.begin(...network);
    bench.dataplane.destroy('bd/10');
    bench.want([tunnel(10, R1)]);
    await bench.turn();
    assert.deepEqual(bench.takeReports().slice(-1), [`tunnel/10/${R1} KERNEL_REFUSED`]);
    await bench.clock.advance(1000);
    bench.assertEqual([...network, tunnel(10, R1)]);
    assert.deepEqual(bench.takeDrifts(), ['REPAIRED bd/10: missing']);
  });

  it('tries what was obstructed at once when something of ours is removed', async () => {
    const bench = steadyBench();
    bench.dataplane.foreign.add('bd/20');
    await bench.begin(...network, bridgeDomain(20), tunnel(10, R1));
    await bench.clock.advance(3000);
    bench.dataplane.beforeApply = (steps): void => {
      if (steps[0]?.op === 'delete') bench.dataplane.foreign.delete('bd/20');
    };
    bench.want([], [`tunnel/10/${R1}`]);
    await bench.turn();
    bench.assertEqual([...network, bridgeDomain(20)]);
  });

  it('gives a name to who waits for it as soon as it is free', async () => {
    const bench = steadyBench();
    const [e1, e2] = [port('e1', 10, { name: 'tap-x' }), port('e2', 10, { name: 'tap-x' })];
    await bench.begin(...network, e1);
    bench.want([e2]);
    await bench.turn();
    assert.deepEqual(bench.takeReports().slice(-1), ['port/e2 ITEM_BLOCKED']);
    bench.want([], ['port/e1']);
    await bench.turn();
    bench.assertEqual([...network, e2]);
  });

  it('is not brought forward by full passes, unless what obstructed it is gone', async () => {
    const bench = steadyBench();
    bench.dataplane.faults.push({ key: 'bd/10', times: 3, mode: 'refuse' });
    bench.dataplane.foreign.add('bd/20');
    await bench.begin(...network, bridgeDomain(20));
    await bench.clock.advance(3000);
    bench.takeSteps();
    bench.reconciler.checkNow();
    await bench.turn();
    assert.deepEqual(bench.takeSteps(), []);
    bench.dataplane.foreign.clear();
    bench.reconciler.checkNow();
    await bench.turn();
    assert.deepEqual(bench.takeSteps(), ['create bd/20']);
  });

  it('is brought forward by a change on the host, but not below the first wait', async () => {
    const bench = steadyBench();
    bench.dataplane.faults.push({ key: 'bd/10', times: 3, mode: 'refuse' });
    await bench.begin(...network);
    await bench.clock.advance(3000);
    bench.takeSteps();
    for (let i = 0; i < 9; i++) {
      bench.dataplane.notify(['bd/10']);
      await bench.clock.advance(100);
    }
    assert.deepEqual(bench.takeSteps(), []);
    await bench.clock.advance(100);
    assert.deepEqual(bench.takeSteps(), ['create bd/10']);
  });

  it('is not brought forward by the echo of the attempt itself', async () => {
    const bench = steadyBench(new MemoryDataplane({ echo: true }));
    const times: number[] = [];
    bench.dataplane.beforeApply = (): void => {
      times.push(bench.clock.monotonic());
    };
    bench.dataplane.faults.push({ key: 'bd/10', times: 100, mode: 'refuse' });
    await bench.begin(...network);
    await bench.clock.advance(16_000);
    assert.deepEqual(times, [0, 0, 1000, 3000, 7000, 15_000]);
  });

  it('is one pass for many that failed together', async () => {
    const bench = steadyBench();
    bench.dataplane.faults.push({ op: 'create', times: 300, mode: 'refuse' });
    const vteps = Array.from({ length: 300 }, (_, i) => vtep(`10.9.${i >> 8}.${i & 255}`));
    await bench.begin(...vteps);
    const before = bench.dataplane.scopes.length;
    await bench.clock.advance(1000);
    bench.assertEqual(vteps);
    assert.equal(bench.dataplane.scopes.length - before, 2);
  });
});
