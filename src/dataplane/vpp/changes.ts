/** What VPP tells of changes behind our back: interfaces that go, come up or go down. */
import type { Change } from '../../reconcile/dataplane.js';
import type { Memory } from './memory.js';
import { parseTag, UPLINK } from './tag.js';

export type Listener = (what: Change) => void;

export class Changes {
  readonly #listeners: Listener[] = [];
  /** Keys of steps at work, and how many steps: what VPP tells of those is our own doing. */
  readonly #working = new Map<string, number>();

  constructor(private readonly memory: Memory) {}

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  tell(what: Change): void {
    for (const listener of this.#listeners) listener(what);
  }

  /** @returns what ends it */
  working(keys: readonly string[]): () => void {
    for (const key of keys) this.#working.set(key, (this.#working.get(key) ?? 0) + 1);
    return () => {
      for (const key of keys) {
        const left = (this.#working.get(key) ?? 1) - 1;
        if (left === 0) this.#working.delete(key);
        else this.#working.set(key, left);
      }
    };
  }

  /** An interface that is not ours is nobody's business, whatever becomes of it. */
  interfaceChanged(index: number, isGone: boolean): void {
    const tag = this.memory.tagAt(index);
    if (isGone) this.memory.forget(index);
    const key = tag === undefined ? undefined : parseTag(tag)?.key;
    if (key === undefined || this.#working.has(key)) return;
    // On an uplink are VTEPs, whose keys it does not tell.
    this.tell(key.startsWith(UPLINK) ? 'unknown' : new Set([key]));
  }
}
