/**
 * Carries plans out, one step after another. Before a step is begun the journal says so, and it is
 * on the disk; so after a crash at any instant it is known what may have been done. Every step
 * states what is to be, so it can be done again, and its undoing too.
 */
import { NfvError } from '../../errors.js';
import type { HostDoors } from '../../host/doors.js';
import { readText } from '../../host/durable-file.js';
import type { Journal } from '../../host/journal.js';
import type { PlannedStep } from '../../model/host/plan.js';
import { describeStep, type Step, type StepOf } from '../../model/host/steps.js';
import { persistentPages } from '../../dpdk/set-hugepages.js';
import { giveBack } from '../../dpdk/startup-conf-merge.js';
import { makeStep, MAX_FILE, observeStep } from './runners.js';
import { applyRecord, stepsToUndo, type JournalRecord, type Transaction } from './transaction.js';

/** What happens to a step; for people who watch. */
export interface StepEvent {
  readonly direction: 'do' | 'undo';
  /** `begun`: the journal knows; `made`: it is so, the journal does not know yet. */
  readonly what: 'begins' | 'begun' | 'made' | 'done' | 'failed';
  readonly step: number;
  /** Of how many. */
  readonly of: number;
  readonly planned: PlannedStep;
  readonly error: NfvError | undefined;
}

export interface EngineOptions {
  readonly doors: HostDoors;
  readonly journal: Journal;
  readonly bootId: string;
  readonly onStep: (event: StepEvent) => void;
}

export class Engine {
  constructor(
    private readonly options: EngineOptions,
    private transactions: readonly Transaction[],
  ) {}

  /** Those that are not undone, the newest last. */
  get all(): readonly Transaction[] {
    return this.transactions;
  }

  get last(): Transaction | undefined {
    return this.transactions.at(-1);
  }

  /** Writes a record; the transactions are as it says only when it is on the disk. */
  async record(record: JournalRecord): Promise<void> {
    await this.options.journal.append(record);
    this.transactions = applyRecord(this.transactions, record);
  }

  /** Puts a summary in the place of all records. */
  async replace(
    records: readonly JournalRecord[],
    transactions: readonly Transaction[],
  ): Promise<void> {
    await this.options.journal.replace(records);
    this.transactions = transactions;
  }

  /**
   * Does what is left of the newest transaction.
   * @param resumed it was begun before a crash: the step that was begun may be half done
   * @throws NfvError of a step; PLAN_CHANGED when the host is not as a step expects it. What was
   *   done stays: undo it. With the signal CANCELLED or DEADLINE_EXCEEDED.
   */
  async carryOut(resumed: boolean, signal: AbortSignal): Promise<void> {
    for (;;) {
      const t = this.#current();
      const next = [...t.steps.entries()].find(([i]) => !t.done.has(i));
      if (next === undefined) return;
      const [i, planned] = next;
      const halfDone = resumed && i < t.started;
      await this.#do(i, planned, t.steps.length, halfDone, signal);
    }
  }

  async #do(
    i: number,
    planned: PlannedStep,
    of: number,
    halfDone: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { doors } = this.options;
    const tell = this.#teller('do', i, of, planned);
    tell('begins');
    try {
      const { holds } = await observeStep(doors, planned.step, signal);
      if (!holds && !halfDone) await this.#check(planned, signal);
      if (!halfDone) await this.record({ type: 'start', step: i });
      tell('begun');
      if (!holds) {
        await makeStep(doors, planned.step, signal);
        await this.#readBack(planned.step, signal);
      }
      tell('made');
      await this.record({ type: 'done', step: i });
    } catch (thrown) {
      const error = NfvError.from(thrown);
      tell('failed', error);
      throw error;
    }
    tell('done');
  }

  /** The host must be as it was when the plan was made. */
  async #check({ step, before }: PlannedStep, signal: AbortSignal): Promise<void> {
    if (before === null) return;
    const { holds, found } = await observeStep(this.options.doors, before, signal);
    if (holds) return;
    throw new NfvError(
      'PLAN_CHANGED',
      `before "${describeStep(step)}": the host has ${found}, not "${describeStep(before)}"`,
    );
  }

  async #readBack(step: Step, signal: AbortSignal): Promise<void> {
    const { holds, found } = await observeStep(this.options.doors, step, signal);
    if (holds) return;
    const message = `after "${describeStep(step)}" the host has ${found}`;
    throw new NfvError('READBACK_MISMATCH', message);
  }

  /**
   * Undoes the newest transaction, or goes on with that. What cannot be undone does not keep the
   * rest from it; calling again tries just what is left.
   * @throws NfvError HOST_NOT_RESTORED with what is left and why; the first cause is its cause
   */
  async undo(
    why: Extract<JournalRecord, { readonly type: 'undo' }>['why'],
    message: string,
    signal: AbortSignal,
  ): Promise<void> {
    const before = this.#current();
    if (before.phase !== 'undoing') await this.record({ type: 'undo', why, message });
    const errors: NfvError[] = [];
    for (const i of stepsToUndo(this.#current(), this.options.bootId)) {
      const planned = this.#current().steps[i];
      if (planned === undefined) continue;
      // VFIO goes when nothing is on it any more.
      if (errors.length > 0 && ['module', 'noIommu'].includes(planned.step.kind)) continue;
      const error = await this.#undoOne(i, planned, signal);
      if (error !== undefined) errors.push(error);
      signal.throwIfAborted();
    }
    const [first] = errors;
    if (first === undefined) return this.record({ type: 'undone' });
    throw new NfvError(
      'HOST_NOT_RESTORED',
      `${errors.length} steps could not be undone: ${errors.map((e) => e.message).join('; ')}`,
      { cause: first, remedy: `${first.remedy}; then run "nfvctl host undo" again` },
    );
  }

  async #undoOne(
    i: number,
    planned: PlannedStep,
    signal: AbortSignal,
  ): Promise<NfvError | undefined> {
    const { doors } = this.options;
    const tell = this.#teller('undo', i, this.#current().steps.length, planned);
    tell('begins');
    try {
      let steps = this.#current().undoSteps.get(i);
      if (steps === undefined) {
        steps = await Promise.all(planned.undo.map((s) => this.#adapted(s, planned)));
        await this.record({ type: 'undo-start', step: i, steps: [...steps] });
      }
      tell('begun');
      for (const step of steps) {
        if ((await observeStep(doors, step, signal)).holds) continue;
        await makeStep(doors, step, signal);
        await this.#readBack(step, signal);
      }
      tell('made');
      await this.record({ type: 'undo-done', step: i });
    } catch (thrown) {
      const error = NfvError.from(thrown);
      tell('failed', error);
      return error;
    }
    tell('done');
    return undefined;
  }

  /** Hugepages are shared, and so is a file: what others changed meanwhile stays theirs. */
  async #adapted(undo: Step, { step }: PlannedStep): Promise<Step> {
    if (undo.kind === 'file' && step.kind === 'file') {
      const now = await readText(this.options.doors.files.path(step.path.slice(1)), MAX_FILE);
      const isOurs = now === undefined || now === step.content || now === undo.content;
      return isOurs ? undo : { ...undo, content: giveBack(now, undo.content) };
    }
    if (undo.kind !== 'hugepages' || step.kind !== 'hugepages') return undo;
    const now = (await persistentPages(this.options.doors, undo)) ?? undo.pages;
    return { ...undo, pages: pagesAfterUndo(now, undo, step) };
  }

  #teller(
    direction: StepEvent['direction'],
    step: number,
    of: number,
    planned: PlannedStep,
  ): (what: StepEvent['what'], error?: NfvError) => void {
    return (what, error) => {
      this.options.onStep({ direction, what, step, of, planned, error });
    };
  }

  #current(): Transaction {
    const { last } = this;
    if (last === undefined) throw new NfvError('NOTHING_TO_DO', 'no change of this host is known');
    return last;
  }
}

/**
 * How many pages a node has when our share goes: what there was before, unless others changed the
 * number since, beyond what we made of it.
 */
export function pagesAfterUndo(
  now: number,
  before: Pick<StepOf<'hugepages'>, 'pages'>,
  ours: Pick<StepOf<'hugepages'>, 'pages'>,
): number {
  const low = Math.min(before.pages, ours.pages);
  const high = Math.max(before.pages, ours.pages);
  if (now >= low && now <= high) return before.pages;
  return Math.max(0, now - (ours.pages - before.pages));
}
