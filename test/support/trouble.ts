/** Random trouble for reconcilers, and the calm after it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Payload } from '../../src/model/item.js';
import { itemsOf } from './items.js';
import type { Fault } from './memory-dataplane.js';
import type { Bench } from './reconciling.js';

export const MINUTES = 60_000;
export const parents = fc.constantFrom('refuse' as const, 'cascade' as const);

/** Any order will do within a wave: the later ones first here. */
export const backwards = <T>(steps: readonly T[]): readonly T[] => [...steps].reverse();

/** Faults on keys that the number picks, each for a few steps. */
export const randomFaults = fc.array(
  fc.record({
    pick: fc.nat(50),
    op: fc.option(fc.constantFrom('create' as const, 'update' as const, 'delete' as const), {
      nil: undefined,
    }),
    times: fc.integer({ min: 1, max: 3 }),
    mode: fc.constantFrom('refuse' as const, 'half' as const, 'late' as const, 'silent' as const),
  }),
  { maxLength: 6 },
);
export type FaultPicks = typeof randomFaults extends fc.Arbitrary<infer T> ? T : never;

export function faultsOn(
  picks: FaultPicks,
  ...configurations: readonly (readonly Payload[])[]
): Fault[] {
  const keys = [...itemsOf(...configurations.flat()).keys()];
  return picks.map(({ pick, op, ...rest }) => {
    const key = keys[pick % (keys.length + 1)];
    return { ...rest, ...(op === undefined ? {} : { op }), ...(key === undefined ? {} : { key }) };
  });
}

/** Nothing is left to do, and nothing is done any more. */
export async function assertCalm(bench: Bench): Promise<void> {
  bench.takeSteps();
  bench.takeReports();
  bench.takeDrifts();
  const plan = await bench.reconciler.plan();
  assert.deepEqual(plan.waves, []);
  await bench.clock.advance(2 * MINUTES);
  assert.deepEqual(bench.takeSteps(), []);
  assert.deepEqual(bench.takeReports(), []);
  assert.deepEqual(bench.takeDrifts(), []);
}
