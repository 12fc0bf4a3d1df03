/** Other programs, started with argument arrays and ended for sure. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is; `input` is its standard input. */
export function tryRun(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { timeout: options.timeoutMs ?? 60_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
    // A program may end without reading; how it ended says what there is to say.
    child.stdin?.on('error', () => undefined).end(options.input ?? '');
  });
}

/** The same, but an end other than 0 is an error with what the program said. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryRun(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: exit code ${code}: ${(stderr || stdout).trim()}`);
}

/** `ip` with one command a line, in one process. */
export async function ipBatch(lines: readonly string[], netns?: string): Promise<void> {
  const where = netns === undefined ? [] : ['-n', netns];
  await run('ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** The arguments that run a command inside a network namespace. */
export function inNetns(netns: string, ...command: string[]): [string, string[]] {
  return ['ip', ['netns', 'exec', netns, ...command]];
}

/** A program that runs until it is ended. */
export class Background {
  readonly #child: ChildProcess;
  #output = '';
  readonly ended: Promise<number>;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#output += error.message;
        resolve(1);
      });
      this.#child.once('close', (code) => {
        resolve(code ?? 1);
      });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-4_000_000);
      });
    }
  }

  /** What it has said so far. */
  get output(): string {
    return this.#output;
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.ended;
  }
}

/** Polls until `check` neither throws nor answers false. @throws the last failure, after `limitMs` */
export async function until<T>(
  what: string,
  limitMs: number,
  check: () => T | false | Promise<T | false>,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    let why = '';
    try {
      const result = await check();
      if (result !== false) return result;
    } catch (error) {
      why = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > end) throw new Error(`${what}: not so after ${limitMs} ms${why}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
