/** The keys and values of a former revision: current values and history, merged. */
import { afterHistory, historyKey, type Version } from './layout.js';
import type { Records } from './records.js';

/** A key and its value at the revision asked for, if it had one then. */
export interface Found {
  readonly key: Buffer;
  readonly version: Version | undefined;
}

/** Two ranges of LMDB's keys. */
export interface Ranges {
  readonly current: readonly [from: Buffer, to: Buffer];
  readonly history: readonly [from: Buffer, to: Buffer];
}

/** History entries stepped over before it is worth a search. */
const STEPS_BEFORE_SEARCH = 8;

/** In order of the keys; `revision` is not compacted. */
export function* keysAt(records: Records, revision: number, ranges: Ranges): Generator<Found> {
  const current = new Peek(records.currents(...ranges.current));
  const ended = new Peek(endedAt(records, revision, ranges.history));
  try {
    for (;;) {
      const order = compareHeads(current.head, ended.head);
      const now = order <= 0 ? current.take() : undefined;
      const then = order >= 0 ? ended.take() : undefined;
      if (now !== undefined && now.version.modRevision <= revision) yield now;
      else if (then !== undefined) yield then;
      else if (now !== undefined) yield { key: now.key, version: undefined };
      else return;
    }
  } finally {
    current.close();
    ended.close();
  }
}

/** Each key that has a history, with the value out of it that it had at `revision`. */
function* endedAt(
  records: Records,
  revision: number,
  [from, to]: Ranges['history'],
): Generator<Found> {
  let key: Buffer | undefined;
  let told = true;
  for (let start: Buffer | undefined = from; start !== undefined;) {
    let search: Buffer | undefined;
    let steps = 0;
    for (const { place, version } of records.history(start, to)) {
      if (key?.equals(place.key) !== true) {
        if (key !== undefined && !told) yield { key, version: undefined };
        ({ key } = place);
        told = false;
        steps = 0;
      }
      if (!told && place.until > revision) {
        const value = version();
        yield { key, version: value.modRevision <= revision ? value : undefined };
        told = true;
      } else if (++steps > STEPS_BEFORE_SEARCH) {
        search = told ? afterHistory(key) : historyKey(key, revision + 1);
        break;
      }
    }
    start = search;
  }
  if (key !== undefined && !told) yield { key, version: undefined };
}

function compareHeads(a: { key: Buffer } | undefined, b: { key: Buffer } | undefined): number {
  if (a === undefined) return b === undefined ? 0 : 1;
  return b === undefined ? -1 : a.key.compare(b.key);
}

/** An iterator whose next item can be looked at. */
class Peek<T> {
  readonly #items: Iterator<T>;
  #next: IteratorResult<T, unknown>;

  constructor(items: Iterator<T>) {
    this.#items = items;
    this.#next = items.next();
  }

  get head(): T | undefined {
    return this.#next.done === true ? undefined : this.#next.value;
  }

  take(): T | undefined {
    const { head } = this;
    if (head !== undefined) this.#next = this.#items.next();
    return head;
  }

  close(): void {
    this.#items.return?.();
  }
}
