import { Inbox, type WantedChange } from './inbox.js';
import type { Ledger } from './ledger.js';

export interface TakenUp {
  /** What changed, or was asked for again. */
  readonly keys: Iterable<string>;
  /** From now on what is not wanted may be removed. */
  readonly isNewlyComplete: boolean;
}

/** What is wanted, as a whole: taken from an inbox into a ledger between passes. */
export class Configuration {
  readonly #inbox = new Inbox();
  #revision = 0;
  #isComplete = false;
  #isSwept = false;

  constructor(private readonly ledger: Ledger) {}

  /** Of what has been taken up. */
  get revision(): number {
    return this.#revision;
  }

  /** The same, once that has been tried: less, where something waits that is of this revision, or an older one. */
  get triedRevision(): number {
    const waiting = this.#inbox.completeRevision;
    return waiting === undefined
      ? this.#revision
      : Math.min(this.#revision, Math.max(0, waiting - 1));
  }

  /** It is known to be all that is wanted. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Everything that was not wanted has once been looked at and removed. */
  get isSwept(): boolean {
    return this.#isSwept;
  }

  /** There is something to take up. */
  get hasNews(): boolean {
    return !this.#inbox.isEmpty;
  }

  /** There is something to take up about this key. */
  hasNewsOf(key: string): boolean {
    return this.#inbox.concerns(key);
  }

  change(change: WantedChange): void {
    this.#inbox.put(change);
  }

  replace(change: Omit<WantedChange, 'removes'>): void {
    this.#inbox.replace(change);
  }

  /** A full pass over everything is over. */
  noteFullPass(): void {
    this.#isSwept ||= this.#isComplete;
  }

  /** Enters all news into the ledger. */
  takeUp(): TakenUp {
    const changes = this.#inbox.take();
    if (changes === undefined) return { keys: [], isNewlyComplete: false };
    const { ledger } = this;
    const entries = new Map(changes.entries);
    if (changes.isReplacement) {
      this.#isComplete = false;
      this.#isSwept = false;
      for (const key of ledger.wanted.keys()) {
        if (!entries.has(key)) entries.set(key, undefined);
      }
    }
    for (const [key, item] of entries) {
      if (item === undefined) ledger.unwant(key);
      else ledger.want(item);
    }
    this.#revision = changes.revision;
    const isNewlyComplete = changes.complete && !this.#isComplete;
    this.#isComplete ||= changes.complete;
    return { keys: entries.keys(), isNewlyComplete };
  }
}
