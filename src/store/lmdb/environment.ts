/** The one place that talks to lmdb-js: opens, reads, commits, and opens again after a failure. */
import { constants } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { NfvError } from '../../errors.js';
import { commitError, hurtsMemory, storeError } from './errors.js';
import { DATA_FILE } from './file.js';
import type { Entry, View, Write } from './records.js';
import { Room } from './room.js';

export interface EnvironmentOptions {
  /** The directory, which exists. */
  readonly path: string;
  /** Bytes of address space; the data file stays below. */
  readonly mapSize: number;
}

type Database = RootDatabase<Buffer, Buffer>;

interface Open {
  readonly db: Database;
  readonly room: Room;
}

const LOCK_FILE = 'lock.mdb';
/** More than LMDB needs for its readers, so that it does not extend the file. */
const LOCK_BYTES = 16384;

/**
 * Only one process may have it open, and only through this class: lmdb-js 3.5.6 sets the last
 * transaction in the shared lock file whenever an environment is opened, also read-only, and so
 * makes a writer in another process forget what it has just committed.
 */
export class Environment implements View {
  readonly file: string;
  readonly #options: EnvironmentOptions;
  #open: Open | undefined;
  #opening: Promise<Open> | undefined;
  #closing: Promise<void> | undefined;
  /** A commit, and what has to be done if it fails; never rejects. */
  #committing: Promise<void> | undefined;
  /** Why nothing may be written until the process is started again. */
  #broken: NfvError | undefined;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.file = join(options.path, DATA_FILE);
  }

  /**
   * Opens it where it is not open: at first, and after a failed commit. Reads and commits before
   * it resolves fail with STORE_FAILED.
   * @throws NfvError STORE_FULL, STORE_FAILED, STORE_DAMAGED, FILE_UNREADABLE
   */
  async ready(): Promise<void> {
    if (this.#open !== undefined) return;
    this.#opening ??= this.#openAll();
    try {
      this.#open = await this.#opening;
    } catch (error) {
      throw storeError(error, `cannot open ${this.file}`);
    } finally {
      this.#opening = undefined;
    }
  }

  /**
   * Runs `read`, which uses this view. Where a commit fails just then, and LMDB with it, again
   * when that has been dealt with.
   * @throws NfvError STORE_FAILED, STORE_DAMAGED, and what `read` throws
   */
  async read<T>(read: () => T): Promise<T> {
    await this.ready();
    const committing = this.#committing;
    try {
      return read();
    } catch (error) {
      if (!isFailure(error) || committing === undefined) throw error;
      await committing;
      await this.ready();
      return read();
    }
  }

  /** The same at once; undefined: it cannot be read just now. */
  tryRead<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (isFailure(error)) return undefined;
      throw error;
    }
  }

  get(key: Buffer): Buffer | undefined {
    return this.#reading((db) => db.getBinary(key));
  }

  *entries(from: Buffer, to: Buffer): Generator<Entry> {
    const found = this.#reading((db) => db.getRange({ start: from, end: to })[Symbol.iterator]());
    try {
      for (;;) {
        const next = this.#reading(() => found.next());
        if (next.done === true) return;
        yield { key: next.value.key, record: next.value.value };
      }
    } finally {
      found.return?.();
    }
  }

  /** The used part of the file has reached `maxBytes`, and hardly a page in it is free. */
  isFull(maxBytes: number): boolean {
    return this.#parts().room.isFull(maxBytes);
  }

  /**
   * All of `writes` or nothing, synced to the disk when it resolves and not visible before. After
   * a failure the environment is opened anew: LMDB's may be unusable, and lmdb-js would hang in it.
   * @throws NfvError STORE_FULL, STORE_FAILED
   */
  async commit(writes: readonly Write[]): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const { room } = this.#parts();
    await room.reserve(writes);
    const committing = this.#commit(writes);
    this.#committing = committing.catch(() => undefined);
    try {
      await committing;
    } finally {
      this.#committing = undefined;
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.#closing = closeAll(open);
    await this.#closing;
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    const { db } = this.#parts();
    try {
      await db.batch(() => {
        for (const { key, record } of writes) {
          if (record === undefined) void db.remove(key);
          else void db.put(key, record);
        }
      });
    } catch (error) {
      throw await this.#failed(error, writes);
    }
  }

  async #failed(error: unknown, writes: readonly Write[]): Promise<NfvError> {
    const reason = await reasonOf(error);
    const bytes = writes.reduce((sum, write) => sum + (write.record?.length ?? 0), 0);
    const failure = await commitError(reason, this.file, bytes);
    if (hurtsMemory(reason)) {
      // Reads go on as they are; anything else could do harm.
      this.#broken = new NfvError('STORE_FAILED', `${failure.message}; memory may be damaged`, {
        cause: failure,
        remedy: 'check the disk, and start the process again',
      });
      return failure;
    }
    await this.close();
    // Where this fails, the next call of `ready` tries again and tells.
    await this.ready().catch(() => undefined);
    return failure;
  }

  #parts(): Open {
    if (this.#open !== undefined) return this.#open;
    throw new NfvError('STORE_FAILED', `${this.file} is not open after a failure`);
  }

  #reading<T>(read: (db: Database) => T): T {
    const { db } = this.#parts();
    try {
      return read(db);
    } catch (error) {
      throw storeError(error, `cannot read ${this.file}`);
    }
  }

  async #openAll(): Promise<Open> {
    // Opened before it is closed, lmdb-js would give the old environment again.
    await this.#closing;
    await writeLockFile(join(this.#options.path, LOCK_FILE));
    const db = this.#openDatabase();
    try {
      return { db, room: await Room.open(this.file) };
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  #openDatabase(): Database {
    // Not written into the call: lmdb's types do not know permissionsMode.
    const options = {
      ...this.#options,
      // Not by the path's looks: lmdb-js would take a directory with a dot for a file.
      noSubdir: false,
      keyEncoding: 'binary',
      encoding: 'binary',
      // With overlapping syncs, lmdb-js's default, readers see a commit before it is synced.
      overlappingSync: false,
      // With batches by event turn a failed commit rejects a second promise, which nobody has.
      eventTurnBatching: false,
      permissionsMode: 0o600,
    } as const;
    return open<Buffer, Buffer>(options);
  }
}

const isFailure = (error: unknown): boolean =>
  error instanceof NfvError && error.code === 'STORE_FAILED';

async function closeAll({ db, room }: Open): Promise<void> {
  await db.close();
  await room.close();
}

/**
 * LMDB maps this file into memory and writes to it: were its blocks not there, a full disk would
 * end the process with SIGBUS. What was in it is of processes that are gone.
 */
async function writeLockFile(path: string): Promise<void> {
  const handle = await openFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    await handle.write(Buffer.alloc(LOCK_BYTES), 0, LOCK_BYTES, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** lmdb-js rejects with "Commit failed" and hides what LMDB said in a promise of its own. */
async function reasonOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (reason) {
    return reason;
  }
}
