/** What the transactions of one group have changed so far, on top of what is committed. */
import {
  afterPrefix,
  currentKey,
  encodeLog,
  encodeState,
  encodeVersion,
  historyKey,
  logKey,
  type LogOp,
  STATE_KEY,
  type StateRecord,
  type Version,
} from './layout.js';
import type { Records, Write } from './records.js';

/** LMDB keys as map keys: one character a byte. */
const nameOf = (key: Buffer): string => key.toString('latin1');

export class Draft {
  readonly #committed: Records;
  readonly #before: StateRecord;
  #state: StateRecord;
  readonly #writes = new Map<string, Write>();
  /** The part of `#writes` that is of the table `current`, decoded; undefined: deleted. */
  readonly #current = new Map<string, Version | undefined>();
  #bytes = 0;

  constructor(committed: Records) {
    this.#committed = committed;
    this.#before = this.#state = committed.state();
  }

  get state(): StateRecord {
    return this.#state;
  }

  /** What is on the disk, under this draft. */
  get committed(): Records {
    return this.#committed;
  }

  /** The revision of what is on the disk. */
  get committedRevision(): number {
    return this.#before.revision;
  }

  /** Changes of LMDB's tree so far. */
  get size(): number {
    return this.#writes.size;
  }

  /** Bytes of keys and records so far. */
  get bytes(): number {
    return this.#bytes;
  }

  changeState(change: Partial<Omit<StateRecord, 'storeId'>>): void {
    this.#state = { ...this.#state, ...change };
  }

  current(key: Buffer): Version | undefined {
    const name = nameOf(key);
    return this.#current.has(name) ? this.#current.get(name) : this.#committed.current(key);
  }

  anyWithPrefix(prefix: Buffer): boolean {
    const from = currentKey(prefix);
    for (const key of this.#committed.keys(from, afterPrefix(from))) {
      const name = nameOf(key.subarray(1));
      if (!this.#current.has(name) || this.#current.get(name) !== undefined) return true;
    }
    const name = nameOf(prefix);
    for (const [key, version] of this.#current) {
      if (version !== undefined && key.startsWith(name)) return true;
    }
    return false;
  }

  setCurrent(key: Buffer, version: Version | undefined): void {
    this.#current.set(nameOf(key), version);
    const at = currentKey(key);
    this.#write(at, version === undefined ? undefined : encodeVersion(at, version));
  }

  addHistory(key: Buffer, until: number, version: Version): void {
    const at = historyKey(key, until);
    this.#write(at, encodeVersion(at, version));
  }

  removeHistory(key: Buffer, until: number): void {
    this.#write(historyKey(key, until), undefined);
  }

  addLog(revision: number, ops: readonly LogOp[]): void {
    this.#write(logKey(revision), encodeLog(revision, ops));
  }

  removeLog(revision: number): void {
    this.#write(logKey(revision), undefined);
  }

  /** What to commit; empty: nothing changed. */
  writes(): Write[] {
    if (this.#state !== this.#before) this.#write(STATE_KEY, encodeState(this.#state));
    return [...this.#writes.values()];
  }

  #write(key: Buffer, record: Buffer | undefined): void {
    this.#writes.set(nameOf(key), { key, record });
    this.#bytes += key.length + (record?.length ?? 0);
  }
}
