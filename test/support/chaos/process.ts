/** A process in a namespace of the campaign's, which it kills, stops and starts again. */
import { readdir, readFile } from 'node:fs/promises';
import { Child } from '../child.js';
import { eventually } from '../eventually.js';
import type { Netns } from '../netns.js';

export interface ProcessOptions {
  readonly name: string;
  readonly ns: Netns;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It serves. */
  readonly isUp: (child: Child) => boolean | Promise<boolean>;
}

const START_MS = 45_000;

export class ChaosProcess {
  #child: Child | undefined;
  /** Signals that the campaign ended it by. */
  #isWanted = false;
  /** What all its processes have said. */
  readonly #said: string[] = [];

  constructor(private readonly options: ProcessOptions) {}

  get name(): string {
    return this.options.name;
  }

  get isRunning(): boolean {
    return this.#child?.isRunning ?? false;
  }

  /** It ended, and the campaign has not ended it. */
  get endedByItself(): boolean {
    return this.#isWanted && !this.isRunning;
  }

  /** Begins; it dies with this process, whatever ends that. */
  launch(): void {
    const { ns, command, env = {} } = this.options;
    const args = ['--pdeathsig', 'KILL', ...within(ns), ...command];
    this.#child = new Child('setpriv', args, { env });
    this.#isWanted = true;
  }

  /** @throws Error with what it said, when it ends or is not up in time */
  async up(): Promise<void> {
    const child = this.#child;
    if (child === undefined) throw new Error(`${this.name} was not started`);
    try {
      await eventually(() => !child.isRunning || this.options.isUp(child), START_MS, 50);
    } catch (error) {
      throw new Error(`${this.name} is not up: ${tail(child)}`, { cause: error });
    }
    if (!child.isRunning) throw new Error(`${this.name} ended: ${tail(child)}`);
  }

  async start(): Promise<void> {
    this.launch();
    await this.up();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#isWanted = false;
    if (child === undefined) return;
    await child.kill('SIGKILL');
    this.#said.push(child.out, child.err);
    this.#child = undefined;
  }

  signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid !== undefined && this.isRunning) process.kill(pid, signal);
  }

  /** SIGSTOP; answers when all its threads have stopped. */
  async pause(): Promise<void> {
    this.signal('SIGSTOP');
    const pid = this.#child?.pid ?? 0;
    await eventually(async () => {
      const tasks = await readdir(`/proc/${pid}/task`);
      const stats = await Promise.all(
        tasks.map((task) => readFile(`/proc/${pid}/task/${task}/stat`, 'utf8')),
      );
      return stats.every((stat) => stat.slice(stat.lastIndexOf(')') + 2).startsWith('T'));
    });
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** All that it and those before it have said. */
  get log(): string {
    return [...this.#said, this.#child?.out ?? '', this.#child?.err ?? ''].join('');
  }
}

/** Not by `ip netns exec`, which gives a program mounts of its own: then an agent makes no routers. */
export const within = ({ name }: Netns): string[] => ['nsenter', `--net=/run/netns/${name}`];

function tail(child: Child): string {
  return child.out.slice(-2000) + child.err.slice(-2000);
}
