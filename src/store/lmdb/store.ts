/** The embedded store: etcd's model of revisions on LMDB. docs/store.md has the whole picture. */
import { NfvError } from '../../errors.js';
import { checkKey, checkRange, checkRevision, checkTxn } from '../check-request.js';
import type { StoreIdentity } from '../copy.js';
import { EarlyStore } from '../early.js';
import { Commits } from './commits.js';
import { compactStore } from './compact.js';
import { makeDataFile, makeDirectory } from './create.js';
import type { Draft } from './draft.js';
import { Environment } from './environment.js';
import type { StateRecord } from './layout.js';
import { type DirectoryLock, lockDirectory } from './lock.js';
import { readKey, readRange, STEP_KEYS } from './range.js';
import { openLmdbReader } from './reader.js';
import { Records } from './records.js';
import { runTxn } from './txn.js';
import { verifyAside } from './verify-aside.js';
import { watchStore } from './watch.js';
import {
  LIMITS,
  type KeyValue,
  type RangeRequest,
  type RangeResult,
  type Store,
  type StoreStatus,
  type Txn,
  type TxnResult,
  type WatchBatch,
  type WatchRequest,
} from '../store.js';

export interface LmdbOptions {
  /** The store's directory, made where it is not there; on a local file system. */
  readonly path: string;
  /**
   * The data may take so many bytes in the file, and a little more; then puts are STORE_FULL until
   * deletes and a compaction have made room. Default 8 GiB.
   */
  readonly maxBytes?: number;
  /** See `Store.txnOps`; default LIMITS.txnOps. */
  readonly txnOps?: number;
  /** Milliseconds since 1970, for the epoch; default Date.now. */
  readonly now?: () => number;
  /** Makes the store anew, as this one; there must be none. */
  readonly make?: StoreIdentity;
  /** Ends the check of a large file. */
  readonly signal?: AbortSignal;
}

const GIB = 1024 * 1024 * 1024;
const DEFAULT_MAX_BYTES = 8 * GIB;

/**
 * Opens the store for writing, as the only process to do so, after a check of the whole file.
 * @throws NfvError STORE_LOCKED, STORE_DAMAGED, STORE_FULL, STORE_FAILED, FILE_UNREADABLE,
 *   COMMAND_MISSING, ALREADY_EXISTS with `make`
 */
export async function openLmdbStore(options: LmdbOptions): Promise<Store> {
  return openLocked(await lockStore(options), options);
}

/**
 * The same, to be read while it is checked: without LMDB, which must not come near a file that nobody has
 * checked.
 * @throws NfvError STORE_LOCKED, STORE_FULL, STORE_FAILED, FILE_UNREADABLE, COMMAND_MISSING; what else
 *   openLmdbStore throws is told by `checked`
 */
export async function openLmdbStoreEarly(options: LmdbOptions): Promise<EarlyStore> {
  const opened = openLocked(await lockStore(options), options);
  // It is told by whoever asks for the store.
  opened.catch(() => undefined);
  try {
    return new EarlyStore(openLmdbReader(options), opened, txnOpsOf(options));
  } catch (error) {
    // Where the file cannot be read even so, the check tells more of it.
    await (await opened).close();
    throw error;
  }
}

/** The store's directory with its data file, for this process only. */
async function lockStore(options: LmdbOptions): Promise<DirectoryLock> {
  const { path, make } = options;
  await makeDirectory(path);
  const lock = await lockDirectory(path);
  try {
    await makeDataFile(path, mapSizeOf(options), make);
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openLocked(lock: DirectoryLock, options: LmdbOptions): Promise<Store> {
  const { path, maxBytes = DEFAULT_MAX_BYTES, now = Date.now } = options;
  const environment = new Environment({ path, mapSize: mapSizeOf(options) });
  try {
    const { state } = await verifyAside(environment.file, options.signal);
    await environment.ready();
    const parts = { environment, lock, maxBytes, txnOps: txnOpsOf(options) };
    const store = new LmdbStore(parts, state);
    await store.newEpoch(now());
    return store;
  } catch (error) {
    await environment.close();
    await lock.release();
    throw error;
  }
}

const txnOpsOf = ({ txnOps = LIMITS.txnOps }: LmdbOptions): number => txnOps;

/** Never to be remapped: other threads read through the map that would go away. */
const mapSizeOf = ({ maxBytes = DEFAULT_MAX_BYTES }: LmdbOptions): number => maxBytes + GIB;

interface Parts {
  readonly environment: Environment;
  readonly lock: DirectoryLock;
  readonly maxBytes: number;
  readonly txnOps: number;
}

interface Waiting {
  readonly revision: number;
  readonly callback: () => void;
}

class LmdbStore implements Store {
  readonly #parts: Parts;
  readonly #commits: Commits;
  readonly #waiting = new Set<Waiting>();
  #state: StateRecord;
  #full: boolean;
  #damage: NfvError | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: Parts, state: StateRecord) {
    this.#parts = parts;
    this.#state = state;
    this.#full = parts.environment.isFull(parts.maxBytes);
    this.#commits = new Commits(parts.environment, {
      before: () => {
        if (this.#damage !== undefined) throw this.#damage;
      },
      committed: (draft) => {
        this.#committed(draft);
      },
    });
  }

  /**
   * Above all that this store had, and also above what it had before a backup of it was put back:
   * at least the seconds since 1970.
   */
  newEpoch(now: number): Promise<void> {
    return this.#submit(0, (draft) => {
      const epoch = Math.max(draft.state.epoch + 1, Math.floor(now / 1000));
      draft.changeState({ epoch });
    });
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

  async txn(txn: Txn): Promise<TxnResult> {
    const bytes = checkTxn(txn, this.txnOps);
    return this.#submit(bytes, (draft) => {
      if (this.#full && txn.ops.some((op) => op.kind === 'put')) throw this.#noRoom();
      return runTxn(draft, txn);
    });
  }

  watch(request: WatchRequest): AsyncIterable<WatchBatch> {
    const source = {
      read: <T>(read: (records: Records, keys: number) => T) => this.#read(read),
      onChange: (revision: number, callback: () => void) => this.#onChange(revision, callback),
    };
    return watchStore(source, request);
  }

  async compact(revision: number): Promise<void> {
    checkRevision('revision', revision);
    await compactStore((change) => this.#submit(0, change), revision);
  }

  get txnOps(): number {
    return this.#parts.txnOps;
  }

  status(): StoreStatus {
    this.#checkOpen();
    const { environment } = this.#parts;
    const state = environment.tryRead(() => new Records(environment).state()) ?? this.#state;
    const { storeId, epoch, revision, compactRevision } = state;
    return { storeId, epoch, revision, compactRevision };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // They find the store closed, and end with that.
    this.#wake(() => true);
    await this.#commits.idle();
    await this.#parts.environment.close();
    await this.#parts.lock.release();
  }

  async #read<T>(read: (records: Records, keys: number) => T): Promise<T> {
    this.#checkOpen();
    const { environment } = this.#parts;
    return environment.read(() =>
      this.#noteDamage(() => read(new Records(environment), STEP_KEYS)),
    );
  }

  async #submit<T>(bytes: number, change: (draft: Draft) => T): Promise<T> {
    this.#checkOpen();
    return this.#commits.submit(bytes, (draft) => this.#noteDamage(() => change(draft)));
  }

  /** Once damage was found, nothing more is written. */
  #noteDamage<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof NfvError && error.code === 'STORE_DAMAGED') this.#damage ??= error;
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new NfvError('STORE_CLOSED', 'the store is closed');
  }

  #noRoom(): NfvError {
    const { environment, maxBytes } = this.#parts;
    const size = `${environment.file} has reached its limit of ${maxBytes} bytes`;
    return new NfvError('STORE_FULL', size, {
      remedy: 'compact the store, delete what is not needed, or raise its limit',
    });
  }

  #committed(draft: Draft): void {
    this.#state = draft.state;
    const { environment, maxBytes } = this.#parts;
    this.#full = environment.isFull(maxBytes);
    this.#wake((waiting) => waiting.revision < draft.state.revision);
  }

  #onChange(revision: number, callback: () => void): () => void {
    const waiting = { revision, callback };
    this.#waiting.add(waiting);
    queueMicrotask(() => {
      if (this.#closing !== undefined || this.#state.revision > revision) this.#call(waiting);
    });
    return () => {
      this.#waiting.delete(waiting);
    };
  }

  #wake(which: (waiting: Waiting) => boolean): void {
    for (const waiting of [...this.#waiting].filter(which)) this.#call(waiting);
  }

  #call(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) waiting.callback();
  }
}
