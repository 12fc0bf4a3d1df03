import assert from 'node:assert/strict';
import { formatPlan, summarizePlan } from '../../../src/reconcile/format-plan.js';
import type { Plan } from '../../../src/reconcile/plan-types.js';
import { bridgeDomain, itemsOf, port, tunnel, vtep } from '../../support/items.js';
import { dataplaneWith, planFor } from '../../support/plans.js';

async function example(complete = true): Promise<Plan> {
  const dataplane = dataplaneWith([
    vtep(),
    bridgeDomain(10, { mtu: 1400 }),
    port('e1', 10, { mac: '02:00:00:00:00:02' }),
    port('e2', 10),
  ]);
  dataplane.foreign.add('bd/20');
  const wanted = itemsOf(
    vtep(),
    bridgeDomain(10),
    bridgeDomain(20),
    port('e1', 10),
    tunnel(10, '10.0.1.1'),
  );
  return await planFor(dataplane, wanted, { complete });
}

describe('format-plan', () => {
  it('writes a line a key, in order of the waves, then what is blocked, sum and hash', async () => {
    const plan = await example();
    assert.deepEqual(formatPlan(plan), [
      '    1   ~ update bd/10: mtu 1400, not 1450',
      '    2   + create tunnel/10/10.0.1.1',
      '  3-4 -/+ recreate port/e1: mac "02:00:00:00:00:02", not "02:00:00:00:00:01"',
      '    5   - delete port/e2: not wanted',
      '        ! blocked bd/20: FOREIGN_OBJECT: bd/20: bd/20 is not ours',
      'Plan: 1 to create, 1 to update, 1 to recreate, 1 to delete, 1 blocked; 5 waves',
      `Hash: ${plan.hash}`,
    ]);
  });

  it('says so when nothing may be removed, and when there is nothing to do', async () => {
    const text = formatPlan(await example(false)).join('\n');
    assert.match(text, /not known to be complete: nothing is removed/);
    assert.match(text, / 0 to delete/);
    const nothing = formatPlan(await planFor(dataplaneWith([vtep()]), itemsOf(vtep())));
    assert.equal(nothing[0], 'Nothing to do: the host is as it is wanted.');
    assert.match(nothing[2] ?? '', /^Hash: [0-9a-f]{64}$/);
  });

  it('is plain data for programs', async () => {
    const plan = await example();
    const summary = summarizePlan(plan);
    assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
    assert.deepEqual(summary.counts, { create: 1, update: 1, recreate: 1, delete: 1, blocked: 1 });
    assert.deepEqual(summary.entries[2], {
      op: 'recreate',
      key: 'port/e1',
      reason: 'mac "02:00:00:00:00:02", not "02:00:00:00:00:01"',
      wave: 4,
      deleteWave: 3,
    });
    assert.equal(summary.blocked[0]?.code, 'FOREIGN_OBJECT');
    assert.equal(summary.hash, plan.hash);
  });
});
