/** What has to be done, and when the next pass is due. All times are monotonic ms. */
import { RetryQueue } from './backoff.js';

/** What a pass looks at. */
export interface Task {
  /** Everything, wanted or not, not only the keys below. */
  readonly isFull: boolean;
  /** To be tried now, whatever failed before. */
  readonly tries: ReadonlySet<string>;
  /** To be looked at. */
  readonly suspects: ReadonlySet<string>;
}

/** More suspects than that are as many reasons to look at everything. */
const MAX_SUSPECTS = 4096;
/** Width of a slot of retries, in ms. */
const SLOT_MS = 50;

export class Agenda {
  readonly retries = new RetryQueue(SLOT_MS);
  #tries = new Set<string>();
  #suspects = new Set<string>();
  #suspectsAt = Infinity;
  #fullAt = Infinity;
  #notBefore = -Infinity;

  /** As soon as possible. */
  tryNow(keys: Iterable<string>): void {
    for (const key of keys) this.#tries.add(key);
  }

  /** Together with what else is suspected until `at`; later suspicions do not put it off. */
  suspect(keys: Iterable<string>, at: number): void {
    for (const key of keys) this.#suspects.add(key);
    this.#suspectsAt = Math.min(this.#suspectsAt, at);
    if (this.#suspects.size <= MAX_SUSPECTS) return;
    this.#suspects = new Set();
    this.#suspectsAt = Infinity;
    this.checkAll(at);
  }

  /** A full pass at `at` or before. */
  checkAll(at: number): void {
    this.#fullAt = Math.min(this.#fullAt, at);
  }

  /** No pass before `at`, for whatever reason. */
  postpone(at: number): void {
    this.#notBefore = at;
  }

  /** A postponement ends at `at` if not before. */
  hasten(at: number): void {
    this.#notBefore = Math.min(this.#notBefore, at);
  }

  /** Something has changed that no pass has taken up yet. */
  get hasTries(): boolean {
    return this.#tries.size > 0;
  }

  /** When the next pass is due, at `newsAt` at the latest; undefined: never. */
  dueAt(newsAt: number): number | undefined {
    const tries = this.hasTries ? -Infinity : newsAt;
    const first = Math.min(tries, this.#suspectsAt, this.#fullAt, this.retries.next ?? Infinity);
    return first === Infinity ? undefined : Math.max(first, this.#notBefore);
  }

  /**
   * Takes all that is due off the agenda. `dependencies` of a retry are looked at as well: it may
   * be them that went wrong. `isFull`: to look at everything, due or not.
   */
  take(now: number, dependencies: (key: string) => Iterable<string>, isFull = false): Task {
    const isAll = isFull || this.#fullAt <= now;
    const suspects = this.#suspects;
    const tries = this.#tries;
    for (const key of this.retries.take(now)) {
      tries.add(key);
      for (const dependency of dependencies(key)) suspects.add(dependency);
    }
    this.#tries = new Set();
    this.#suspects = new Set();
    this.#suspectsAt = Infinity;
    if (isAll) this.#fullAt = Infinity;
    return { isFull: isAll, tries, suspects };
  }

  /** Puts back what a pass could not do. */
  putBack(task: Task, now: number): void {
    this.tryNow(task.tries);
    if (task.suspects.size > 0) this.suspect(task.suspects, now);
    if (task.isFull) this.checkAll(now);
  }
}
