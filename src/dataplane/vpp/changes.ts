/** What VPP tells of changes behind our back: interfaces that go, come up or go down. */
import type { Change } from '../../reconcile/dataplane.js';
import type { Memory } from './memory.js';
import { parseTag, UPLINK } from './tag.js';

export type Listener = (what: Change) => void;

/** The steps of one call. */
class Work {
  #keys: ReadonlySet<string> | undefined;

  constructor(private readonly list: readonly string[]) {}

  isOn(key: string): boolean {
    this.#keys ??= new Set(this.list);
    return this.#keys.has(key);
  }
}

export class Changes {
  readonly #listeners: Listener[] = [];
  /** Keys of steps at work: what VPP tells of those is our own doing. Searched only when it does. */
  readonly #working = new Set<Work>();

  constructor(private readonly memory: Memory) {}

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  tell(what: Change): void {
    for (const listener of this.#listeners) listener(what);
  }

  /** @returns what ends it */
  working(keys: readonly string[]): () => void {
    const work = new Work(keys);
    this.#working.add(work);
    return () => {
      this.#working.delete(work);
    };
  }

  /** An interface that is not ours is nobody's business, whatever becomes of it. */
  interfaceChanged(index: number, isGone: boolean): void {
    const tag = this.memory.tagAt(index);
    if (isGone) this.memory.forget(index);
    const key = tag === undefined ? undefined : parseTag(tag)?.key;
    if (key === undefined || this.#isOurDoing(key)) return;
    // On an uplink are VTEPs, whose keys it does not tell.
    this.tell(key.startsWith(UPLINK) ? 'unknown' : new Set([key]));
  }

  #isOurDoing(key: string): boolean {
    for (const work of this.#working) if (work.isOn(key)) return true;
    return false;
  }
}
