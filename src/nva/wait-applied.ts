/** Waiting until the NVEs concerned have applied a revision, or telling which lag, and why. */
import { NfvError } from '../errors.js';
import type { Call, Laggard, WaitAppliedRequest, WaitAppliedResult } from '../model/api.js';
import type { Clock } from '../model/clock.js';

export interface AppliedDeps {
  readonly clock: Clock;
  /** The store's revision. */
  storeRevision(): number;
  /** The revision up to which changes have been handed to the sessions. */
  compiledRevision(): number;
  nves(): Iterable<string>;
  /** undefined: the NVE has applied everything up to `revision`. */
  laggard(nve: string, revision: number): Laggard | undefined;
}

interface Waiter {
  readonly revision: number;
  /** Not looked at yet, or lagging when last looked at. */
  readonly lagging: Set<string>;
  readonly done: () => void;
}

export class AppliedWaiters {
  readonly #waiters = new Set<Waiter>();

  constructor(private readonly deps: AppliedDeps) {}

  /** @throws NfvError REVISION_IN_FUTURE */
  async wait(request: WaitAppliedRequest, { signal }: Call): Promise<WaitAppliedResult> {
    const { deps } = this;
    const latest = deps.storeRevision();
    const revision = request.revision === 0 ? latest : request.revision;
    if (revision > latest) {
      throw new NfvError(
        'REVISION_IN_FUTURE',
        `the store is at revision ${latest}, not ${revision}`,
      );
    }
    if (request.timeoutMs > 0) await this.#settled(revision, request.timeoutMs, signal);
    const laggards = this.#laggards(revision);
    const applied = laggards.length === 0 && deps.compiledRevision() >= revision;
    return { applied, revision, laggards };
  }

  /** An NVE's progress, or the compiled revision, has changed. */
  progressed(nve: string | undefined): void {
    for (const waiter of this.#waiters) {
      if (nve !== undefined && this.deps.laggard(nve, waiter.revision) === undefined) {
        waiter.lagging.delete(nve);
      }
      this.#check(waiter);
    }
  }

  #check(waiter: Waiter): void {
    if (this.deps.compiledRevision() < waiter.revision) return;
    for (const nve of waiter.lagging) {
      if (this.deps.laggard(nve, waiter.revision) !== undefined) return;
      waiter.lagging.delete(nve);
    }
    waiter.done();
  }

  #settled(revision: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(waiter);
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const waiter = { revision, lagging: new Set(this.deps.nves()), done };
      const cancel = this.deps.clock.after(timeoutMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.#waiters.add(waiter);
      if (signal.aborted) done();
      else this.#check(waiter);
    });
  }

  #laggards(revision: number): Laggard[] {
    return [...this.deps.nves()]
      .sort()
      .map((nve) => this.deps.laggard(nve, revision))
      .filter((laggard) => laggard !== undefined);
  }
}
