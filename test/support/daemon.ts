/** `nfvd` as an operator starts it: the built program, a configuration file, signals. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { exec, type Netns, type Ran } from './netns.js';

export const NFVD = fileURLToPath(new URL('../../src/main/nfvd.js', import.meta.url));

const logLine = z.looseObject({
  level: z.string(),
  time: z.string(),
  program: z.string(),
  pid: z.number(),
  msg: z.string(),
});
export type LogLine = z.infer<typeof logLine>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs `nfvd` to its end; inside a namespace if one is given. */
export function nfvd(args: readonly string[], within?: Netns): Promise<Ran> {
  const node = [NFVD, ...args];
  return within === undefined
    ? exec(process.execPath, node)
    : within.try(process.execPath, ...node);
}

export class Daemon {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  /** All that it has logged so far. */
  readonly lines: LogLine[] = [];
  /** All that came on standard output, as it came. */
  out = '';
  err = '';
  readonly ended: Promise<Exit>;
  #news: () => void = () => undefined;

  private constructor(args: readonly string[], within: Netns | undefined) {
    const node = [NFVD, ...args];
    this.#child =
      within === undefined
        ? spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'pipe'] })
        : spawn('nsenter', [`--net=/run/netns/${within.name}`, process.execPath, ...node], {
            stdio: ['ignore', 'pipe', 'pipe'],
          });
    let rest = '';
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.lines.push(logLine.parse(JSON.parse(line)));
      this.#news();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.ended = once(this.#child, 'close').then(() => {
      this.#news();
      return { code: this.#child.exitCode, signal: this.#child.signalCode };
    });
  }

  /**
   * Answers when it has logged that it is up, or `until`.
   * @throws Error with what it said when it ends before
   */
  static async start(args: readonly string[], within?: Netns, until?: string): Promise<Daemon> {
    const daemon = new Daemon(args, within);
    await daemon.logged(until ?? ((line) => line.msg.endsWith(' is up')));
    return daemon;
  }

  /** `nsenter` becomes the program it is given, so it is this one's. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first line of its log that is such a one, or by its text; waits for it. */
  async logged(what: string | ((line: LogLine) => boolean), seen = 0): Promise<LogLine> {
    const is = typeof what === 'string' ? (line: LogLine) => line.msg === what : what;
    for (;;) {
      const found = this.lines.slice(seen).find(is);
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`it ended without: ${this.out.slice(-1000)}${this.err.slice(-1000)}`);
      }
      await new Promise<void>((resolve) => (this.#news = resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal);
    return await this.ended;
  }
}

/** A directory in which daemons have their files. */
export class DaemonFiles {
  constructor(readonly path: string) {
    mkdirSync(path, { recursive: true });
  }

  /** Socket of the NVA, or of an NVE by its name. */
  socket(name = 'nva'): string {
    return join(this.path, `${name}.sock`);
  }

  stateOf(name: string): string {
    return join(this.path, name);
  }

  /** Writes a configuration; answers its path. */
  write(name: string, content: object): string {
    // JSON is YAML.
    return this.writeText(name, JSON.stringify(content));
  }

  writeText(name: string, text: string): string {
    const path = join(this.path, `${name}.yaml`);
    writeFileSync(path, text);
    return path;
  }

  nva(change: object = {}): string {
    return this.write('nva', {
      dataDir: join(this.path, 'data'),
      listen: [{ address: `unix:${this.socket()}` }],
      log: { level: 'debug' },
      ...change,
    });
  }

  nve(name: string, change: object = {}): string {
    return this.write(name, {
      name,
      stateDir: this.stateOf(name),
      nva: [{ address: `unix:${this.socket()}` }],
      listen: [{ address: `unix:${this.socket(name)}` }],
      log: { level: 'debug' },
      ...change,
    });
  }
}
