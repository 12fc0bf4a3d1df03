/**
 * Writes what the NVEs report into the store, so that a reader and a watcher of a resource see
 * its state: gathered for a moment, and only what is different.
 */
import { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';
import type { Collection } from '../model/names.js';
import { LIMITS, type Compare, type Store } from '../store/store.js';
import { specKey, statusKey } from './keys.js';

export interface StatusWriterDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Whose status it is. */
  readonly collection: Collection;
  /** Milliseconds that changes are gathered for. */
  readonly gatherMs: number;
  /**
   * What else must hold, asked before `statusOf`; `elsewhere`: another replica writes it. Absent:
   * nothing.
   */
  guard?(id: string): Compare | 'elsewhere' | undefined;
  /** The status record as it should be; undefined: nothing is known, leave it. */
  statusOf(id: string): Promise<string | undefined>;
}

interface Write {
  readonly id: string;
  /** The resource is the one that the status is about, and it is for us to write. */
  readonly compare: readonly Compare[];
  readonly key: string;
  readonly value: string;
}

const RETRY_MS = 1000;
export class StatusWriter {
  readonly #dirty = new Set<string>();
  #timer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;
  /** Each status takes one compare or two and one operation of a transaction. */
  readonly #batch: number;

  constructor(private readonly deps: StatusWriterDeps) {
    this.#batch = Math.floor(LIMITS.txnOps / (deps.guard === undefined ? 2 : 3));
  }

  get collection(): Collection {
    return this.deps.collection;
  }

  /** Statuses that may have changed, and are not written yet. */
  get waiting(): number {
    return this.#dirty.size;
  }

  /** The status may have changed. */
  mark(id: string): void {
    this.#dirty.add(id);
    this.#schedule(this.deps.gatherMs);
  }

  /** Writes what is gathered, and then no more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.();
    await this.#writing;
    await this.#flush();
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.deps.clock.after(ms, () => {
      this.#timer = undefined;
      this.#writing = this.#flush().finally(() => {
        this.#writing = undefined;
        if (this.#dirty.size > 0) this.#schedule(RETRY_MS);
      });
    });
  }

  async #flush(): Promise<void> {
    try {
      while (this.#dirty.size > 0) await this.#writeBatch();
    } catch (thrown) {
      this.deps.log.warn(errorFields(NfvError.from(thrown)), 'status not written');
    }
  }

  async #writeBatch(): Promise<void> {
    const ids = [...this.#dirty].slice(0, this.#batch);
    // Taken out before it is read: what changes from now on marks it again.
    for (const id of ids) this.#dirty.delete(id);
    try {
      const writes = await Promise.all(ids.map((id) => this.#prepare(id)));
      const due = writes.filter((write) => write !== undefined);
      for (const part of inTransactions(due)) await this.#writePart(part);
    } catch (thrown) {
      for (const id of ids) this.#dirty.add(id);
      throw thrown;
    }
  }

  async #writePart(writes: readonly Write[]): Promise<void> {
    const result = await this.deps.store.txn({
      compare: writes.flatMap(({ compare }) => compare),
      ops: writes.map(({ key, value }) => ({ kind: 'put', key, value })),
    });
    // A resource that changed meanwhile is read again; it may be gone by then.
    if (!result.succeeded) for (const { id } of writes) this.#dirty.add(id);
  }

  /** undefined: there is nothing to write, or nothing to write it about. */
  async #prepare(id: string): Promise<Write | undefined> {
    const { store, collection } = this.deps;
    const guard = this.deps.guard?.(id);
    if (guard === 'elsewhere') return undefined;
    const spec = await store.get(specKey(collection, id));
    const value = await this.deps.statusOf(id);
    if (spec === undefined || value === undefined) return undefined;
    const key = statusKey(collection, id);
    if ((await store.get(key))?.value === value) return undefined;
    const isIt = { kind: 'revision', key: spec.key, revision: spec.modRevision } as const;
    return { id, compare: guard === undefined ? [isIt] : [isIt, guard], key, value };
  }
}

/** As many as a transaction takes by the bytes of their values. */
function* inTransactions(writes: readonly Write[]): Generator<readonly Write[]> {
  let part: Write[] = [];
  let bytes = 0;
  for (const write of writes) {
    const size = Buffer.byteLength(write.value);
    if (part.length > 0 && bytes + size > LIMITS.txnBytes) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(write);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
