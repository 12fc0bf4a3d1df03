/** Which changes the store has a record of, in the order in which they were made. */
import type { Store, StoreEvent } from '../../store/store.js';
import { CHANGES } from '../keys.js';
import { scan } from '../scan.js';

/** Where the record of a change is. */
export interface IndexedChange {
  /** `REVISION`, or `REVISION-N` where a copied store has several at one revision. */
  readonly id: string;
  readonly revision: number;
  readonly key: string;
}

export class ChangeIndex {
  /** By revision, then by key. */
  #all: IndexedChange[] = [];

  /** The oldest first. */
  get all(): readonly IndexedChange[] {
    return this.#all;
  }

  /** As of a revision. */
  async load(store: Store, revision: number, signal: AbortSignal): Promise<void> {
    const found: { revision: number; key: string }[] = [];
    for await (const { key, modRevision } of scan(store, CHANGES, { revision, signal })) {
      found.push({ revision: modRevision, key });
    }
    found.sort((a, b) => a.revision - b.revision || (a.key < b.key ? -1 : 1));
    this.#all = [];
    for (const { revision: made, key } of found) this.#append(made, key);
  }

  /** What happened at a revision after those that were seen before. */
  saw(event: StoreEvent): void {
    const key = event.kind === 'put' ? event.kv.key : event.key;
    if (!key.startsWith(CHANGES)) return;
    if (event.kind === 'put') this.#append(event.kv.modRevision, key);
    else this.#all = this.#all.filter((change) => change.key !== key);
  }

  find(id: string): IndexedChange | undefined {
    return this.#all.find((change) => change.id === id);
  }

  /** Those after a revision, the newest first. */
  since(revision: number): IndexedChange[] {
    const first = this.#all.findIndex((change) => change.revision > revision);
    return first < 0 ? [] : this.#all.slice(first).reverse();
  }

  /** What was before this revision is not known any more. */
  oldest(latest: number): number {
    const [first] = this.#all;
    return first === undefined ? latest : first.revision - 1;
  }

  #append(revision: number, key: string): void {
    let same = 0;
    while (this.#all.at(-1 - same)?.revision === revision) same++;
    const id = same === 0 ? String(revision) : `${revision}-${same}`;
    this.#all.push({ id, revision, key });
  }
}
