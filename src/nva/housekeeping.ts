/** What has to be forgotten now and then: old history, old request ids, old moves. */
import { NfvError } from '../errors.js';
import { delay, type Clock } from '../model/clock.js';
import { DEFAULT_DUPLICATE_LIMITS, type DuplicateLimits } from '../model/duplicates.js';
import { errorFields, type Log } from '../model/log.js';
import { LIMITS, type Store } from '../store/store.js';
import type { ChangeIndex } from './changes/change-index.js';
import { forgetChanges, type HistoryLimits } from './changes/forget.js';
import { REQUESTS } from './keys.js';
import { forgetMoves } from './mobility/clear.js';
import { forgetHolders } from './mobility/holders.js';
import { REQUEST_RECORD } from './records.js';
import { scan } from './scan.js';

export interface HousekeepingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Revisions of history that stay readable. */
  readonly keepRevisions: number;
  readonly history?: HistoryLimits;
  readonly duplicates?: DuplicateLimits;
  /** Which changes there is a record of. */
  readonly changes: ChangeIndex;
}

const INTERVAL_MS = 10 * 60_000;
/** How long a repeated request gets the answer of the first. */
const REQUEST_MS = 24 * 3_600_000;

/** Runs until the signal. */
export async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, log, keepRevisions } = options;
  for (;;) {
    try {
      await delay(clock, INTERVAL_MS, signal);
    } catch {
      // The signal is the only way to end a delay early.
      return;
    }
    const now = clock.now();
    try {
      const requests = await forgetRequests(store, now - REQUEST_MS, signal);
      const changes = await forgetChanges(store, options.changes, now, options.history, signal);
      const limits = options.duplicates ?? DEFAULT_DUPLICATE_LIMITS;
      const moves = await forgetMoves(store, limits, now, signal);
      const holders = await forgetHolders(store, signal);
      const revisions = await forgetHistory(store, keepRevisions);
      const { revision, compactRevision } = store.status();
      log.info(
        { requests, changes, moves, holders, revisions, revision, compactRevision },
        'housekeeping done',
      );
    } catch (thrown) {
      log.warn(errorFields(NfvError.from(thrown)), 'housekeeping failed; it is tried again');
    }
  }
}

/** Keeps the latest `keep` revisions readable. @returns how many were forgotten */
async function forgetHistory(store: Store, keep: number): Promise<number> {
  const { revision, compactRevision } = store.status();
  const target = revision - keep;
  if (target <= compactRevision) return 0;
  await store.compact(target);
  return target - compactRevision;
}

/**
 * Forgets requests answered before `before` (milliseconds since the epoch).
 * @returns how many they were
 */
async function forgetRequests(store: Store, before: number, signal: AbortSignal): Promise<number> {
  let old: string[] = [];
  let count = 0;
  const forget = async (): Promise<void> => {
    const ops = old.map((key) => ({ kind: 'delete', key }) as const);
    if (ops.length > 0) await store.txn({ compare: [], ops });
    count += ops.length;
    old = [];
  };
  for await (const { key, value } of scan(store, REQUESTS, { signal })) {
    if (Date.parse(REQUEST_RECORD.decode(key, value).time) < before) old.push(key);
    if (old.length === LIMITS.txnOps) await forget();
  }
  await forget();
  return count;
}
