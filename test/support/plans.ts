/** What tests ask of plans. */
import assert from 'node:assert/strict';
import { dependenciesOf, type Item, type Payload } from '../../src/model/item.js';
import type { Observation, Step } from '../../src/reconcile/dataplane.js';
import { makePlan } from '../../src/reconcile/plan.js';
import type { Plan, PlanInput } from '../../src/reconcile/plan-types.js';
import { itemsOf } from './items.js';
import { MemoryDataplane, type MemoryOptions } from './memory-dataplane.js';

const NEVER = new AbortController().signal;

/** A dataplane that already has these objects. */
export function dataplaneWith(
  payloads: readonly Payload[],
  options: MemoryOptions = {},
): MemoryDataplane {
  const dataplane = new MemoryDataplane(options);
  for (const [key, item] of itemsOf(...payloads)) dataplane.put(item.payload, key);
  return dataplane;
}

/** The plan of a full pass over what the dataplane has now. */
export async function planFor(
  dataplane: MemoryDataplane,
  wanted: ReadonlyMap<string, Item>,
  change: Partial<PlanInput> = {},
): Promise<Plan> {
  const observation = await dataplane.observe({ kind: 'all' }, wanted, NEVER);
  return makePlan({ wanted, complete: true, observation, traits: dataplane.traits, ...change });
}

/** Carries the plan out, wave by wave; every step must succeed. */
export async function carryOut(dataplane: MemoryDataplane, plan: Plan): Promise<void> {
  for (const wave of plan.waves) {
    const steps = wave.map(({ step }) => step);
    const results = await dataplane.apply(steps, NEVER);
    for (const [i, result] of results.entries()) {
      assert.equal(result, undefined, `${describeStep(steps[i])}: ${result?.message ?? ''}`);
    }
  }
}

export function describeStep(step: Step | undefined): string {
  return step === undefined ? 'no step' : `${step.op} ${step.key}`;
}

/** "create a, update b" a wave. */
export function outline(plan: Plan): readonly string[] {
  return plan.waves.map((wave) => wave.map(({ step }) => describeStep(step)).join(', '));
}

/** "key CODE" a verdict. */
export function verdicts(plan: Plan): readonly string[] {
  return [...plan.verdicts].map(([key, { code }]) => `${key} ${code}`);
}

/**
 * Order and economy: what an item needs is made in an earlier wave; what hangs on an object goes
 * in an earlier wave; nothing is done twice; nothing as it should be is touched without cause.
 */
export function checkPlan(plan: Plan, input: Pick<PlanInput, 'wanted'>, seen: Observation): void {
  const { made, deleted } = wavesOfKeys(plan);
  for (const [key, wave] of made) {
    for (const need of input.wanted.get(key)?.dependsOn ?? []) {
      assert.ok((made.get(need) ?? -1) < wave, `${key} is not made after ${need}`);
      assert.ok((deleted.get(need) ?? -1) < wave || !made.has(need), `${need} goes under ${key}`);
    }
    assert.ok((deleted.get(key) ?? -1) < wave, `${key} is made before it is deleted`);
    assert.ok(!plan.verdicts.has(key), `${key} has a verdict and a step`);
  }
  for (const [key, wave] of deleted) {
    for (const child of childrenOf(seen, key)) {
      const gone = deleted.get(child);
      if (gone !== undefined) assert.ok(gone < wave, `${key} goes before ${child}`);
      else assert.ok(made.has(child) || plan.verdicts.has(child), `${child} loses ${key}`);
    }
  }
}

function wavesOfKeys(plan: Plan): Record<'made' | 'deleted', Map<string, number>> {
  const made = new Map<string, number>();
  const deleted = new Map<string, number>();
  for (const [i, wave] of plan.waves.entries()) {
    assert.notEqual(wave.length, 0);
    for (const { step } of wave) {
      const waves = step.op === 'delete' ? deleted : made;
      assert.ok(!waves.has(step.key), `${describeStep(step)} twice`);
      waves.set(step.key, i);
    }
  }
  return { made, deleted };
}

function childrenOf(seen: Observation, key: string): readonly string[] {
  return [...seen.objects]
    .filter(([, { payload }]) => dependenciesOf(payload).includes(key))
    .map(([child]) => child);
}
