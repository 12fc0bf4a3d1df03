/** Reads pages of LMDB's data file with pread: what is not there is an error, not a SIGBUS. */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync } from 'node:fs';
import { NfvError } from '../../errors.js';
import {
  decodeMeta,
  decodePageSize,
  META_BYTES,
  META_PAGES,
  type Meta,
  PageFault,
} from './pages.js';

/** The one file of the store's directory that holds data. */
export const DATA_FILE = 'data.mdb';

const STEADY_ATTEMPTS = 1000;

export class PageFile {
  readonly path: string;
  readonly #fd: number;
  #pageSize = 0;

  /** @throws NfvError FILE_UNREADABLE */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, 'r');
    } catch (error) {
      const { message } = NfvError.from(error);
      throw new NfvError('FILE_UNREADABLE', `cannot open ${path}: ${message}`, { cause: error });
    }
  }

  get bytes(): number {
    return fstatSync(this.#fd).size;
  }

  get pageSize(): number {
    return this.#pageSize;
  }

  /** What the page cache shows is on the disk after this. */
  sync(): void {
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /**
   * Both meta pages; call it before `pages`.
   * @throws NfvError STORE_DAMAGED
   */
  metas(): readonly [Meta, Meta] {
    return this.#decodeMetas(this.#metaBytes());
  }

  /**
   * The same while another process writes them: read until they do not change.
   * @throws NfvError STORE_DAMAGED, STORE_FAILED
   */
  steadyMetas(): readonly [Meta, Meta] {
    let before = this.#metaBytes();
    for (let attempt = 0; attempt < STEADY_ATTEMPTS; attempt++) {
      const now = this.#metaBytes();
      if (now.every((bytes, i) => bytes.equals(before[i] ?? bytes))) return this.#decodeMetas(now);
      before = now;
    }
    throw new NfvError('STORE_FAILED', `${this.path} changes too fast to be read`);
  }

  /** Pages `first` to `first + count - 1`. @throws NfvError STORE_DAMAGED, STORE_FAILED */
  pages(first: number, count = 1): Buffer {
    return this.#read(first * this.#pageSize, count * this.#pageSize, first);
  }

  damaged(what: string): NfvError {
    return new NfvError('STORE_DAMAGED', `${this.path}: ${what}`, {
      metadata: { file: this.path },
    });
  }

  /** Runs `decode`; a PageFault in it becomes STORE_DAMAGED of that page. */
  decode<T>(page: number, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (error instanceof PageFault) throw this.damaged(`page ${page}: ${error.message}`);
      throw error;
    }
  }

  #metaBytes(): readonly [Buffer, Buffer] {
    const first = this.#read(0, META_BYTES, 0);
    this.#pageSize = this.decode(0, () => decodePageSize(first));
    return [first, this.#read(this.#pageSize, META_BYTES, 1)];
  }

  #decodeMetas([first, second]: readonly [Buffer, Buffer]): readonly [Meta, Meta] {
    const metas = [
      this.decode(0, () => decodeMeta(first, 0)),
      this.decode(1, () => decodeMeta(second, 1)),
    ] as const;
    if (metas[0].pageSize === metas[1].pageSize) return metas;
    throw this.damaged(`page 1: page size ${metas[1].pageSize}, not ${metas[0].pageSize}`);
  }

  #read(offset: number, length: number, page: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const n = this.#pread(bytes, done, offset + done);
      if (n === 0) {
        const has = `the file has ${this.bytes} bytes`;
        throw this.damaged(`page ${page}: lies beyond the end, ${has}: was it truncated?`);
      }
      done += n;
    }
    return bytes;
  }

  #pread(bytes: Buffer, at: number, offset: number): number {
    try {
      return readSync(this.#fd, bytes, at, bytes.length - at, offset);
    } catch (error) {
      throw new NfvError('STORE_FAILED', `cannot read ${this.path}`, { cause: error });
    }
  }
}

/** Of the two, that of the last transaction. */
export const newest = (metas: readonly [Meta, Meta]): Meta =>
  metas[0].txnId > metas[1].txnId ? metas[0] : metas[1];

/**
 * The last two transactions, each in the page of its parity. Anything else has lost one: a page
 * of an older transaction was put back, or its number was changed.
 * @throws NfvError STORE_DAMAGED
 */
export function checkMetas(file: PageFile, metas: readonly [Meta, Meta]): void {
  const ids = metas.map((meta) => meta.txnId);
  const fresh = ids.every((id) => id === 0);
  const parities = ids.every((id, page) => id % META_PAGES === page);
  if (!fresh && !(parities && Math.abs(metas[0].txnId - metas[1].txnId) === 1)) {
    throw file.damaged(`pages 0 and 1: transactions ${ids.join(' and ')} do not follow each other`);
  }
}
