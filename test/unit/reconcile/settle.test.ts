import assert from 'node:assert/strict';
import { FakeClock } from '../../support/fake-clock.js';
import { bridgeDomain, floodMember, port, tunnel, vtep } from '../../support/items.js';
import { dataplaneWith } from '../../support/plans.js';
import { Bench } from '../../support/reconciling.js';
import { assertCalm, MINUTES } from '../../support/trouble.js';

const ELSEWHERE = { vtep: '10.0.0.2' };

describe('what is told of an item that waits for two others', () => {
  it('is the same in every pass, whichever is found first', async () => {
    const there = [vtep(), bridgeDomain(10), bridgeDomain(20), port('e2', 10, { name: 'tap-y' })];
    const dataplane = dataplaneWith(there, { parents: 'refuse' });
    dataplane.foreign.add('vtep/10.0.0.2');
    dataplane.foreign.add('tunnel/20/10.0.1.1');
    const bench = new Bench(dataplane);
    await bench.begin(
      ...[vtep(), vtep('10.0.0.2'), bridgeDomain(10, ELSEWHERE), bridgeDomain(20, ELSEWHERE)],
      ...[tunnel(20, '10.0.1.1'), floodMember(20, '10.0.1.1'), tunnel(20, '10.0.1.2')],
      // It waits for its network, and for the name that e2 will not give up.
      ...[port('e1', 20, { name: 'tap-y' }), port('e2', 10)],
    );
    await bench.clock.advance(2 * MINUTES);
    const blocked = bench.reconciler.failures().entries.find(({ key }) => key === 'port/e1');
    assert.equal(blocked?.failure?.code, 'ITEM_BLOCKED');
    await assertCalm(bench);
    dataplane.foreign.clear();
    await bench.clock.advance(MINUTES);
    assert.ok(bench.takeReports().includes('port/e1 applied'));
  });

  it('is the other once the first is out of the way', async () => {
    const dataplane = dataplaneWith([vtep(), bridgeDomain(10), port('e2', 10, { name: 'tap-y' })]);
    dataplane.foreign.add('bd/20');
    dataplane.foreign.add('bd/30');
    // No check of everything comes to tell it later.
    const drift = { intervalMs: 0, policy: 'repair' } as const;
    const bench = new Bench(dataplane, new FakeClock(), { drift });
    const told = (): string[] =>
      bench.reports
        .splice(0)
        .flatMap(({ entries }) => entries)
        .filter(({ key }) => key === 'port/e1')
        .map(({ failure }) => /needs (\S+),/.exec(failure?.message ?? '')?.[1] ?? 'applied');
    await bench.begin(
      // It is settled before what it waits for, in a pass that mends that.
      ...[port('e1', 20, { name: 'tap-y' }), port('e2', 30)],
      ...[vtep(), bridgeDomain(20), bridgeDomain(30)],
    );
    await bench.clock.advance(2 * MINUTES);
    const ways = new Map([
      ['bd/20', 'bd/20'],
      ['port/e2', 'bd/30'],
    ]);
    const first = told();
    assert.equal(first.length, 1);
    const way = ways.get(first[0] ?? '') ?? assert.fail();
    dataplane.foreign.delete(way);
    bench.reconciler.checkNow();
    await bench.clock.advance(2 * MINUTES);
    const [second] = [...ways.keys()].filter((each) => each !== first[0]);
    assert.deepEqual(told(), [second]);
    dataplane.foreign.clear();
    await bench.clock.advance(2 * MINUTES);
    assert.deepEqual(told(), ['applied']);
  });
});
