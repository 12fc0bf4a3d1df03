/** What has to be forgotten now and then: old history, old request ids. */
import { NfvError } from '../errors.js';
import { delay, type Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';
import type { Store } from '../store/store.js';
import { REQUESTS } from './keys.js';
import { REQUEST_RECORD } from './records.js';

export interface HousekeepingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Revisions of history that stay readable. */
  readonly keepRevisions: number;
}

const INTERVAL_MS = 10 * 60_000;
/** How long a repeated request gets the answer of the first. */
const REQUEST_MS = 24 * 3_600_000;
const CHUNK = 100;

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
    try {
      await forgetRequests(store, clock.now() - REQUEST_MS, signal);
      const { revision, compactRevision } = store.status();
      const target = revision - keepRevisions;
      if (target > compactRevision) await store.compact(target);
    } catch (thrown) {
      log.warn(errorFields(NfvError.from(thrown)), 'housekeeping failed; it is tried again');
    }
  }
}

/** Forgets requests answered before `before` (milliseconds since the epoch). */
export async function forgetRequests(
  store: Store,
  before: number,
  signal: AbortSignal,
): Promise<void> {
  let after = REQUESTS;
  while (!signal.aborted) {
    const { kvs, more } = await store.range({ prefix: REQUESTS, after, limit: CHUNK });
    const old = kvs.filter(
      ({ key, value }) => Date.parse(REQUEST_RECORD.decode(key, value).time) < before,
    );
    const ops = old.map(({ key }) => ({ kind: 'delete', key }) as const);
    if (ops.length > 0) await store.txn({ compare: [], ops });
    const last = kvs.at(-1);
    if (!more || last === undefined) return;
    after = last.key;
  }
}
