/** Carrying out a plan. */
import { NfvError } from '../errors.js';
import { blocked } from './blocked.js';
import type { ResultListener, Step, StepResult } from './dataplane.js';
import type { Plan, PlannedStep, StepId } from './plan-types.js';

/** Steps in one call to the dataplane. */
export const MAX_STEPS = 128;
/** Calls under way at a time: so many steps may be under way as both allow. */
export const MAX_CALLS = 8;

export interface Execution {
  /** Keys of which a step was begun. */
  readonly touched: ReadonlySet<string>;
  /** Why a key's steps failed or were not begun, by key; the first reason. */
  readonly failures: ReadonlyMap<string, NfvError>;
  /** Steps begun. */
  readonly steps: number;
}

/** As `Dataplane.apply`; several calls may be under way. */
export type Apply = (
  steps: readonly Step[],
  onResult: ResultListener,
) => Promise<readonly StepResult[]>;

export interface Means {
  readonly apply: Apply;
  /** As `Dataplane.overlapsWaves`. */
  readonly overlapsWaves: boolean;
  readonly signal: AbortSignal;
}

/**
 * Begins the steps in the plan's order, each as soon as all that it comes after has ended, and so have
 * all of the phase before; or of the wave before, where waves do not overlap. What needs a step that
 * failed is not begun.
 * @throws the reason of the signal when it is aborted, and nothing else; nothing is under way then
 */
export async function execute(plan: Plan, means: Means): Promise<Execution> {
  const executor = new Executor(plan, means);
  await executor.run();
  return executor;
}

class Executor implements Execution {
  readonly touched = new Set<string>();
  readonly failures = new Map<string, NfvError>();
  steps = 0;
  /** What has failed or was not begun, with its key. */
  readonly #failed = new Map<StepId, string>();
  readonly #underWay = new Set<StepId>();
  readonly #calls = new Set<Promise<void>>();
  /** The next step to begin. */
  #wave = 0;
  #place = 0;
  #wake: () => void = () => undefined;

  constructor(
    private readonly plan: Plan,
    private readonly means: Means,
  ) {}

  async run(): Promise<void> {
    const { signal } = this.means;
    while (!signal.aborted) {
      this.#begin();
      if (this.#calls.size === 0) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    await Promise.all(this.#calls);
    signal.throwIfAborted();
  }

  /** All that can be begun now. Not few at a time: a call has its price, too. */
  #begin(): void {
    while (this.#calls.size < MAX_CALLS) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      const call = this.#carryOut(batch).finally(() => {
        this.#calls.delete(call);
        this.#wake();
      });
      this.#calls.add(call);
    }
  }

  #nextBatch(): readonly PlannedStep[] {
    const batch: PlannedStep[] = [];
    while (batch.length < MAX_STEPS) {
      const planned = this.plan.waves[this.#wave]?.[this.#place];
      if (planned === undefined) {
        if (!this.#enterNextWave()) break;
        continue;
      }
      // Whatever it comes after is in an earlier wave, and was begun or failed.
      if (planned.after.some((id) => this.#underWay.has(id))) break;
      this.#place++;
      const { id, step, needs } = planned;
      const need =
        this.#failed.size === 0 ? undefined : needs.find((each) => this.#failed.has(each));
      if (need !== undefined) {
        this.#fail(planned, notBegun(step, this.#failed.get(need) ?? '', this.failures));
        continue;
      }
      batch.push(planned);
      this.#underWay.add(id);
      this.touched.add(step.key);
      this.steps++;
    }
    return batch;
  }

  /** @returns false if there is none, or it has to wait */
  #enterNextWave(): boolean {
    const next = this.plan.waves[this.#wave + 1];
    if (next === undefined) return false;
    const phase = this.plan.waves[this.#wave]?.[0]?.phase;
    const isFree = this.means.overlapsWaves && next[0]?.phase === phase;
    if (!isFree && this.#underWay.size > 0) return false;
    this.#wave++;
    this.#place = 0;
    return true;
  }

  async #carryOut(batch: readonly PlannedStep[]): Promise<void> {
    try {
      const results = await this.means.apply(
        batch.map(({ step }) => step),
        (at, result) => {
          this.#ended(batch[at], result);
        },
      );
      if (results.length !== batch.length) {
        throw new NfvError('INTERNAL', `${results.length} results for ${batch.length} steps`);
      }
      for (const [at, planned] of batch.entries()) this.#ended(planned, results[at]);
    } catch (error) {
      const failure = NfvError.from(error);
      for (const planned of batch) this.#ended(planned, failure);
    }
  }

  /** The first result of a step counts. */
  #ended(planned: PlannedStep | undefined, result: StepResult): void {
    if (planned === undefined) return;
    if (!this.#underWay.delete(planned.id)) return;
    if (result !== undefined) this.#fail(planned, result);
    this.#wake();
  }

  #fail({ id, step: { key } }: PlannedStep, error: NfvError): void {
    this.#failed.set(id, key);
    if (!this.failures.has(key)) this.failures.set(key, error);
  }
}

function notBegun(step: Step, by: string, failures: ReadonlyMap<string, NfvError>): NfvError {
  const code = failures.get(by)?.code ?? 'ITEM_BLOCKED';
  return blocked(by, `${step.key} needs ${by}, which cannot be done now (${code})`);
}
