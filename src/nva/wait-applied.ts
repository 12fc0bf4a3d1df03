/** Waiting until the NVEs concerned have applied a revision, or telling which lag, and why. */
import { NfvError } from '../errors.js';
import type { Call, Laggard, WaitAppliedRequest, WaitAppliedResult } from '../model/api.js';
import type { Clock } from '../model/clock.js';

export interface AppliedDeps {
  readonly clock: Clock;
  /** The store's latest revision. */
  storeRevision(): number | Promise<number>;
  /** The revision up to which changes have been handed to the sessions. */
  compiledRevision(): number;
  /** Resolves when it is known of every NVE whether it is behind. */
  judged(): Promise<void>;
  /** The NVEs that lag at all. */
  behind(): Iterable<string>;
  /** Whether the NVE lacks something of `revision` or before. */
  lags(nve: string, revision: number): boolean;
  /** The same with the reason; undefined: it does not. */
  laggard(nve: string, revision: number): Promise<Laggard | undefined>;
}

interface Waiter {
  readonly revision: number;
  /** Those that lagged when last looked at; undefined: the revision is not compiled yet. */
  lagging: Set<string> | undefined;
  readonly done: (isApplied: boolean) => void;
}

/** Failures that one answer tells, of all laggards together: it has to fit into a message. */
const MAX_FAILURES = 1000;

/** NVEs that are asked about at a time: the store is read for those of other replicas. */
const ASKED_AT_ONCE = 32;

export class AppliedWaiters {
  readonly #waiters = new Set<Waiter>();

  constructor(private readonly deps: AppliedDeps) {}

  /** @throws NfvError REVISION_IN_FUTURE */
  async wait(request: WaitAppliedRequest, { signal }: Call): Promise<WaitAppliedResult> {
    const { deps } = this;
    const latest = await deps.storeRevision();
    const revision = request.revision === 0 ? latest : request.revision;
    if (revision > latest) {
      throw new NfvError(
        'REVISION_IN_FUTURE',
        `the store is at revision ${latest}, not ${revision}`,
      );
    }
    await deps.judged();
    if (request.timeoutMs > 0 && (await this.#settled(revision, request.timeoutMs, signal))) {
      return { applied: true, revision, laggards: [] };
    }
    const isCompiled = deps.compiledRevision() >= revision;
    const laggards = await this.#laggards(revision);
    const applied = laggards.length === 0 && isCompiled;
    return { applied, revision, laggards };
  }

  /** An NVE's progress, or with undefined the compiled revision, has changed. */
  progressed(nve: string | undefined): void {
    for (const waiter of this.#waiters) {
      if (nve === undefined || waiter.lagging?.has(nve) === true) this.#check(waiter);
    }
  }

  /** Answers everyone who waits with what is so now. */
  close(): void {
    for (const { done } of this.#waiters) done(false);
  }

  #check(waiter: Waiter): void {
    const { revision, done } = waiter;
    if (this.deps.compiledRevision() < revision) return;
    waiter.lagging ??= new Set(this.deps.behind());
    for (const nve of waiter.lagging) {
      if (this.deps.lags(nve, revision)) return;
      waiter.lagging.delete(nve);
    }
    done(true);
  }

  /** Answers whether all was applied before the time was up, the call ended or the NVA stopped. */
  #settled(revision: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (isApplied: boolean): void => {
        this.#waiters.delete(waiter);
        cancel();
        signal.removeEventListener('abort', giveUp);
        resolve(isApplied);
      };
      const giveUp = (): void => {
        done(false);
      };
      const waiter: Waiter = { revision, lagging: undefined, done };
      const cancel = this.deps.clock.after(timeoutMs, giveUp);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiters.add(waiter);
      if (signal.aborted) giveUp();
      else this.#check(waiter);
    });
  }

  async #laggards(revision: number): Promise<Laggard[]> {
    const behind = [...this.deps.behind()].sort();
    const laggards: Laggard[] = [];
    for (let first = 0; first < behind.length; first += ASKED_AT_ONCE) {
      const some = behind.slice(first, first + ASKED_AT_ONCE);
      const told = await Promise.all(some.map((nve) => this.deps.laggard(nve, revision)));
      laggards.push(...told.filter((laggard) => laggard !== undefined));
    }
    const most = Math.max(1, Math.floor(MAX_FAILURES / laggards.length));
    return laggards.map((laggard) => ({ ...laggard, failures: laggard.failures.slice(0, most) }));
  }
}
