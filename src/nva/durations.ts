/** How long something took of late, for percentiles; as many as are kept are bounded. */
import type { DurationSummary } from '../model/observation.js';

interface Sample {
  readonly at: number;
  readonly ms: number;
}

/** "Of late", in milliseconds. */
export const WINDOW_MS = 300_000;

export class Durations {
  readonly #ring: Sample[] = [];
  #next = 0;

  /** @param capacity samples that are kept; of more, the newest */
  constructor(private readonly capacity: number) {}

  /** @param at monotonic milliseconds */
  add(ms: number, at: number): void {
    this.#ring[this.#next] = { at, ms };
    this.#next = (this.#next + 1) % this.capacity;
  }

  /** Of the last five minutes. A percentile is one of the samples: the nearest rank. */
  summary(now: number): DurationSummary {
    const sorted = this.#ring
      .filter(({ at }) => now - at <= WINDOW_MS)
      .map(({ ms }) => ms)
      .sort((a, b) => a - b);
    const count = sorted.length;
    const rank = (part: number): number => sorted[Math.max(0, Math.ceil(part * count) - 1)] ?? 0;
    return { count, p50: rank(0.5), p90: rank(0.9), p99: rank(0.99), max: sorted.at(-1) ?? 0 };
  }
}
