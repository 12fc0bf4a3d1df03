/** How long something took of late, for percentiles; as many as are kept are bounded. */
import type { DurationSummary } from '../../model/observation.js';

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

  /** Of the last five minutes. */
  summary(now: number): DurationSummary {
    return summaryOf(this.samples(now));
  }

  /** Those of the last five minutes, the newest first. @param most of more, the newest */
  samples(now: number, most = this.capacity): number[] {
    const found: number[] = [];
    for (let back = 1; back <= this.#ring.length && found.length < most; back++) {
      const sample = this.#ring[(this.#next - back + this.capacity) % this.capacity];
      if (sample === undefined || now - sample.at > WINDOW_MS) break;
      found.push(sample.ms);
    }
    return found;
  }
}

/** A percentile is one of the samples: the nearest rank. */
export function summaryOf(samples: readonly number[]): DurationSummary {
  const sorted = samples.toSorted((a, b) => a - b);
  const count = sorted.length;
  const rank = (part: number): number => sorted[Math.max(0, Math.ceil(part * count) - 1)] ?? 0;
  return { count, p50: rank(0.5), p90: rank(0.9), p99: rank(0.99), max: sorted.at(-1) ?? 0 };
}
