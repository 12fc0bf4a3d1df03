import type { Clock } from '../model/clock.js';

/** What goes on is told again after so long, in milliseconds. */
const REMIND_MS = 600_000;

/**
 * What is wrong, from when it begins until it is over: each thing is news once, and again after ten
 * minutes in which nothing was. So what is tried again and again is not logged each time.
 */
export class Trouble {
  readonly #told = new Set<string>();
  #remindAt = Infinity;

  constructor(private readonly clock: Clock) {}

  /** There is some. */
  get isOn(): boolean {
    return this.#told.size > 0;
  }

  /** Whether this is to be told. */
  isNews(what: string): boolean {
    const now = this.clock.monotonic();
    if (this.#told.has(what) && now < this.#remindAt) return false;
    this.#told.add(what);
    this.#remindAt = now + REMIND_MS;
    return true;
  }

  over(): void {
    this.#told.clear();
    this.#remindAt = Infinity;
  }
}
