/**
 * Writes what the NVEs report into the store, so that a reader and a watcher of a resource see
 * its state: gathered for a moment, and only what is different.
 */
import { NfvError } from '../../errors.js';
import type { Clock } from '../../model/clock.js';
import { errorFields, type Log } from '../../model/log.js';
import { formatName, type Collection } from '../../model/names.js';
import { LIMITS, type Compare, type KeyValue, type Store } from '../../store/store.js';
import { specKey, statusKey } from '../keys.js';

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
  /**
   * The revision of the resource's specification that `statusOf` knows, asked before that; undefined: there is
   * no such resource. Absent: the store is asked.
   */
  revisionOf?(id: string): number | undefined;
  /**
   * The status record as it should be; undefined: nothing is known, leave it.
   * @param stored the one that the store has
   */
  statusOf(id: string, stored: KeyValue | undefined): Promise<string | undefined>;
}

interface Write {
  readonly id: string;
  /** The resource is the one that the status is about, and it is for us to write. */
  readonly compare: readonly Compare[];
  readonly key: string;
  readonly value: string;
}

const RETRY_MS = 1000;
/** Attempts in a row in which nothing could be written: what they rely on has not arrived here yet. */
const MAX_VAIN = 5;
export class StatusWriter {
  readonly #dirty = new Set<string>();
  /** Those of them that are being written. */
  #due = new Set<string>();
  #timer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;
  /** The store could not write when it was last asked. */
  #failed = false;
  /** Those that no store takes: each is told once. */
  readonly #tooLarge = new Set<string>();
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
    return this.#dirty.size + this.#due.size;
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
    do await this.#flush();
    while (this.#dirty.size > 0 && !this.#failed);
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.deps.clock.after(ms, () => {
      this.#timer = undefined;
      this.#writing = this.#flush().finally(() => {
        this.#writing = undefined;
        // What was marked meanwhile is gathered as what was marked before.
        if (this.#dirty.size > 0) this.#schedule(this.#failed ? RETRY_MS : this.deps.gatherMs);
      });
    });
  }

  async #flush(): Promise<void> {
    // Taken out before they are read: what changes from now on marks them again.
    this.#due = new Set(this.#dirty);
    this.#dirty.clear();
    this.#failed = false;
    try {
      for (let vain = 0; this.#due.size > 0;) {
        vain = (await this.#writeBatch(vain > 0)) ? 0 : vain + 1;
        if (vain < MAX_VAIN) continue;
        throw new NfvError('WRITE_CONFLICT', `${this.#due.size} statuses go on changing`);
      }
    } catch (thrown) {
      this.#failed = true;
      for (const id of this.#due) this.#dirty.add(id);
      this.#due.clear();
      this.deps.log.warn(errorFields(NfvError.from(thrown)), 'status not written');
    }
  }

  /**
   * Leaves what is still to be written.
   * @param singly so that one that cannot be written keeps no other from it
   * @returns whether there is less of it now
   */
  async #writeBatch(singly: boolean): Promise<boolean> {
    const ids = first(this.#batch, this.#due);
    const prepared = await Promise.all(ids.map((id) => this.#prepare(id)));
    const again = new Set<string>();
    const writes = prepared.filter((write) => write !== undefined);
    for (const part of singly ? writes.map((write) => [write]) : inTransactions(writes)) {
      // A resource that changed meanwhile is read again; it may be gone by then.
      if (!(await this.#written(part))) for (const { id } of part) again.add(id);
    }
    for (const id of ids) if (!again.has(id)) this.#due.delete(id);
    return again.size < ids.length;
  }

  async #written(writes: readonly Write[]): Promise<boolean> {
    const { succeeded } = await this.deps.store.txn({
      compare: writes.flatMap(({ compare }) => compare),
      ops: writes.map(({ key, value }) => ({ kind: 'put', key, value })),
    });
    return succeeded;
  }

  /** undefined: there is nothing to write, or nothing to write it about. */
  async #prepare(id: string): Promise<Write | undefined> {
    const { store, collection } = this.deps;
    const guard = this.deps.guard?.(id);
    if (guard === 'elsewhere') return undefined;
    const about = specKey(collection, id);
    const revision =
      this.deps.revisionOf === undefined
        ? (await store.get(about))?.modRevision
        : this.deps.revisionOf(id);
    if (revision === undefined) return undefined;
    const key = statusKey(collection, id);
    const stored = await store.get(key);
    const value = await this.deps.statusOf(id, stored);
    if (value === undefined || stored?.value === value || !this.#fits(id, value)) return undefined;
    const isIt = { kind: 'revision', key: about, revision } as const;
    return { id, compare: guard === undefined ? [isIt] : [isIt, guard], key, value };
  }

  /** One that does not would keep all others from being written with it, again and again. */
  #fits(id: string, value: string): boolean {
    const bytes = Buffer.byteLength(value);
    if (bytes <= LIMITS.valueBytes) {
      this.#tooLarge.delete(id);
      return true;
    }
    if (!this.#tooLarge.has(id)) {
      const resource = formatName(this.deps.collection, id);
      this.deps.log.warn({ resource, bytes }, 'a status is too large, and stays as it was');
    }
    this.#tooLarge.add(id);
    return false;
  }
}

/** There may be a hundred thousand, of which a few are taken at a time. */
function first(count: number, all: Iterable<string>): string[] {
  const taken: string[] = [];
  for (const each of all) {
    if (taken.length === count) break;
    taken.push(each);
  }
  return taken;
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
