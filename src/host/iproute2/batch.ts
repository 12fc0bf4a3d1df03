import { NfvError } from '../../errors.js';
import type { Timers } from '../timers.js';
import {
  abortError,
  hasErrno,
  isKernelAnswer,
  isUnknownName,
  parseJson,
  refusal,
} from './answers.js';
import { BatchChild, describeEnd, type End, type Program } from './child.js';
import { batchLine, devicesOf, droppedBy, learnsAll, type Words } from './command.js';
import type { Ask, Outcome, Unfinished } from './ledger.js';

export interface BatchOptions {
  readonly timers: Timers;
  /** A process that owes answers and says nothing for so long is killed; milliseconds. */
  readonly stallMs: number;
  readonly onCommand?: CommandObserver;
}

/** Is told of a command when it is given; what it answers with is told how it ended. Neither may throw. */
export type CommandObserver = (
  program: string,
  line: string,
) => (error: NfvError | undefined) => void;

interface Job extends Ask {
  readonly signal: AbortSignal;
  readonly settle: (outcome: NfvError | string) => void;
  /** Must be the only command of its segment, so that a death of the process is told from it. */
  alone: boolean;
  /** The process that was given it last. */
  child: BatchChild<Job> | undefined;
  /** It speaks of devices, of which that process may remember some that are gone. */
  mayBeStale: boolean;
  /** It was refused by such a process, and is done again by a new one. */
  again: boolean;
  /** How often a process was killed from outside while it was at this job. */
  killed: number;
  settled: boolean;
}

/** Commands of one segment, and commands given to a process at a time. */
const SEGMENT = 64;
const WINDOW = 1024;
/** Deaths in a row without a word of the kernel, after which there is no point in going on. */
const MAX_BARREN_DEATHS = 8;
const MAX_KILLED = 3;
/** Names that are gone; of a process that remembers more nobody would know which. */
const MAX_STALE = 4096;
/** Answers of the kernel to an index that is no device's any more. */
const STALE = ['ENODEV', 'EINVAL'] as const;

/**
 * Commands for one of iproute2's programs, carried out by a long-lived batch process in the order
 * they are given. Commands given in the same turn of the event loop go out together.
 *
 * A process that dies is replaced. What it was at is done again one by one, so commands must bear
 * being done twice: a `link add` that had succeeded then fails with EEXIST.
 *
 * iproute2 remembers a name's index for as long as its process lives (lib/ll_map.c). `gone` and
 * `forget` tell of changes; one that was not told yet shows as an ENODEV or EINVAL of the kernel,
 * and then a new process tries.
 */
export class Batch {
  #child: BatchChild<Job> | undefined;
  /** Processes that finish what they have been given. */
  readonly #leaving = new Set<BatchChild<Job>>();
  readonly #signals = new Map<AbortSignal, { jobs: Set<Job>; listener: () => void }>();
  /** Names of which the process may remember an index that is no device's any more. */
  readonly #stale = new Set<string>();
  #queue: Job[] = [];
  #scheduled = false;
  #closed = false;
  #barren = 0;

  constructor(
    private readonly program: Program,
    private readonly options: BatchOptions,
  ) {}

  /**
   * Carries out a command that prints nothing.
   * @throws NfvError KERNEL_REFUSED with `metadata.errno` and the kernel's text, NOT_PRIVILEGED,
   *   COMMAND_MISSING, COMMAND_TIMEOUT; with the signal CANCELLED or DEADLINE_EXCEEDED
   */
  async run(words: Words, signal: AbortSignal): Promise<void> {
    await this.#ask(words, 'nothing', signal);
  }

  /** A query's answer, JSON; @throws as `run`. */
  async query(words: Words, signal: AbortSignal): Promise<unknown> {
    const text = await this.#ask(words, 'json', signal);
    return parseJson(this.program.name, text);
  }

  /** The answer of a query that may not speak JSON (`neigh get`), one line; @throws as `run`. */
  queryText(words: Words, signal: AbortSignal): Promise<string> {
    return this.#ask(words, 'text', signal);
  }

  /** It owes no answer. */
  get isIdle(): boolean {
    const children = [this.#child, ...this.#leaving];
    return this.#queue.length === 0 && children.every((child) => (child?.unfinished ?? 0) === 0);
  }

  /** Devices of these names were renamed, or may have been: a process that knew one is replaced. */
  forget(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#child?.remembers(name) === true) this.#retire();
    }
  }

  /** A device of this name was made: a process that spoke of one before it is replaced when it is spoken of. */
  made(name: string): void {
    if (this.#child?.made(name) === true) this.#stale.add(name);
  }

  /**
   * Devices of these names are no more: a process that knew one is replaced when another device of
   * that name is spoken of.
   */
  gone(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#child?.remembers(name) === true) this.#stale.add(name);
    }
    if (this.#stale.size > MAX_STALE) this.#retire();
  }

  #retire(): void {
    const child = this.#child;
    if (child === undefined) return;
    this.#leaving.add(child);
    this.#lose();
    child.finishUp();
  }

  close(): void {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) this.#settle(job, this.#closedError());
    for (const child of [this.#child, ...this.#leaving]) {
      if (child === undefined) continue;
      if (child.unfinished === 0) child.finishUp();
      else child.kill('aborted');
    }
  }

  #ask(words: Words, answers: Ask['answers'], signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closedError();
      if (signal.aborted) throw abortError(signal);
      const line = batchLine(words);
      const ended = this.options.onCommand?.(this.program.name, line);
      const job: Job = {
        line,
        devices: devicesOf(words),
        drops: droppedBy(words),
        learnsAll: learnsAll(this.program.name, words),
        answers,
        signal,
        settle: (outcome) => {
          ended?.(typeof outcome === 'string' ? undefined : outcome);
          if (typeof outcome === 'string') resolve(outcome);
          else reject(outcome);
        },
        // ip/ipneigh.c: exit(2) when the kernel refuses. Done again, a deletion would be refused.
        alone: words[0] === 'neigh' && words[1] === 'del',
        child: undefined,
        mayBeStale: false,
        again: false,
        killed: 0,
        settled: false,
      };
      this.#watch(job);
      this.#queue.push(job);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (;;) {
      if (this.#queue.length === 0 || (this.#child?.unfinished ?? 0) >= WINDOW) return;
      const jobs = this.#nextSegment();
      if (jobs.length === 0) continue;
      const names = jobs.flatMap(({ devices }) => devices);
      if (names.some((name) => this.#stale.has(name))) this.#retire();
      const child = (this.#child ??= this.#start());
      for (const job of jobs) {
        job.child = child;
        job.mayBeStale = !job.again && child.used && job.devices.length > 0;
      }
      child.send(jobs);
    }
  }

  #nextSegment(): Job[] {
    const alone = this.#queue.slice(0, SEGMENT).findIndex((job) => job.alone);
    const end = alone === 0 ? 1 : alone < 0 ? SEGMENT : alone;
    return this.#queue.splice(0, end).filter((job) => !job.settled);
  }

  #start(): BatchChild<Job> {
    const child = new BatchChild<Job>(this.program, this.options.timers, this.options.stallMs, {
      finish: (job, outcome) => {
        this.#finish(job, outcome);
      },
      ended: (unfinished, end) => {
        if (this.#child === child) this.#lose();
        this.#leaving.delete(child);
        this.#ended(unfinished, end);
      },
    });
    return child;
  }

  #finish(job: Job, outcome: Outcome): void {
    this.#barren = 0;
    if (outcome.ok) {
      this.#settle(job, outcome.output);
    } else {
      const error = refusal(this.program.name, job.line, outcome.text);
      const stale = hasErrno(error, ...STALE) && !isUnknownName(outcome.text);
      if (stale && job.mayBeStale && !job.settled) this.#doAgain(job);
      else this.#settle(job, error);
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  #doAgain(job: Job): void {
    job.again = true;
    if (job.child === this.#child) this.#retire();
    const others = this.#queue.findIndex((waiting) => !waiting.again);
    this.#queue.splice(others < 0 ? this.#queue.length : others, 0, job);
  }

  #lose(): void {
    this.#child = undefined;
    this.#stale.clear();
  }

  #settle(job: Job, outcome: NfvError | string): void {
    if (job.settled) return;
    job.settled = true;
    job.settle(outcome);
    const watched = this.#signals.get(job.signal);
    watched?.jobs.delete(job);
    if (watched?.jobs.size !== 0) return;
    this.#signals.delete(job.signal);
    job.signal.removeEventListener('abort', watched.listener);
  }

  #ended(unfinished: Unfinished<Job>, end: End): void {
    const { name } = this.program;
    const started = unfinished.started.filter((job) => !job.settled);
    const waiting = unfinished.waiting.flat().filter((job) => !job.settled);
    if (this.#closed || end.kind === 'unstartable' || end.kind === 'stalled') {
      const error = this.#endError(end);
      for (const job of [...started, ...waiting]) this.#settle(job, error);
      if (end.kind !== 'stalled') for (const job of this.#queue.splice(0)) this.#settle(job, error);
      else if (this.#queue.length > 0) this.#schedule();
      return;
    }
    const again = this.#blame(started, unfinished.text, end);
    this.#queue = [...again, ...waiting, ...this.#queue];
    if (this.#barren > MAX_BARREN_DEATHS) {
      const text = `it keeps dying: ${unfinished.text || describeEnd(end)}`;
      for (const job of this.#queue.splice(0)) this.#settle(job, refusal(name, job.line, text));
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  /** Settles the job that the process died of, if it is known; the others are to be done again. */
  #blame(started: readonly Job[], text: string, end: End): readonly Job[] {
    const [only] = started;
    if (only === undefined || end.kind === 'aborted') return started;
    this.#barren = isKernelAnswer(text) ? 0 : this.#barren + 1;
    if (started.length > 1) {
      for (const job of started) job.alone = true;
      return started;
    }
    if (end.kind === 'exit' && end.signal !== null && ++only.killed < MAX_KILLED) return started;
    this.#settle(only, refusal(this.program.name, only.line, text || describeEnd(end)));
    return [];
  }

  #endError(end: End): NfvError {
    const { name } = this.program;
    if (this.#closed) return this.#closedError();
    if (end.kind === 'unstartable') {
      return new NfvError('COMMAND_MISSING', `cannot start ${name}: ${end.text}`);
    }
    const { stallMs } = this.options;
    return new NfvError('COMMAND_TIMEOUT', `${name} said nothing for ${stallMs} ms and was ended`);
  }

  #closedError(): NfvError {
    return new NfvError('SHUTTING_DOWN', `${this.program.name} is no longer used`);
  }

  #watch(job: Job): void {
    const { signal } = job;
    const watched = this.#signals.get(signal);
    if (watched !== undefined) {
      watched.jobs.add(job);
      return;
    }
    const listener = (): void => {
      this.#abort(signal);
    };
    this.#signals.set(signal, { jobs: new Set([job]), listener });
    signal.addEventListener('abort', listener, { once: true });
  }

  /** Jobs that wait are dropped. A process that is at one is ended, for it may hang. */
  #abort(signal: AbortSignal): void {
    const error = abortError(signal);
    const jobs = [...(this.#signals.get(signal)?.jobs ?? [])];
    for (const job of jobs) this.#settle(job, error);
    for (const child of new Set(jobs.map((job) => job.child))) child?.kill('aborted');
  }
}
