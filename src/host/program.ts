/** Other programs: each run is a process with a deadline, bounded output and no shell. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { NfvError } from '../errors.js';
import { abortError } from './iproute2/answers.js';
import type { Timers } from './timers.js';

export interface RunOptions {
  /** Written to its standard input. */
  readonly input?: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** How a program ended. */
export interface Ran {
  /** Undefined: killed by a signal. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that did not end in time. It was killed, but the kernel has not let it go. */
export interface StuckProgram {
  readonly pid: number;
  readonly command: string;
  /** The kernel function it waits in (`/proc/PID/wchan`); empty: not known. */
  readonly waitsIn: string;
}

export interface Programs {
  /**
   * Runs a program to its end; a failure of its own is in the answer.
   * @throws NfvError COMMAND_MISSING; COMMAND_TIMEOUT with `metadata.pid` and `metadata.waitsIn`;
   *   KERNEL_REFUSED when it says more than 16 MiB; with the signal CANCELLED or DEADLINE_EXCEEDED
   */
  run(name: string, args: readonly string[], options: RunOptions): Promise<Ran>;
  /** Programs that were given up and have not ended yet. */
  stuck(): readonly StuckProgram[];
}

const MAX_OUTPUT = 16 * 1024 * 1024;

/** Debian's package for each program that is not there on every host. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ping: 'iputils-ping',
  devlink: 'iproute2',
  modinfo: 'kmod',
  modprobe: 'kmod',
  dd: 'coreutils',
  grep: 'grep',
  systemctl: 'systemd',
  nmcli: 'network-manager',
  flock: 'util-linux',
  vppctl: 'vpp',
};

export class SystemPrograms implements Programs {
  readonly #stuck = new Map<ChildProcessWithoutNullStreams, StuckProgram>();

  /** `searchPath`: folders to look for programs in, as in $PATH. */
  constructor(
    private readonly searchPath: string,
    private readonly timers: Timers,
  ) {}

  stuck(): readonly StuckProgram[] {
    return [...this.#stuck.values()];
  }

  run(name: string, args: readonly string[], options: RunOptions): Promise<Ran> {
    const { signal } = options;
    if (signal.aborted) return Promise.reject(abortError(signal));
    const child = spawn(name, args, {
      env: { PATH: this.searchPath, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new Promise<Ran>((resolve, reject) => {
      const output = [collect(child.stdout, overflow), collect(child.stderr, overflow)] as const;
      const disarm = this.timers.after(options.deadlineMs, () => {
        void this.#giveUp(child, name, args, options.deadlineMs).then(fail);
      });
      const abort = (): void => {
        letGo(child);
        fail(abortError(signal));
      };
      function finish(): void {
        disarm();
        signal.removeEventListener('abort', abort);
      }
      function fail(error: Error): void {
        finish();
        reject(error);
      }
      function overflow(): void {
        letGo(child);
        fail(new NfvError('KERNEL_REFUSED', `${name} says more than ${MAX_OUTPUT} bytes`));
      }
      signal.addEventListener('abort', abort, { once: true });
      child.on('error', (cause) => {
        if (child.pid === undefined) fail(unstartable(name, cause));
      });
      child.on('close', (code) => {
        finish();
        resolve({ code: code ?? undefined, stdout: output[0](), stderr: output[1]() });
      });
      // A program that ends without reading says so by its exit code.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input ?? '');
    });
  }

  /** SIGKILL ends it when the kernel lets it; nobody waits for that. */
  async #giveUp(
    child: ChildProcessWithoutNullStreams,
    name: string,
    args: readonly string[],
    deadlineMs: number,
  ): Promise<NfvError> {
    const command = [name, ...args].join(' ');
    const { pid } = child;
    const waitsIn = pid === undefined ? '' : await kernelFunction(pid);
    if (pid !== undefined) {
      this.#stuck.set(child, { pid, command, waitsIn });
      child.once('exit', () => this.#stuck.delete(child));
    }
    letGo(child);
    const where = waitsIn === '' ? '' : ` in the kernel's ${waitsIn}`;
    return new NfvError(
      'COMMAND_TIMEOUT',
      `${command}: no end after ${deadlineMs} ms; process ${pid ?? 'unknown'} waits${where}`,
      { metadata: { command, pid: String(pid ?? ''), waitsIn } },
    );
  }
}

function letGo(child: ChildProcessWithoutNullStreams): void {
  child.kill('SIGKILL');
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  child.unref();
}

/** Gathers a stream; the answer is a function that tells what it has. */
function collect(stream: NodeJS.ReadableStream, overflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_OUTPUT) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** proc_pid_wchan(5): "0" when it runs. */
async function kernelFunction(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/wchan`, 'utf8');
    return text === '0' ? '' : text;
  } catch {
    return '';
  }
}

function unstartable(name: string, cause: Error): NfvError {
  const missing = 'code' in cause && cause.code === 'ENOENT';
  const remedy = `install the package: apt-get install ${PACKAGES[name] ?? name}`;
  return new NfvError('COMMAND_MISSING', `cannot start ${name}: ${cause.message}`, {
    cause,
    ...(missing ? { remedy } : {}),
  });
}
