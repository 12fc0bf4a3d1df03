import type { Clock } from '../../src/model/clock.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock for code that waits by itself among real files: when a wait is due next, time jumps
 * there, so nobody ever waits. Timers beyond `autoMs` stay until a test moves the clock.
 */
export class JumpClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #start = this.#now;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(private readonly autoMs = 60_000) {}

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, order: this.#order++, callback };
    this.#timers.add(timer);
    if (ms <= this.autoMs) {
      setImmediate(() => {
        this.#jumpTo(timer);
      });
    }
    return () => this.#timers.delete(timer);
  }

  /** Moves time, firing what is due on the way. */
  jump(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order);
      if (next === undefined) break;
      this.#fire(next);
    }
    this.#now = end;
  }

  /** Earlier ones go first. */
  #jumpTo(timer: Timer): void {
    while (this.#timers.has(timer)) {
      const [next = timer] = [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order);
      this.#fire(next);
    }
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.callback();
  }
}
