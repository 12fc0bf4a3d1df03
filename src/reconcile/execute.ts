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
 * Begins each step as soon as all that it comes after has ended, and so have all of the phase before; or
 * of the wave before, where waves do not overlap. Where that leaves the choice, in the plan's order. What
 * needs a step that failed is not begun.
 * @throws the reason of the signal when it is aborted, and nothing else; nothing is under way then
 */
export async function execute(plan: Plan, means: Means): Promise<Execution> {
  const executor = new Executor(plan, means);
  await executor.run();
  return executor;
}

const NONE: readonly PlannedStep[] = [];

/** Steps that come after others which are not over. */
class Waiting {
  /** Of how many each waits, by its id. */
  readonly #open = new Map<StepId, number>();
  readonly #followers = new Map<StepId, PlannedStep[]>();

  get size(): number {
    return this.#open.size;
  }

  has(id: StepId): boolean {
    return this.#open.has(id);
  }

  add(planned: PlannedStep, open: readonly StepId[]): void {
    this.#open.set(planned.id, open.length);
    for (const id of open) {
      const followers = this.#followers.get(id);
      if (followers === undefined) this.#followers.set(id, [planned]);
      else followers.push(planned);
    }
  }

  /** One is over. @returns those that wait for nothing any more */
  release(id: StepId): readonly PlannedStep[] {
    const followers = this.#followers.get(id);
    if (followers === undefined) return NONE;
    this.#followers.delete(id);
    return followers.filter((planned) => {
      const left = (this.#open.get(planned.id) ?? 1) - 1;
      if (left === 0) this.#open.delete(planned.id);
      else this.#open.set(planned.id, left);
      return left === 0;
    });
  }
}

class Executor implements Execution {
  readonly touched = new Set<string>();
  readonly failures = new Map<string, NfvError>();
  steps = 0;
  /** What has failed or was not begun, with its key. */
  readonly #failed = new Map<StepId, string>();
  readonly #underWay = new Set<StepId>();
  readonly #calls = new Set<Promise<void>>();
  /** The next step to look at. */
  #wave = 0;
  #place = 0;
  readonly #waiting = new Waiting();
  /** Those that waited, and can be begun. */
  readonly #ready = new Set<PlannedStep>();
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
      const planned = this.#next();
      if (planned === undefined) break;
      const need = this.#failedNeed(planned);
      if (need !== undefined) {
        this.#fail(planned, notBegun(planned.step, this.#failed.get(need) ?? '', this.failures));
        this.#over(planned.id);
        continue;
      }
      batch.push(planned);
      this.#underWay.add(planned.id);
      this.touched.add(planned.step.key);
      this.steps++;
    }
    return batch;
  }

  /** One that waits for nothing. */
  #next(): PlannedStep | undefined {
    for (const ready of this.#ready) {
      this.#ready.delete(ready);
      return ready;
    }
    for (;;) {
      const planned = this.plan.waves[this.#wave]?.[this.#place];
      if (planned === undefined) {
        if (!this.#enterNextWave()) return undefined;
        continue;
      }
      this.#place++;
      // Whatever it comes after is in an earlier wave: it waits, is under way, or is over.
      const open = planned.after.filter((id) => this.#underWay.has(id) || this.#waiting.has(id));
      if (open.length === 0) return planned;
      this.#waiting.add(planned, open);
    }
  }

  #failedNeed({ needs }: PlannedStep): StepId | undefined {
    return this.#failed.size === 0 ? undefined : needs.find((each) => this.#failed.has(each));
  }

  /** It has ended, or will not be begun. */
  #over(id: StepId): void {
    for (const planned of this.#waiting.release(id)) this.#ready.add(planned);
  }

  /** @returns false if there is none, or it has to wait */
  #enterNextWave(): boolean {
    const next = this.plan.waves[this.#wave + 1];
    if (next === undefined) return false;
    const phase = this.plan.waves[this.#wave]?.[0]?.phase;
    const isFree = this.means.overlapsWaves && next[0]?.phase === phase;
    if (!isFree && this.#underWay.size + this.#waiting.size > 0) return false;
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
    this.#over(planned.id);
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
