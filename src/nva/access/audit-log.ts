/** A file with a line for every northbound call, to which whole lines are added, and nothing else. */
import { constants, type Stats } from 'node:fs';
import { access, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { NfvError } from '../../errors.js';

export interface AuditEntry {
  /** RFC 3339, UTC. */
  readonly time: string;
  /** `user/alice`, `local`. */
  readonly who: string;
  readonly peer: string;
  /** `CreateEndpoint`. */
  readonly method: string;
  /** What it was about, `endpoints/web`; empty: nothing single. */
  readonly target: string;
  /** `OK`, or a code of docs/errors.md. */
  readonly outcome: string;
  /** Milliseconds. */
  readonly ms: number;
  /** That the log has, too. */
  readonly traceId: string;
}

/** Lines that wait for the disk; more are lost, and their number is told. */
const MAX_WAITING = 10_000;
const NEWLINE = 0x0a;

const REMEDY = 'see that its directory is there, and that the user of the NVA may write to it';

export class AuditLog {
  #waiting: string[] = [];
  #lost = 0;
  #writing: Promise<void> | undefined;
  /** The last line may be half: of a process that was killed. */
  #torn = true;

  private constructor(
    private readonly path: string,
    private file: FileHandle,
    private readonly onFailure: (error: NfvError, lost: number) => void,
  ) {}

  /**
   * The file is made where it is not there, with mode 0600.
   * @param onFailure is told when lines were lost
   * @throws NfvError FILE_UNREADABLE
   */
  static async open(
    path: string,
    onFailure: (error: NfvError, lost: number) => void,
  ): Promise<AuditLog> {
    try {
      return new AuditLog(path, await openFile(path), onFailure);
    } catch (cause) {
      throw unusable(path, cause);
    }
  }

  add(entry: AuditEntry): void {
    if (this.#waiting.length >= MAX_WAITING) this.#lost++;
    else this.#waiting.push(`${JSON.stringify(entry)}\n`);
    this.#writing ??= this.#write();
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.#writing;
    await this.file.close();
  }

  async #write(): Promise<void> {
    // What is added in the same turn goes with it.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      const done = { lines: 0 };
      try {
        await this.#follow();
        await this.#append(lines.join(''), done);
      } catch (thrown) {
        this.#lost += lines.length - done.lines;
        this.onFailure(NfvError.from(thrown), this.#lost);
        this.#lost = 0;
      }
    }
    if (this.#lost > 0) {
      this.onFailure(new NfvError('TOO_MANY_REQUESTS', 'the disk is slow'), this.#lost);
      this.#lost = 0;
    }
    this.#writing = undefined;
  }

  /** The file of that name: what was there may have been moved away, to make room for a new one. */
  async #follow(): Promise<void> {
    const [own, there] = await Promise.all([this.file.stat(), statOf(this.path)]);
    if (own.ino === there?.ino && own.dev === there.dev) return;
    const old = this.file;
    this.file = await openFile(this.path);
    this.#torn = true;
    await old.close();
  }

  /** @param done says how many lines are in the file, whole, also where it fails */
  async #append(text: string, done: { lines: number }): Promise<void> {
    if (this.#torn && (await endsWithinALine(this.file))) await this.file.appendFile('\n');
    this.#torn = false;
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await this.file.write(bytes, written);
        written += bytesWritten;
      }
    } finally {
      const whole = bytes.subarray(0, written).lastIndexOf(NEWLINE) + 1;
      for (const byte of bytes.subarray(0, whole)) if (byte === NEWLINE) done.lines++;
      await this.#takeBack(written - whole);
    }
  }

  /** The beginning of a line whose end found no room: who reads the file is to find whole ones. */
  async #takeBack(bytes: number): Promise<void> {
    if (bytes === 0) return;
    this.#torn = true;
    const { size } = await this.file.stat();
    // It may have been emptied meanwhile.
    if (size < bytes) return;
    await this.file.truncate(size - bytes);
    this.#torn = false;
  }
}

/**
 * Whether it could be written to, as far as that can be seen without making it.
 * @param made a directory that will be made before it, with those above it
 * @throws NfvError FILE_UNREADABLE
 */
export async function checkAuditFile(path: string, made?: string): Promise<void> {
  const directory = dirname(path);
  try {
    const there = await statOf(path);
    if (there?.isDirectory() === true) throw new Error('it is a directory');
    if (there !== undefined) await access(path, constants.R_OK | constants.W_OK);
    else if (!isAtOrAbove(directory, made) || (await statOf(directory)) !== undefined) {
      await access(directory, constants.W_OK | constants.X_OK);
    }
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function isAtOrAbove(directory: string, below: string | undefined): boolean {
  if (below === undefined) return false;
  const way = relative(resolve(directory), resolve(below));
  return !isAbsolute(way) && way.split(sep)[0] !== '..';
}

const openFile = (path: string): Promise<FileHandle> => open(path, 'a+', 0o600);

/** Undefined: there is none. */
async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}

function unusable(path: string, cause: unknown): NfvError {
  const text = `${path}: ${NfvError.from(cause).message}`;
  return new NfvError('FILE_UNREADABLE', text, { cause, remedy: REMEDY });
}

/** Whether the file ends in a line that is not whole. */
async function endsWithinALine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEWLINE;
}
