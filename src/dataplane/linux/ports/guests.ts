/**
 * `ip` inside the network namespaces of guests.
 *
 * It keeps the file of each namespace open that a command names (ip/iplink.c), and a namespace
 * lives as long as that; so the commands for a guest need a process that ends then. To start one
 * takes a process of our size 5 to 15 ms, in which nothing else is done, for the kernel copies its
 * page tables. A batch that lasts is small: `netns exec` makes it start the process for us, which
 * reads its commands from a file.
 */
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { abortError } from '../../../host/iproute2/answers.js';
import { Batch, type BatchOptions } from '../../../host/iproute2/batch.js';
import { batchLine, type Words } from '../../../host/iproute2/command.js';
import { NfvError } from '../../../errors.js';

export interface GuestsOptions extends BatchOptions {
  /** Folders to look for `ip` in, as in $PATH. */
  readonly searchPath: string;
  /** Where to make a folder for the files. */
  readonly scratch: string;
}

/** A batch that starts processes for guests, one after the other, and the file that they read. */
interface Runner {
  readonly batch: Batch;
  readonly path: string;
  readonly file: FileHandle;
  /** Bytes in the file. */
  size: number;
}

const MAX_RUNNERS = 4;

export class Guests {
  readonly #idle: Runner[] = [];
  /** How many there are, or are about to be. */
  #count = 0;
  #made = 0;
  readonly #runners = new Set<Runner>();
  readonly #waiting: (() => void)[] = [];
  #folder: Promise<string> | undefined;
  #closed = false;

  constructor(private readonly options: GuestsOptions) {}

  /**
   * Carries out commands until one fails, then a query, whose answer it returns.
   * @throws NfvError as `Batch.query`; of a command that the kernel refused with its number in
   *   `metadata.line`, from 1 on
   */
  async run(
    netns: string,
    commands: readonly Words[],
    query: Words,
    signal: AbortSignal,
  ): Promise<unknown> {
    const lines = [...commands, query].map(batchLine);
    const runner = await this.#enter();
    let usable = false;
    try {
      if (signal.aborted) throw abortError(signal);
      await write(runner, lines.join(''));
      const answer = await runFile(runner, netns, lines, signal);
      usable = true;
      return answer;
    } catch (error) {
      usable = hasEnded(error);
      throw error;
    } finally {
      this.#leave(runner, usable);
    }
  }

  /** Ends what is under way, and removes the files. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake();
    await Promise.all([...this.#runners].map((runner) => this.#drop(runner)));
    try {
      if (this.#folder !== undefined)
        await rm(await this.#folder, { recursive: true, force: true });
    } catch {
      // What cannot be removed is a folder of a few small files.
    }
  }

  /**
   * Waits for a runner that is at nothing. No longer than those take that are at something: a
   * command that says nothing is ended after `stallMs`, and an operation that is given up leaves.
   */
  async #enter(): Promise<Runner> {
    for (;;) {
      if (this.#closed) throw new NfvError('SHUTTING_DOWN', 'the dataplane is closed');
      const idle = this.#idle.pop();
      if (idle !== undefined) return idle;
      if (this.#count < MAX_RUNNERS) return this.#start();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Who has waited longest is next. */
  #leave(runner: Runner, usable: boolean): void {
    if (usable) this.#idle.push(runner);
    else void this.#drop(runner);
    this.#waiting.shift()?.();
  }

  async #start(): Promise<Runner> {
    this.#count++;
    try {
      const path = join(await this.#scratch(), String(this.#made++));
      const { searchPath } = this.options;
      const file = await open(path, 'w', 0o600);
      const batch = new Batch({ name: 'ip', args: [], searchPath }, this.options);
      const runner = { batch, path, file, size: 0 };
      this.#runners.add(runner);
      return runner;
    } catch (cause) {
      this.#count--;
      this.#waiting.shift()?.();
      throw new NfvError('KERNEL_REFUSED', `cannot write to ${this.options.scratch}`, { cause });
    }
  }

  async #drop(runner: Runner): Promise<void> {
    if (!this.#runners.delete(runner)) return;
    this.#count--;
    runner.batch.close();
    try {
      await runner.file.close();
      await rm(runner.path, { force: true });
    } catch {
      // Nobody reads it any more.
    }
  }

  async #scratch(): Promise<string> {
    this.#folder ??= mkdtemp(join(this.options.scratch, 'nfvd-'));
    try {
      return await this.#folder;
    } catch (error) {
      this.#folder = undefined;
      throw error;
    }
  }
}

/** Over what was there before, in one step; `ip` passes over empty lines. */
async function write(runner: Runner, text: string): Promise<void> {
  const bytes = Buffer.from(text.padEnd(runner.size, '\n'));
  try {
    const { bytesWritten } = await runner.file.write(bytes, 0, bytes.length, 0);
    // Half a command may be a command too.
    if (bytesWritten < bytes.length) throw new Error(`${bytesWritten} of ${bytes.length} bytes`);
  } catch (cause) {
    throw new NfvError('KERNEL_REFUSED', `cannot write to ${runner.path}`, { cause });
  }
  runner.size = bytes.length;
}

async function runFile(
  { batch, path }: Runner,
  netns: string,
  lines: readonly string[],
  signal: AbortSignal,
): Promise<unknown> {
  const words = ['netns', 'exec', netns, 'ip', '-j', '-d', '-batch', path];
  try {
    return await batch.query(words, signal);
  } catch (error) {
    throw named(error, words, netns, lines);
  }
}

/**
 * A command was refused, and with that its process has ended. After any other error one may still
 * be there, and read the file: that of a runner that was killed, or one that could not enter its
 * namespace and goes on as a second runner (lib/exec.c, cmd_exec).
 */
function hasEnded(error: unknown): boolean {
  return NfvError.from(error).metadata['line'] !== undefined;
}

/** The error speaks of the command that failed, as it could be typed. */
function named(error: unknown, words: Words, netns: string, lines: readonly string[]): NfvError {
  const told = NfvError.from(error);
  const failed = lines[Number(told.metadata['line']) - 1]?.trim();
  if (failed === undefined) return told;
  const command = `ip -n ${netns} ${failed}`;
  return new NfvError(told.code, told.message.replace(`ip ${words.join(' ')}`, command), {
    cause: told,
    metadata: { ...told.metadata, command },
  });
}
