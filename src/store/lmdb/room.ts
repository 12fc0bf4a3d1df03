/**
 * Room in the data file before LMDB writes to it. The disk must be full here, not there: when
 * lmdb-js 3.5.6 fails to write a page it formats a message into a buffer that is too small, and
 * may take the process with it. So the file is made long enough, with zeros, for all that a commit
 * can add; LMDB takes no notice of what lies behind its last page.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { storeError } from './errors.js';
import { newest, PageFile } from './file.js';
import { type Meta, overflowPages } from './pages.js';
import { PageView } from './page-view.js';
import type { Write } from './records.js';

/** The file grows by a sixteenth, within these bounds. */
const LEAST_GROWTH = 1024 * 1024;
const MOST_GROWTH = 16 * 1024 * 1024;
/** Below this many free pages, and at its limit, the store is full. */
const FEW_PAGES = 512;
/** For the free list itself, beyond its share of the pages. */
const FREE_LIST_PAGES = 32;

export class Room {
  readonly #file: PageFile;
  readonly #handle: FileHandle;

  private constructor(file: PageFile, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** @throws NfvError FILE_UNREADABLE, STORE_FAILED */
  static async open(path: string): Promise<Room> {
    const file = new PageFile(path);
    try {
      return new Room(file, await open(path, 'r+'));
    } catch (error) {
      file.close();
      throw storeError(error, `cannot open ${path}`);
    }
  }

  /** Makes the file long enough for a commit of `writes`. @throws NfvError STORE_FULL, STORE_FAILED */
  async reserve(writes: readonly Write[]): Promise<void> {
    const meta = newest(this.#file.metas());
    const { bytes } = this.#file;
    const needed = (meta.lastPage + 1 + pagesFor(writes, meta)) * meta.pageSize;
    if (needed <= bytes) return;
    const growth = Math.min(Math.max(Math.floor(bytes / 16), LEAST_GROWTH), MOST_GROWTH);
    // Where the disk has no room for growth, it may have it for what is needed.
    const roomy = Math.max(needed, Math.ceil((bytes + growth) / meta.pageSize) * meta.pageSize);
    if ((await this.#extend(bytes, roomy)) === undefined) return;
    const failure = await this.#extend(bytes, needed);
    if (failure !== undefined) throw storeError(failure, `cannot extend ${this.#file.path}`);
  }

  /** The pages that are used have reached `maxBytes`, and next to none of them is free. */
  isFull(maxBytes: number): boolean {
    const meta = newest(this.#file.metas());
    if ((meta.lastPage + 1) * meta.pageSize < maxBytes) return false;
    return new PageView(this.#file, meta).freePages() < FEW_PAGES;
  }

  async close(): Promise<void> {
    this.#file.close();
    await this.#handle.close();
  }

  /** Answers why it could not. */
  async #extend(from: number, to: number): Promise<unknown> {
    const zeros = Buffer.alloc(Math.min(to - from, LEAST_GROWTH));
    try {
      for (let at = from; at < to;) {
        const length = Math.min(zeros.length, to - at);
        at += (await this.#handle.write(zeros, 0, length, at)).bytesWritten;
      }
      return undefined;
    } catch (error) {
      // Keep nothing of it: others need what is left.
      await this.#handle.truncate(from).catch(() => undefined);
      return error;
    }
  }
}

/**
 * At most so many pages does a commit add: it copies no page twice on the way to its records, may
 * split a page for each, and writes the free list anew.
 */
export function pagesFor(writes: readonly Write[], meta: Meta): number {
  const { depth } = meta.main;
  const copied = Math.min(writes.length * depth, meta.lastPage + 1);
  const large = writes.reduce((sum, { record }) => {
    const size = record?.length ?? 0;
    return sum + (size < meta.pageSize / 4 ? 0 : overflowPages(size, meta.pageSize));
  }, 0);
  const freeList = FREE_LIST_PAGES + Math.ceil(meta.lastPage / 256);
  return copied + 2 * writes.length + depth + large + freeList;
}
