/**
 * An append-only file of records that survive a crash at any instant. One record a line:
 *
 *   CHECKSUM SP LENGTH SP JSON LF
 *
 * CHECKSUM: the first 16 hex digits of SHA-256 over JSON. LENGTH: bytes of JSON, decimal. JSON:
 * `{"seq":N,"record":…}` with N counting from 0. A crash leaves at most one record behind that is
 * not whole, the last one: it was never promised, and is cut off when the file is opened. Anything
 * else that does not fit is damage, and nothing is guessed from a damaged journal.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NfvError } from '../errors.js';
import { nodeErrno } from './errno.js';
import { makeParents, syncFolder } from './durable-file.js';

const MAX_RECORD = 8 * 1024 * 1024;
const MAX_FILE = 128 * 1024 * 1024;
const CHECKSUM = 16;
const LF = 10;

export interface OpenJournal {
  readonly journal: Journal;
  readonly records: readonly unknown[];
  /** Bytes of an unfinished record that were cut off; 0: none. */
  readonly cutBytes: number;
}

export class Journal {
  #broken: NfvError | undefined;

  private constructor(
    readonly path: string,
    private file: FileHandle,
    private seq: number,
    private length: number,
  ) {}

  /**
   * Opens a journal, or begins one.
   * @throws NfvError JOURNAL_DAMAGED with the line, FILE_UNREADABLE
   */
  static async open(path: string): Promise<OpenJournal> {
    try {
      await makeParents(dirname(path));
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, 'a+', 0o600);
      try {
        await syncFolder(dirname(path));
        const { size } = await file.stat();
        if (size > MAX_FILE) throw damaged(path, 1, `the file has ${size} bytes`);
        const bytes = Buffer.alloc(size);
        await readAll(file, bytes);
        const { records, end } = decode(bytes, path);
        if (end < size) {
          await file.truncate(end);
          await file.sync();
        }
        const journal = new Journal(path, file, records.length, end);
        return { journal, records, cutBytes: size - end };
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      throw failed(path, error);
    }
  }

  /**
   * The records that are there, while somebody else may be adding to them; none: there is no file.
   * @throws NfvError JOURNAL_DAMAGED with the line, FILE_UNREADABLE
   */
  static async read(path: string): Promise<readonly unknown[]> {
    try {
      const bytes = await readBounded(path);
      return bytes === undefined ? [] : decode(bytes, path).records;
    } catch (error) {
      throw failed(path, error);
    }
  }

  /**
   * The record is on the disk when this returns. After a failure nothing of it is.
   * @throws NfvError FILE_UNREADABLE
   */
  async append(record: unknown): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const line = encode(this.seq, record);
    if (line.length > MAX_RECORD || this.length + line.length > MAX_FILE) {
      throw new NfvError('MESSAGE_TOO_LARGE', `a record of ${line.length} bytes: ${this.path}`);
    }
    try {
      await writeAll(this.file, line);
      await this.file.sync();
    } catch (error) {
      await this.#cutBack();
      throw failed(this.path, error);
    }
    this.seq++;
    this.length += line.length;
  }

  /** Puts these records in the place of all others: at every instant it is the old or the new. */
  async replace(records: readonly unknown[]): Promise<void> {
    const temporary = `${this.path}.new`;
    const lines = Buffer.concat(records.map((record, seq) => encode(seq, record)));
    try {
      const file = await open(temporary, 'w', 0o600);
      await writeAll(file, lines).finally(() => file.sync());
      await file.close();
      await rename(temporary, this.path);
      await syncFolder(dirname(this.path));
      await this.file.close();
      this.file = await open(this.path, 'a+', 0o600);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      this.#broken = failed(this.path, error);
      throw this.#broken;
    }
    this.seq = records.length;
    this.length = lines.length;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** A part of a record that stayed would make the next one look damaged. */
  async #cutBack(): Promise<void> {
    try {
      await this.file.truncate(this.length);
      await this.file.sync();
    } catch (error) {
      this.#broken = failed(this.path, error);
    }
  }
}

function checksum(json: string): string {
  return createHash('sha256').update(json).digest('hex').slice(0, CHECKSUM);
}

function encode(seq: number, record: unknown): Buffer {
  const json = JSON.stringify({ seq, record });
  return Buffer.from(`${checksum(json)} ${Buffer.byteLength(json)} ${json}\n`);
}

/** The records, and where the last whole one ends. */
function decode(bytes: Buffer, path: string): { records: unknown[]; end: number } {
  const records: unknown[] = [];
  let end = 0;
  while (end < bytes.length) {
    const lineEnd = bytes.indexOf(LF, end);
    const line = bytes.subarray(end, lineEnd < 0 ? bytes.length : lineEnd);
    const decoded = lineEnd < 0 ? undefined : decodeLine(line, records.length);
    if (decoded === undefined) {
      const isLast = lineEnd < 0 || lineEnd === bytes.length - 1;
      if (isLast && !hasMoreThanOne(line)) break;
      throw damaged(path, records.length + 1, 'its checksum or number is wrong');
    }
    records.push(decoded.record);
    end = lineEnd + 1;
  }
  return { records, end };
}

const HEADER = /^([0-9a-f]{16}) (\d{1,9}) /;

function decodeLine(line: Buffer, seq: number): { readonly record: unknown } | undefined {
  const [header = '', sum, length] = HEADER.exec(line.toString('latin1', 0, 64)) ?? [];
  const json = line.toString('utf8', header.length);
  if (checksum(json) !== sum || line.length !== header.length + Number(length)) return undefined;
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('seq' in value) || value.seq !== seq || !('record' in value)) return undefined;
  return { record: value.record };
}

/** The line end between two records was lost: the first is shorter than the line. */
function hasMoreThanOne(line: Buffer): boolean {
  const [header = '', , length] = HEADER.exec(line.toString('latin1', 0, 64)) ?? [];
  return length !== undefined && line.length > header.length + Number(length);
}

/** Undefined: there is no such file. */
async function readBounded(path: string): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (nodeErrno(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE) throw damaged(path, 1, `the file has ${size} bytes`);
    const bytes = Buffer.alloc(size);
    await readAll(file, bytes);
    return bytes;
  } finally {
    await file.close();
  }
}

async function readAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, at);
    if (bytesRead === 0) throw new Error('the file became shorter');
    at += bytesRead;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

function damaged(path: string, line: number, why: string): NfvError {
  return new NfvError('JOURNAL_DAMAGED', `${path}:${line}: ${why}`, {
    metadata: { path, line: String(line) },
  });
}

function failed(path: string, error: unknown): NfvError {
  if (error instanceof NfvError) return error;
  const errno = nodeErrno(error);
  return new NfvError('FILE_UNREADABLE', `${path}: ${errno === '' ? String(error) : errno}`, {
    cause: error,
  });
}
