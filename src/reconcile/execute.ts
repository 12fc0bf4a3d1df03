/** Carrying out a plan. */
import { NfvError } from '../errors.js';
import { blocked } from './blocked.js';
import type { ResultListener, Step, StepResult } from './dataplane.js';
import type { Plan, PlannedStep, Wave } from './plan-types.js';

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
 * of the wave before, where waves do not overlap. Where that leaves the choice, the smallest wave comes first, for a few
 * that thousands wait for hold up most; in a wave those come first that can be begun first, and then the plan's order counts.
 * What needs a step that failed is not begun.
 * @throws the reason of the signal when it is aborted, and nothing else; nothing is under way then
 */
export async function execute(plan: Plan, means: Means): Promise<Execution> {
  const executor = new Executor(plan, means);
  await executor.run();
  return executor;
}

/** How far a step has got. */
class Task {
  isOver = false;
  /** How many of those that it comes after are not over. */
  open = 0;
  /** Those that it keeps waiting. */
  followers: Task[] | undefined;

  constructor(
    readonly planned: PlannedStep,
    readonly lane: Lane,
  ) {}
}

/** Those of a wave that can be begun, in the order in which they came to be so. */
class Lane {
  #free: Task[] = [];
  #taken = 0;

  constructor(readonly wave: Wave) {}

  add(task: Task): void {
    this.#free.push(task);
  }

  take(): Task | undefined {
    const task = this.#free[this.#taken];
    if (task !== undefined) this.#taken++;
    else if (this.#taken > 0) {
      this.#free = [];
      this.#taken = 0;
    }
    return task;
  }
}

class Executor implements Execution {
  readonly touched = new Set<string>();
  readonly failures = new Map<string, NfvError>();
  steps = 0;
  readonly #tasks = new Map<PlannedStep, Task>();
  /** What has failed or was not begun. */
  readonly #failed = new Set<PlannedStep>();
  readonly #calls = new Set<Promise<void>>();
  /** Of the waves whose steps may be begun. */
  #lanes: readonly Lane[] = [];
  /** The first wave behind those. */
  #wave = 0;
  /** Tasks of the lanes that are not over. */
  #open = 0;
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

  #nextBatch(): readonly Task[] {
    const batch: Task[] = [];
    while (batch.length < MAX_STEPS) {
      const task = this.#next();
      if (task === undefined) break;
      if (this.#mayBegin(task)) batch.push(task);
    }
    return batch;
  }

  #mayBegin(task: Task): boolean {
    const { planned } = task;
    const need = this.#failedNeed(planned);
    if (need === undefined) {
      this.touched.add(planned.step.key);
      this.steps++;
      return true;
    }
    this.#fail(planned, notBegun(planned.step, need.step.key, this.failures));
    this.#over(task);
    return false;
  }

  #failedNeed({ needs }: PlannedStep): PlannedStep | undefined {
    return this.#failed.size === 0 ? undefined : needs.find((each) => this.#failed.has(each));
  }

  #next(): Task | undefined {
    do {
      for (const lane of this.#lanes) {
        const task = lane.take();
        if (task !== undefined) return task;
      }
    } while (this.#enterNextLanes());
    return undefined;
  }

  /** @returns false if there are none, or they have to wait */
  #enterNextLanes(): boolean {
    const { waves } = this.plan;
    const phase = waves[this.#wave]?.[0]?.phase;
    if (phase === undefined || this.#open > 0) return false;
    const lanes: Lane[] = [];
    do lanes.push(this.#laneOf(waves[this.#wave++] ?? []));
    while (this.means.overlapsWaves && waves[this.#wave]?.[0]?.phase === phase);
    this.#lanes = lanes.sort((a, b) => a.wave.length - b.wave.length);
    return true;
  }

  #laneOf(wave: Wave): Lane {
    const lane = new Lane(wave);
    this.#open += wave.length;
    for (const planned of wave) {
      const task = new Task(planned, lane);
      this.#tasks.set(planned, task);
      // Whatever it comes after is in an earlier wave, and has a task.
      for (const each of planned.after) {
        const before = this.#tasks.get(each);
        if (before === undefined || before.isOver) continue;
        task.open++;
        if (before.followers === undefined) before.followers = [task];
        else before.followers.push(task);
      }
      if (task.open === 0) lane.add(task);
    }
    return lane;
  }

  async #carryOut(batch: readonly Task[]): Promise<void> {
    try {
      const results = await this.means.apply(
        batch.map(({ planned }) => planned.step),
        (at, result) => {
          this.#ended(batch[at], result);
        },
      );
      if (results.length !== batch.length) {
        throw new NfvError('INTERNAL', `${results.length} results for ${batch.length} steps`);
      }
      for (let at = 0; at < batch.length; at++) this.#ended(batch[at], results[at]);
    } catch (error) {
      const failure = NfvError.from(error);
      for (const task of batch) this.#ended(task, failure);
    }
  }

  /** The first result of a step counts. */
  #ended(task: Task | undefined, result: StepResult): void {
    if (task === undefined || task.isOver) return;
    if (result !== undefined) this.#fail(task.planned, result);
    this.#over(task);
    this.#wake();
  }

  /** It has ended, or will not be begun. */
  #over(task: Task): void {
    task.isOver = true;
    this.#open--;
    if (task.followers === undefined) return;
    for (const follower of task.followers) {
      if (--follower.open === 0) follower.lane.add(follower);
    }
    task.followers = undefined;
  }

  #fail(planned: PlannedStep, error: NfvError): void {
    const { key } = planned.step;
    this.#failed.add(planned);
    if (!this.failures.has(key)) this.failures.set(key, error);
  }
}

function notBegun(step: Step, by: string, failures: ReadonlyMap<string, NfvError>): NfvError {
  const code = failures.get(by)?.code ?? 'ITEM_BLOCKED';
  return blocked(by, `${step.key} needs ${by}, which cannot be done now (${code})`);
}
