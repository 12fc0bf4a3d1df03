/** A process that a test has started, with what it has written so far. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** More will be typed. */
  readonly staysOpen?: boolean;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export class Child {
  out = '';
  err = '';
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    const { env = {}, stdin = '', staysOpen = false } = options;
    const child = spawn(command, args, { env: { ...process.env, ...env } });
    this.#process = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    // It may end without reading all of it.
    child.stdin.on('error', () => undefined);
    if (staysOpen) child.stdin.write(stdin);
    else child.stdin.end(stdin);
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => {
        resolve({ status, signal, out: this.out, err: this.err });
      });
    });
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    this.#process.kill(signal);
    return this.ended;
  }

  type(text: string): void {
    this.#process.stdin?.write(text);
  }

  /** Resolves when it has been read, but for what a pipe holds. */
  typed(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#process.stdin?.write(text, () => {
        resolve();
      });
    });
  }

  /** Closes our end of its stdout, as a reader that has seen enough. */
  async leaveOut(): Promise<void> {
    const { stdout } = this.#process;
    if (stdout === null || stdout.destroyed) return;
    stdout.destroy();
    await once(stdout, 'close');
  }
}

const NFVCTL = 'dist/src/main/nfvctl.js';

/** The program itself, in a process of its own. */
export function startProgram(args: readonly string[], options: ChildOptions = {}): Child {
  return new Child(process.execPath, [NFVCTL, ...args], options);
}

export function runProgram(args: readonly string[], options: ChildOptions = {}): Promise<Ended> {
  return startProgram(args, options).ended;
}
