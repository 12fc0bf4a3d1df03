/** A watch that outlives its connections. */
import { NfvError } from '../errors.js';
import type { NvaApi, ResourceKind, WatchEvent } from '../model/api.js';
import { delay, type Clock } from '../model/clock.js';
import { nameOf } from './kinds.js';
import { ownSignal } from './own-signal.js';

export interface WatchOptions {
  readonly nva: NvaApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly kinds: readonly ResourceKind[];
  readonly filter: string;
  /** Changes after this revision; 0: first all that exists. */
  readonly startRevision: number;
  /** Told each time the connection is lost, before it is tried again. */
  readonly onLost: (error: NfvError, resumeFrom: number) => Promise<void>;
}

export type Change = Exclude<WatchEvent, { readonly type: 'SYNCED' }>;

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5000;
/** A connection that held so long was one, even if there was nothing to tell. */
const STEADY_MS = 10_000;
/** When the NVA has been out of reach for so long, the watch fails. */
const MAX_OUTAGE_MS = 300_000;

/**
 * Every change once, through lost connections. Ends when the signal aborts.
 * @throws NfvError of the watch where trying again does not help, or has not for five minutes.
 */
export async function* watchChanges(options: WatchOptions): AsyncGenerator<Change> {
  const { nva, clock, kinds, filter } = options;
  const signal = ownSignal(options.signal);
  const position = new Position(options.startRevision);
  const outage = new Outage(clock);
  while (!signal.aborted) {
    let lost = new NfvError('NVA_UNREACHABLE', 'the NVA ended the watch');
    outage.attempt();
    try {
      const startRevision = position.resume();
      for await (const event of nva.watch({ kinds, filter, startRevision }, { signal })) {
        outage.over();
        const change = position.take(event);
        if (change !== undefined) yield change;
      }
    } catch (thrown) {
      lost = NfvError.from(thrown);
    }
    if (isAborted(signal)) return;
    const pause = outage.pause();
    if (!lost.retriable || pause === undefined) throw lost;
    await options.onLost(lost, position.resume());
    await delay(clock, pause, signal).catch(() => undefined);
  }
}

/** A function, so that the compiler does not take an earlier look for the last. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** How long nothing was heard of the NVA, and when to try again. */
export class Outage {
  #attempted = 0;
  #since: number | undefined;
  #pause = FIRST_DELAY_MS;

  constructor(private readonly clock: Clock) {}

  /** Before each. */
  attempt(): void {
    this.#attempted = this.clock.monotonic();
  }

  /** It was heard of. */
  over(): void {
    this.#since = undefined;
    this.#pause = FIRST_DELAY_MS;
  }

  /** Milliseconds until the next attempt; undefined: there have been enough. */
  pause(): number | undefined {
    const now = this.clock.monotonic();
    if (now - this.#attempted > STEADY_MS) this.over();
    this.#since ??= now;
    if (now - this.#since > MAX_OUTAGE_MS) return undefined;
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, MAX_DELAY_MS);
    return pause;
  }
}

/**
 * How far a watch has come. A change of many resources has one revision, and the connection may be
 * lost in its midst: it is then asked for again, and what was seen of it is left out.
 */
export class Position {
  /** Everything up to here was seen. */
  #complete: number;
  /** What was seen after that, with the revision each resource was seen at. */
  readonly #seen = new Map<string, number>();
  #latest: number;
  /** The revisions of a snapshot do not grow: it is complete when SYNCED says so. */
  #inSnapshot = false;

  constructor(startRevision: number) {
    this.#complete = startRevision;
    this.#latest = startRevision;
  }

  /** The startRevision to watch from next. */
  resume(): number {
    if (this.#complete === 0) this.#inSnapshot = true;
    return this.#complete;
  }

  /** The change, unless it was seen before. */
  take(event: WatchEvent): Change | undefined {
    if (event.type === 'SYNCED') {
      this.#inSnapshot = false;
      this.#finish(event.revision);
      return undefined;
    }
    const name = nameOf(event.resource);
    let { revision } = event;
    if (this.#inSnapshot) {
      ({ revision } = event.resource.meta);
    } else if (revision > this.#latest) {
      this.#finish(revision - 1);
      this.#latest = revision;
    }
    if (this.#seen.get(name) === revision) return undefined;
    this.#seen.set(name, revision);
    return event;
  }

  #finish(revision: number): void {
    if (revision <= this.#complete) return;
    this.#complete = revision;
    this.#latest = Math.max(this.#latest, revision);
    this.#seen.clear();
  }
}
