/** What this room needs of a clock, so that tests own the time. */
export interface Timers {
  /** Milliseconds from some fixed point; never goes back. */
  monotonic(): number;
  /** Calls back once after `ms` milliseconds; the answer cancels it. */
  after(ms: number, callback: () => void): () => void;
}
