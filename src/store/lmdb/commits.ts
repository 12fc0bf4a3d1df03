/**
 * Group commit. Jobs that come while one group is being synced form the next: each is run in its
 * turn on a draft that shows the ones before it, all are committed as one LMDB transaction, and
 * only then does any of them hear how it went.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { NfvError } from '../../errors.js';
import { Draft } from './draft.js';
import { Records, type View, type Write } from './records.js';

/** Bounds of what waits; beyond them TOO_MANY_REQUESTS. */
const MOST_JOBS = 16_384;
const MOST_BYTES = 64 * 1024 * 1024;

/** Where a group takes no further job, so that its turn on the event loop stays short. */
const GROUP_JOBS = 256;
const GROUP_BYTES = 4 * 1024 * 1024;
const GROUP_WRITES = 2048;

/** Where groups go: the environment. */
export interface CommitTarget extends View {
  ready(): Promise<void>;
  commit(writes: readonly Write[]): Promise<void>;
}

interface Job {
  readonly bytes: number;
  /** Changes the draft, and answers what to do when that is durable. */
  readonly run: (draft: Draft) => () => void;
  readonly fail: (error: unknown) => void;
}

export interface CommitHooks {
  /** Before a group is run; may throw to refuse it. */
  readonly before: () => void;
  /** A group is durable, and its jobs are about to hear it. */
  readonly committed: (draft: Draft) => void;
}

export class Commits {
  readonly #target: CommitTarget;
  readonly #hooks: CommitHooks;
  readonly #jobs: Job[] = [];
  #bytes = 0;
  #working: Promise<void> | undefined;

  constructor(target: CommitTarget, hooks: CommitHooks) {
    this.#target = target;
    this.#hooks = hooks;
  }

  /**
   * Runs `change` on the draft of a group; resolves with its answer when that is durable.
   * @throws NfvError TOO_MANY_REQUESTS, STORE_FULL, STORE_FAILED, STORE_DAMAGED
   */
  submit<T>(bytes: number, change: (draft: Draft) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#jobs.length >= MOST_JOBS || this.#bytes + bytes > MOST_BYTES) {
        const waiting = `${this.#jobs.length} transactions of ${this.#bytes} bytes are waiting`;
        throw new NfvError('TOO_MANY_REQUESTS', waiting);
      }
      const run = (draft: Draft): (() => void) => {
        const answer = change(draft);
        return () => {
          resolve(answer);
        };
      };
      this.#jobs.push({ bytes, run, fail: reject });
      this.#bytes += bytes;
      this.#working ??= this.#work();
    });
  }

  /** Resolves when everything submitted so far was answered. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    // All callers of this turn of the event loop get into the first group.
    await turn();
    while (this.#jobs.length > 0) await this.#group();
    this.#working = undefined;
  }

  async #group(): Promise<void> {
    const unanswered = new Set<Job>();
    const done: (() => void)[] = [];
    try {
      await this.#target.ready();
      this.#hooks.before();
      const draft = new Draft(new Records(this.#target));
      while (unanswered.size < GROUP_JOBS && draft.bytes < GROUP_BYTES) {
        const job = draft.size < GROUP_WRITES ? this.#take() : undefined;
        if (job === undefined) break;
        unanswered.add(job);
        const answer = runOne(job, draft);
        if (answer === undefined) unanswered.delete(job);
        else done.push(answer);
      }
      const writes = draft.writes();
      if (writes.length > 0) await this.#target.commit(writes);
      this.#hooks.committed(draft);
    } catch (error) {
      if (unanswered.size === 0) this.#take()?.fail(error);
      for (const job of unanswered) job.fail(error);
      return;
    }
    for (const answer of done) answer();
  }

  #take(): Job | undefined {
    const job = this.#jobs.shift();
    if (job !== undefined) this.#bytes -= job.bytes;
    return job;
  }
}

/** Undefined: the job failed by itself, and was told. Damage fails the whole group. */
function runOne(job: Job, draft: Draft): (() => void) | undefined {
  try {
    return job.run(draft);
  } catch (error) {
    if (error instanceof NfvError && error.code === 'STORE_DAMAGED') throw error;
    job.fail(error);
    return undefined;
  }
}
