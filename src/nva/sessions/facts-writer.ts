/** What an NVE says of its host, on its way to the store: the latest of it, and not as often as it is said. */
import type { Clock } from '../../model/clock.js';

/** Between two writes: an NVE that says something else again and again is no load for the others. */
export const FACTS_PAUSE_MS = 1000;

export class FactsWriter<Facts> {
  #waiting: { readonly facts: Facts } | undefined;
  #isBusy = false;

  /**
   * @param write stores it, and never rejects
   * @param signal of the session: what waits when that ends is told by its last status, or by the next hello
   */
  constructor(
    private readonly write: (facts: Facts) => Promise<void>,
    private readonly clock: Pick<Clock, 'after'>,
    private readonly signal: AbortSignal,
  ) {}

  /** The first at once; of what comes until the pause after it is over, the latest. */
  tell(facts: Facts): void {
    this.#waiting = { facts };
    if (!this.#isBusy) void this.#next();
  }

  async #next(): Promise<void> {
    const next = this.#waiting;
    this.#waiting = undefined;
    this.#isBusy = next !== undefined && !this.signal.aborted;
    if (next === undefined || !this.#isBusy) return;
    await this.write(next.facts);
    // Nothing would end the timer then.
    if (this.signal.aborted) return;
    const cancel = this.clock.after(FACTS_PAUSE_MS, () => {
      this.signal.removeEventListener('abort', cancel);
      void this.#next();
    });
    this.signal.addEventListener('abort', cancel, { once: true });
  }
}
