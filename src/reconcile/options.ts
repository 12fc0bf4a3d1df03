import type { Clock } from '../model/clock.js';
import type { Drift } from '../model/nve.js';
import type { ItemReport } from '../model/southbound.js';
import type { NfvError } from '../errors.js';
import type { BackoffOptions } from './backoff.js';
import type { Dataplane } from './dataplane.js';
import type { DriftPolicy } from './drift-policies.js';
import type { Plan } from './plan-types.js';

/** Something for a log or a counter. */
export type ReconcilerEvent =
  | {
      readonly kind: 'pass';
      readonly isFull: boolean;
      /** Keys looked at. */
      readonly checked: number;
      readonly steps: number;
      /** Items that have failed, of all. */
      readonly failed: number;
      readonly durationMs: number;
      /** That was carried out. Its hash is made when it is asked for, which thousands of steps cost. */
      readonly plan: Pick<Plan, 'hash'>;
      /** Of what was wanted. */
      readonly revision: number;
    }
  /** Nothing was done, or what was done could not be read back. */
  | { readonly kind: 'pass_failed'; readonly error: NfvError; readonly retryInMs: number }
  /** A callback of the options threw. */
  | { readonly kind: 'callback_failed'; readonly error: NfvError };

export interface Reports {
  readonly entries: readonly ItemReport[];
  /** Everything up to here has been tried: what is not reported failed is applied. */
  readonly settledRevision: number;
}

/** All times in ms. */
export interface ReconcilerTuning {
  readonly drift: {
    /** Between full passes, give or take 10 %; 0: none. */
    readonly intervalMs: number;
    readonly policy: DriftPolicy;
  };
  /** Of an item, and of a dataplane that cannot be observed. */
  readonly retry: BackoffOptions;
  /** At most so long no step ends of those that are under way. */
  readonly applyTimeoutMs: number;
  readonly observeTimeoutMs: number;
  /** How long changes wait for more that follow: one pass costs less than many. */
  readonly gatherMs: number;
  /** How long changes on the host are gathered before they are looked at. */
  readonly debounceMs: number;
  /** At least so long between full passes that such changes cause. */
  readonly fullGapMs: number;
}

export const DEFAULT_TUNING: ReconcilerTuning = {
  drift: { intervalMs: 30_000, policy: 'repair' },
  retry: { initialMs: 1000, maxMs: 30_000, jitter: 0.2 },
  applyTimeoutMs: 30_000,
  observeTimeoutMs: 30_000,
  gatherMs: 1000,
  debounceMs: 50,
  fullGapMs: 1000,
};

export interface ReconcilerOptions extends ReconcilerTuning {
  readonly dataplane: Dataplane;
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Only when an item's fate or the settled revision has changed, or a fate was asked again. */
  readonly onReports: (reports: Reports) => void;
  /**
   * The drift of one pass, how much there was since the start, and how many items are not as wanted and
   * are left alone. Only when one of these has changed.
   */
  readonly onDrift: (drifts: readonly Drift[], total: number, leftAlone: number) => void;
  readonly onEvent: (event: ReconcilerEvent) => void;
  /** Runs each pass, what it tells included; all that is new by then is in it. */
  readonly around?: <T>(pass: () => Promise<T>) => Promise<T>;
}
