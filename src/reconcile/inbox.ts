import type { Item } from '../model/item.js';

/** A change of what is wanted. */
export interface WantedChange {
  readonly upserts: readonly Item[];
  /** Keys. */
  readonly removes: readonly string[];
  /** With this the wanted set is all there is to want; it stays so until `replace`. */
  readonly complete: boolean;
  /** Of the store, which the change brings the wanted set to. */
  readonly revision: number;
  /** More is about to follow: this may wait a little for it. */
  readonly more?: boolean;
}

/** All changes that came in since the last pass, as one: at most one entry a key. */
export class Inbox {
  #entries = new Map<string, Item | undefined>();
  #isReplacement = false;
  #complete = false;
  #revision: number | undefined;

  put(change: WantedChange): void {
    for (const key of change.removes) this.#entries.set(key, undefined);
    for (const item of change.upserts) this.#entries.set(item.key, item);
    this.#complete ||= change.complete;
    this.#revision = change.revision;
  }

  /** Everything before is void. */
  replace(change: Omit<WantedChange, 'removes'>): void {
    this.#entries = new Map();
    this.#isReplacement = true;
    this.#complete = false;
    this.put({ ...change, removes: [] });
  }

  get isEmpty(): boolean {
    return this.#revision === undefined;
  }

  /** Of what waits, if that makes the wanted set whole. */
  get completeRevision(): number | undefined {
    return this.#complete ? this.#revision : undefined;
  }

  /** Something new is waiting for this key. */
  concerns(key: string): boolean {
    return this.#isReplacement || this.#entries.has(key);
  }

  /** Empties the inbox. */
  take(): Changes | undefined {
    if (this.#revision === undefined) return undefined;
    const changes = {
      entries: this.#entries,
      isReplacement: this.#isReplacement,
      complete: this.#complete,
      revision: this.#revision,
    };
    this.#entries = new Map();
    this.#isReplacement = false;
    this.#complete = false;
    this.#revision = undefined;
    return changes;
  }
}

export interface Changes {
  /** Undefined: no longer wanted. */
  readonly entries: ReadonlyMap<string, Item | undefined>;
  /** What is not in `entries` is no longer wanted. */
  readonly isReplacement: boolean;
  readonly complete: boolean;
  readonly revision: number;
}
