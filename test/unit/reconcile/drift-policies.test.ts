import assert from 'node:assert/strict';
import type { DriftPolicy as NetworkPolicy } from '../../../src/model/drift-policy.js';
import type { Payload } from '../../../src/model/item.js';
import type { DriftPolicy } from '../../../src/reconcile/drift-policies.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { behind, bridgeDomain, macEntry, tunnel, vtep } from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { Bench } from '../../support/reconciling.js';

const REMOTE = '10.0.1.1';
const MAC = '02:00:00:00:00:0a';

const network = (vni: number, driftPolicy?: NetworkPolicy): Payload[] => [
  bridgeDomain(vni, driftPolicy === undefined ? {} : { driftPolicy }),
  tunnel(vni, REMOTE),
  macEntry(vni, MAC, behind(REMOTE)),
];

const benchWith = (policy: DriftPolicy): Bench =>
  new Bench(new MemoryDataplane(), new FakeClock(), { drift: { intervalMs: 30_000, policy } });

describe('the drift policy of a network', () => {
  it('is for its items, whatever that of the agent and of other networks', async () => {
    const bench = benchWith('report');
    const all = [vtep(), ...network(10, 'REPAIR'), ...network(20), ...network(30, 'IGNORE')];
    await bench.begin(...all);
    for (const vni of [10, 20, 30]) {
      bench.dataplane.put(tunnel(vni, REMOTE), `tunnel/${vni}/${REMOTE}`, ['link down']);
      bench.dataplane.destroy(`mac/${vni}/${MAC}`);
    }
    bench.reconciler.checkNow();
    await bench.turn();
    assert.deepEqual([...bench.takeDrifts()].sort(), [
      `REPAIRED mac/10/${MAC}: missing`,
      `REPAIRED tunnel/10/${REMOTE}: link down`,
      `REPORTED mac/20/${MAC}: missing`,
      `REPORTED tunnel/20/${REMOTE}: link down`,
    ]);
    assert.equal(bench.leftAlone, 2);
    assert.equal(bench.dataplane.objects.has(`mac/10/${MAC}`), true);
    assert.equal(bench.dataplane.objects.has(`mac/20/${MAC}`), false);
    assert.equal(bench.dataplane.objects.has(`mac/30/${MAC}`), false);
  });

  it('is that of the agent for a VTEP', async () => {
    const bench = benchWith('report');
    await bench.begin(vtep(), ...network(10, 'REPAIR'));
    bench.dataplane.put(vtep(), 'vtep/10.0.0.1', ['link down']);
    bench.reconciler.checkNow();
    await bench.turn();
    assert.deepEqual(bench.takeDrifts(), ['REPORTED vtep/10.0.0.1: link down']);
  });

  it('is for what nobody wants in it, too', async () => {
    const bench = benchWith('repair');
    await bench.begin(vtep(), ...network(10, 'REPORT'));
    bench.dataplane.put(tunnel(10, '10.0.1.2'), 'tunnel/10/10.0.1.2');
    bench.reconciler.checkNow();
    await bench.turn();
    assert.deepEqual(bench.takeDrifts(), [
      'REPORTED tunnel/10/10.0.1.2: unexpected: not wanted, but there',
    ]);
  });

  for (const before of ['REPORT', 'IGNORE'] as const) {
    it(`takes effect at once when it becomes REPAIR after ${before}`, async () => {
      const bench = benchWith('repair');
      await bench.begin(vtep(), ...network(10, before));
      bench.dataplane.destroy(`mac/10/${MAC}`);
      bench.reconciler.checkNow();
      await bench.turn();
      bench.takeDrifts();
      assert.equal(bench.leftAlone, before === 'REPORT' ? 1 : 0);
      bench.want([bridgeDomain(10, { driftPolicy: 'REPAIR' })]);
      await bench.turn();
      assert.deepEqual(bench.takeDrifts(), [`REPAIRED mac/10/${MAC}: missing`]);
      assert.equal(bench.leftAlone, 0);
      assert.equal(bench.dataplane.objects.has(`mac/10/${MAC}`), true);
    });
  }

  it('tells that nothing is left alone any more when it becomes IGNORE', async () => {
    const bench = benchWith('repair');
    await bench.begin(vtep(), ...network(10, 'REPORT'));
    bench.dataplane.destroy(`mac/10/${MAC}`);
    bench.reconciler.checkNow();
    await bench.turn();
    assert.equal(bench.leftAlone, 1);
    bench.want([bridgeDomain(10, { driftPolicy: 'IGNORE' })]);
    await bench.turn();
    assert.equal(bench.leftAlone, 0);
    assert.equal(bench.dataplane.objects.has(`mac/10/${MAC}`), false);
  });

  it('is no drift that an item is to be made otherwise', async () => {
    const all = [vtep(), ...network(20, 'REPORT')];
    const bench = benchWith('report');
    await bench.begin(...all);
    const { dataplane } = bench;
    const found = dataplane.objects.get('bd/20') ?? assert.fail();
    dataplane.put(found.payload, 'bd/20', ['terminates no ARP']);
    dataplane.notify({ otherwise: new Set(['bd/20', 'bd/21']) });
    await bench.turn();
    assert.deepEqual(dataplane.objects.get('bd/20')?.defects, []);
    assert.deepEqual(bench.takeDrifts(), []);
    assert.equal(bench.leftAlone, 0);
    // What somebody changes after that is.
    dataplane.put(found.payload, 'bd/20', ['terminates no ARP']);
    bench.reconciler.checkNow();
    await bench.turn();
    assert.equal(bench.takeDrifts().length, 1);
    assert.equal(bench.leftAlone, 1);
  });

  describe('and a dataplane that starts again with nothing', () => {
    const all = [
      vtep(),
      ...network(10, 'REPAIR'),
      ...network(20, 'REPORT'),
      ...network(30, 'IGNORE'),
      ...network(40),
    ];

    it('have nothing to do with each other: all is made again, and is no drift', async () => {
      const bench = benchWith('report');
      await bench.begin(...all);
      bench.takeReports();
      bench.dataplane.objects.clear();
      bench.dataplane.notify('lost');
      await settle();
      bench.dataplane.notify('restarted');
      await bench.turn();
      bench.assertEqual(all);
      assert.deepEqual(bench.takeDrifts(), []);
      assert.deepEqual(bench.takeReports(), []);
    });

    it('what was told before and left alone is as wanted then, too', async () => {
      const bench = benchWith('report');
      await bench.begin(...all);
      bench.dataplane.destroy(`mac/20/${MAC}`);
      bench.reconciler.checkNow();
      await bench.turn();
      assert.equal(bench.leftAlone, 1);
      bench.dataplane.objects.clear();
      bench.dataplane.notify('restarted');
      await bench.turn();
      bench.assertEqual(all);
      assert.equal(bench.leftAlone, 0);
    });

    it('also when that comes in the middle of a pass, which has seen what is gone', async () => {
      const bench = benchWith('report');
      await bench.begin(...all);
      bench.dataplane.beforeApply = (): void => {
        bench.dataplane.beforeApply = undefined;
        bench.dataplane.objects.clear();
        bench.dataplane.notify('restarted');
      };
      bench.want([tunnel(20, '10.0.1.2')]);
      await bench.turn();
      await bench.clock.advance(2000);
      bench.assertEqual([...all, tunnel(20, '10.0.1.2')]);
      assert.deepEqual(bench.takeDrifts(), []);
    });

    it('what failed before keeps its turn, for it may be what ended the dataplane', async () => {
      const bench = benchWith('report');
      const { dataplane } = bench;
      await bench.begin(vtep(), ...network(20));
      dataplane.faults.push({ key: 'tunnel/20/10.0.1.2', times: 1, mode: 'refuse' });
      bench.want([tunnel(20, '10.0.1.2')]);
      await bench.turn();
      bench.takeSteps();
      dataplane.objects.clear();
      dataplane.notify('restarted');
      await bench.turn();
      assert.equal(bench.takeSteps().includes('create tunnel/20/10.0.1.2'), false);
      assert.equal(dataplane.objects.size, 4);
    });
  });
});
