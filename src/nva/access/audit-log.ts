/** A file with a line for every northbound call, to which lines are only added. */
import { open, type FileHandle } from 'node:fs/promises';
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

export class AuditLog {
  #waiting: string[] = [];
  #lost = 0;
  #writing: Promise<void> | undefined;
  /** The last line may be half: of a full disk, or of a process that was killed. */
  #torn = true;

  private constructor(
    private readonly file: FileHandle,
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
      return new AuditLog(await open(path, 'a+', 0o600), onFailure);
    } catch (cause) {
      const text = `${path}: ${NfvError.from(cause).message}`;
      throw new NfvError('FILE_UNREADABLE', text, { cause });
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
      try {
        const before = this.#torn && (await endsWithinALine(this.file)) ? '\n' : '';
        this.#torn = true;
        await this.file.appendFile(before + lines.join(''));
        this.#torn = false;
      } catch (thrown) {
        this.#lost += lines.length;
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
}

/** Whether the file ends in a line that is not whole. */
async function endsWithinALine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}
