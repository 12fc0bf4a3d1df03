import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Timers } from '../timers.js';
import { TextLines } from '../text-lines.js';
import { isUnknownName } from './answers.js';
import { Ledger, type Ask, type Outcome, type Unfinished } from './ledger.js';

export interface Program {
  /** `ip`, `bridge` or `tc`. */
  readonly name: string;
  /** Before `-force -batch -`. */
  readonly args: readonly string[];
  /** Folders to look for the program in, as in $PATH. */
  readonly searchPath: string;
}

/** Why a child is no more. */
export type End =
  | { readonly kind: 'exit'; readonly code: number | null; readonly signal: string | null }
  | { readonly kind: 'stalled' | 'aborted' }
  /** `text`: an errno's name. */
  | { readonly kind: 'unstartable'; readonly text: string }
  | { readonly kind: 'garbled'; readonly text: string };

export function describeEnd(end: End): string {
  switch (end.kind) {
    case 'exit':
      return end.signal === null ? `exit code ${end.code ?? 'unknown'}` : `killed by ${end.signal}`;
    case 'unstartable':
    case 'garbled':
      return end.text;
    case 'stalled':
    case 'aborted':
      return end.kind;
  }
}

export interface ChildEvents<A extends Ask> {
  finish(ask: A, outcome: Outcome): void;
  /** Once, last. */
  ended(unfinished: Unfinished<A>, end: End): void;
}

/** Characters of one line of JSON: a dump of some 500,000 FDB entries. */
const MAX_LINE = 64 * 1024 * 1024;

/** One batch process. */
export class BatchChild<A extends Ask> {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ledger: Ledger<A>;
  readonly #devices = new Set<string>();
  /** It has read all devices that there were. */
  #knowsAll = false;
  /** Those that it does not remember all the same. */
  readonly #unknown = new Set<string>();
  #used = false;
  #over = false;
  #ending = false;
  #disarm: (() => void) | undefined;

  /** `stallMs`: it is killed when it owes answers and says nothing for so long. */
  constructor(
    program: Program,
    private readonly timers: Timers,
    private readonly stallMs: number,
    private readonly events: ChildEvents<A>,
  ) {
    this.#ledger = new Ledger((ask, outcome) => {
      this.#learn(ask, outcome);
      events.finish(ask, outcome);
    });
    this.#process = spawn(program.name, [...program.args, '-force', '-batch', '-'], {
      env: { PATH: program.searchPath, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = this.#process;
    this.#read(stdout, (line) => {
      this.#ledger.stdout(line);
    });
    this.#read(stderr, (line) => {
      this.#ledger.stderr(line);
    });
    // A child that died says so by its end; what could not be written is told by the ledger.
    stdin.on('error', () => undefined);
    this.#process.on('error', (error) => {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
      if (this.pid === undefined) this.#end({ kind: 'unstartable', text: code });
    });
    this.#process.on('close', (code, signal) => {
      this.#end({ kind: 'exit', code, signal });
    });
  }

  get unfinished(): number {
    return this.#ledger.unfinished;
  }

  /** It was given something. */
  get used(): boolean {
    return this.#used;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** It may remember which index the device of this name had. */
  remembers(device: string): boolean {
    return this.#devices.has(device) || (this.#knowsAll && !this.#unknown.has(device));
  }

  /**
   * A device of this name was made, where there was none.
   * @returns whether it may remember the index of one before it
   */
  made(device: string): boolean {
    if (this.#devices.has(device)) return true;
    if (this.#knowsAll) this.#unknown.add(device);
    return false;
  }

  send(asks: readonly A[]): void {
    this.#used = true;
    for (const ask of asks) {
      for (const device of ask.devices) this.#devices.add(device);
      if (ask.learnsAll === undefined || (ask.learnsAll === 'once' && this.#knowsAll)) continue;
      this.#knowsAll = true;
      this.#unknown.clear();
    }
    this.#process.stdin.write(this.#ledger.open(asks));
    this.#arm();
  }

  /** Lets it finish what it has been given. */
  finishUp(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#process.stdin.end();
    this.#arm();
  }

  kill(kind: 'stalled' | 'aborted'): void {
    this.#end({ kind });
  }

  #read(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
    const lines = new TextLines(MAX_LINE);
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      if (this.#over) return;
      try {
        for (const line of lines.push(chunk)) take(line);
      } catch (error) {
        this.#end({ kind: 'garbled', text: error instanceof Error ? error.message : '' });
        return;
      }
      if (this.#ledger.surplus) this.#end({ kind: 'garbled', text: 'more output than asked for' });
      else this.#arm();
    });
    stream.on('end', () => {
      const rest = lines.rest();
      if (rest !== '' && !this.#over) take(rest);
    });
  }

  /** A device is remembered by what is under way, and by what has found it and did not change it. */
  #learn({ devices, drops }: A, outcome: Outcome): void {
    for (const device of devices) this.#devices.add(device);
    if (outcome.ok) {
      if (drops !== undefined) this.#forget(drops);
      return;
    }
    const [only, ...others] = devices;
    if (only === undefined || others.length > 0) return;
    if (isUnknownName(outcome.text)) this.#forget(only);
  }

  #forget(device: string): void {
    this.#devices.delete(device);
    if (this.#knowsAll) this.#unknown.add(device);
  }

  #arm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    if (this.#over || (this.unfinished === 0 && !this.#ending)) return;
    this.#disarm = this.timers.after(this.stallMs, () => {
      this.kill('stalled');
    });
  }

  /**
   * A process that the kernel does not let go (it waits for the RTNL lock) is not waited for: its
   * pipes are closed and SIGKILL ends it when it can.
   */
  #end(end: End): void {
    if (this.#over) return;
    this.#over = true;
    this.#disarm?.();
    if (end.kind !== 'exit' && end.kind !== 'unstartable') {
      this.#process.kill('SIGKILL');
      this.#process.stdin.destroy();
      this.#process.stdout.destroy();
      this.#process.stderr.destroy();
      this.#process.unref();
    }
    this.events.ended(this.#ledger.close(), end);
  }
}
