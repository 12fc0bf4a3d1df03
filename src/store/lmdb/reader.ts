/**
 * Reads a store that another process may be writing, without LMDB: lmdb-js 3.5.6 cannot be opened
 * a second time without harm (see environment.ts), and a reader needs neither a lock nor the
 * right to write.
 *
 * The pages of transaction N are intact while the newest transaction is N or N + 1: what N + 1
 * frees is written over by N + 3 at the earliest. So what was read counts if that still holds
 * after the last page; else it is read again from the transaction that is newest then.
 */
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { NfvError } from '../../errors.js';
import { checkKey, checkRange, checkRevision } from '../check-request.js';
import { checkMetas, DATA_FILE, newest, PageFile } from './file.js';
import { PageView } from './page-view.js';
import { readKey, readRange, STEP_KEYS } from './range.js';
import { Records } from './records.js';
import type { KeyValue, RangeRequest, RangeResult, StoreReader, StoreStatus } from '../store.js';

const ATTEMPTS = 500;
const LEAST_STEP_KEYS = 4;

/**
 * Opens the store at `path` for reading, also while another process writes to it.
 * @throws NfvError FILE_UNREADABLE, STORE_DAMAGED, STORE_FAILED
 */
export function openLmdbReader({ path }: { readonly path: string }): StoreReader {
  const file = new PageFile(join(path, DATA_FILE));
  try {
    const reader = new LmdbReader(file);
    reader.status();
    return reader;
  } catch (error) {
    file.close();
    throw error;
  }
}

type ReadStep<T> = (records: Records, keys: number) => T;

export class LmdbReader implements StoreReader {
  readonly #file: PageFile;
  /** The newest transaction known to be on the disk. */
  #synced = -1;
  #closed = false;

  constructor(file: PageFile) {
    this.#file = file;
  }

  async get(key: string, revision?: number): Promise<KeyValue | undefined> {
    checkKey('key', key);
    if (revision !== undefined) checkRevision('revision', revision);
    return readKey((read) => this.#read(read), key, revision);
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    checkRange(request);
    return readRange((read) => this.#read(read), request);
  }

  status(): StoreStatus {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = this.#attempt((records) => records.state(), attempt);
      if (answer === undefined) continue;
      const { storeId, epoch, revision, compactRevision } = answer.value;
      return { storeId, epoch, revision, compactRevision };
    }
    throw this.#tooFast();
  }

  close(): Promise<void> {
    if (!this.#closed) this.#file.close();
    this.#closed = true;
    return Promise.resolve();
  }

  async #read<T>(read: ReadStep<T>): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = this.#attempt(read, attempt);
      if (answer !== undefined) return answer.value;
      await turn();
    }
    throw this.#tooFast();
  }

  /** Undefined: the transaction was written over meanwhile. */
  #attempt<T>(read: ReadStep<T>, attempt: number): { value: T } | undefined {
    if (this.#closed) throw new NfvError('STORE_CLOSED', 'the store is closed');
    const metas = this.#file.steadyMetas();
    checkMetas(this.#file, metas);
    const meta = newest(metas);
    // The faster the store changes, the less is read at a time.
    const keys = Math.max(LEAST_STEP_KEYS, STEP_KEYS >> Math.floor(attempt / 4));
    const outlasted = (): boolean => newest(this.#file.steadyMetas()).txnId <= meta.txnId + 1;
    try {
      const value = read(new Records(new PageView(this.#file, meta)), keys);
      if (!outlasted()) return undefined;
      this.#sync(meta.txnId);
      return { value };
    } catch (error) {
      if (outlasted()) throw error;
      return undefined;
    }
  }

  /** A commit shows in the page cache before it is on the disk. */
  #sync(txnId: number): void {
    if (txnId <= this.#synced) return;
    this.#file.sync();
    this.#synced = txnId;
  }

  #tooFast(): NfvError {
    return new NfvError('STORE_FAILED', `${this.#file.path} changes too fast to be read`);
  }
}
