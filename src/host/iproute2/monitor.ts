import { spawn } from 'node:child_process';
import type { Timers } from '../timers.js';
import { TextLines } from '../text-lines.js';
import type { Program } from './child.js';

export interface MonitorEvents {
  /** One line of output. */
  line(text: string): void;
  /** Events may have been missed. */
  gap(): void;
}

/** Characters; an event of `ip -o -d monitor` has some 1,000. */
const MAX_LINE = 64 * 1024;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** By then a new process listens; and after so long the next death is no longer the same trouble. */
const SETTLED_MS = 200;
const STABLE_MS = 60_000;

/**
 * A long-lived `ip monitor`, started again when it dies. A gap is told after each new start, and
 * for whatever it says on stderr: that the kernel dropped events for want of buffer space
 * (ENOBUFS; lib/libnetlink.c, rtnl_listen, goes on after it).
 */
export class Monitor {
  #stop: () => void;
  #closed = false;
  #pause = FIRST_PAUSE_MS;

  /** `program.args` is the whole command, less the program. */
  constructor(
    private readonly program: Program,
    private readonly timers: Timers,
    private readonly events: MonitorEvents,
  ) {
    this.#stop = this.#start(false);
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #start(again: boolean): () => void {
    const { name, args, searchPath } = this.program;
    const child = spawn(name, args, {
      env: { PATH: searchPath, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = this.timers.monotonic();
    const settled = this.timers.after(SETTLED_MS, () => {
      if (again) this.events.gap();
    });
    const lines = new TextLines(MAX_LINE);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (this.#closed) return;
      try {
        for (const line of lines.push(chunk)) this.events.line(line);
      } catch {
        child.kill('SIGKILL');
      }
    });
    child.stderr.on('data', () => {
      if (!this.#closed) this.events.gap();
    });
    let over = false;
    const ended = (): void => {
      settled();
      if (over || this.#closed) return;
      over = true;
      if (this.timers.monotonic() - started > STABLE_MS) this.#pause = FIRST_PAUSE_MS;
      this.#stop = this.timers.after(this.#pause, () => {
        this.#stop = this.#start(true);
      });
      this.#pause = Math.min(this.#pause * 2, MAX_PAUSE_MS);
    };
    child.on('error', ended);
    child.on('close', ended);
    return () => {
      settled();
      child.kill('SIGTERM');
    };
  }
}
