/** Carrying out a plan. */
import { NfvError } from '../errors.js';
import { blocked } from './blocked.js';
import type { Step, StepResult } from './dataplane.js';
import { stepId, type Plan, type StepId } from './plan-types.js';

/** Steps in one call to the dataplane: so many are done before anybody can interfere. */
const MAX_STEPS = 500;

export interface Execution {
  /** Keys of which a step was begun. */
  readonly touched: ReadonlySet<string>;
  /** Why a key's steps failed or were not begun, by key; the first reason. */
  readonly failures: ReadonlyMap<string, NfvError>;
  /** Steps begun. */
  readonly steps: number;
}

export type Apply = (steps: readonly Step[]) => Promise<readonly StepResult[]>;

/**
 * Wave by wave; what needs a step that failed is not begun.
 * @throws the reason of `signal` when it is aborted, and nothing else.
 */
export async function execute(plan: Plan, apply: Apply, signal: AbortSignal): Promise<Execution> {
  const touched = new Set<string>();
  const failures = new Map<string, NfvError>();
  const failed = new Map<StepId, string>();
  let steps = 0;
  const fail = ({ key }: Step, id: StepId, error: NfvError): void => {
    failed.set(id, key);
    if (!failures.has(key)) failures.set(key, error);
  };
  for (const wave of plan.waves) {
    const ready: Step[] = [];
    for (const { step, needs } of wave) {
      const need = needs.find((id) => failed.has(id));
      if (need === undefined) ready.push(step);
      else fail(step, stepId(step), notBegun(step, failed.get(need) ?? '', failures));
    }
    for (let i = 0; i < ready.length; i += MAX_STEPS) {
      const batch = ready.slice(i, i + MAX_STEPS);
      for (const { key } of batch) touched.add(key);
      steps += batch.length;
      const results = await applyBatch(batch, apply, signal);
      for (const [at, step] of batch.entries()) {
        const error = results[at];
        if (error !== undefined) fail(step, stepId(step), error);
      }
    }
  }
  return { touched, failures, steps };
}

async function applyBatch(
  batch: readonly Step[],
  apply: Apply,
  signal: AbortSignal,
): Promise<readonly StepResult[]> {
  signal.throwIfAborted();
  try {
    const results = await apply(batch);
    if (results.length === batch.length) return results;
    throw new NfvError('INTERNAL', `${results.length} results for ${batch.length} steps`);
  } catch (error) {
    signal.throwIfAborted();
    const failure = NfvError.from(error);
    return batch.map(() => failure);
  }
}

function notBegun(step: Step, by: string, failures: ReadonlyMap<string, NfvError>): NfvError {
  const code = failures.get(by)?.code ?? 'ITEM_BLOCKED';
  return blocked(by, `${step.key} needs ${by}, which cannot be done now (${code})`);
}
