/** How many calls one identity may make: so many a second, and so many at once. */
import { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';

export interface CallLimits {
  /** Calls a second, for as long as one likes. */
  readonly callsPerSecond: number;
  /** Calls after a pause, as fast as one likes. */
  readonly burst: number;
  /** Calls under way at once, with watches, waits and sessions. */
  readonly concurrent: number;
}

export const DEFAULT_LIMITS: CallLimits = { callsPerSecond: 1000, burst: 10_000, concurrent: 1000 };

/** Identities that are kept; of more, the one that has been silent for longest is forgotten. */
const MAX_IDENTITIES = 10_000;

/** What sums of fractions may be off by. */
const ROUNDING = 1e-6;

interface Bucket {
  /** Calls that may be made at `at`, which is a time of `Clock.monotonic`. */
  tokens: number;
  at: number;
  underWay: number;
}

/** One token bucket for each identity. */
export class CallLimiter {
  /** The one that was used last is last. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly limits: CallLimits,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly maxIdentities = MAX_IDENTITIES,
  ) {}

  /** How many identities are kept. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Lets a call begin. @returns to be called once, at its end
   * @throws NfvError TOO_MANY_REQUESTS, which costs nothing
   */
  begin(who: string): () => void {
    const bucket = this.#bucketOf(who);
    const { callsPerSecond, burst, concurrent } = this.limits;
    const now = this.clock.monotonic();
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * callsPerSecond);
    bucket.at = now;
    if (bucket.underWay >= concurrent) {
      throw tooMany(who, `has ${concurrent} calls under way, watches and waits included`, 1000);
    }
    const missing = 1 - bucket.tokens;
    if (missing > ROUNDING) {
      const waitMs = Math.ceil((missing / callsPerSecond) * 1000 - ROUNDING);
      throw tooMany(who, `makes more than ${callsPerSecond} calls a second`, waitMs);
    }
    bucket.tokens--;
    bucket.underWay++;
    return () => {
      bucket.underWay--;
    };
  }

  #bucketOf(who: string): Bucket {
    const known = this.#buckets.get(who);
    this.#buckets.delete(who);
    if (known === undefined && this.#buckets.size >= this.maxIdentities) this.#forgetOne();
    const bucket = known ?? {
      ...{ tokens: this.limits.burst, at: this.clock.monotonic(), underWay: 0 },
    };
    this.#buckets.set(who, bucket);
    return bucket;
  }

  #forgetOne(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

function tooMany(who: string, what: string, waitMs: number): NfvError {
  return new NfvError('TOO_MANY_REQUESTS', `${who} ${what}`, {
    metadata: { retryDelayMs: String(waitMs), quotaSubject: who },
  });
}
