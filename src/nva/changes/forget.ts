/** What is forgotten of the history of changes. */
import { LIMITS, type Store } from '../../store/store.js';
import { PENDING } from '../keys.js';
import { scan } from '../scan.js';
import type { ChangeIndex } from './change-index.js';
import { PENDING_RECORD } from './pending-mark.js';
import { CHANGE_RECORD } from './record.js';

export interface HistoryLimits {
  /** Changes that are kept. */
  readonly maxChanges: number;
  /** Milliseconds that a change is kept. */
  readonly maxAgeMs: number;
}

export const DEFAULT_LIMITS: HistoryLimits = { maxChanges: 10_000, maxAgeMs: 365 * 86_400_000 };

/**
 * The oldest first, up to one that waits for its confirmation.
 * @param now milliseconds since the epoch
 * @returns how many were forgotten
 */
export async function forgetChanges(
  store: Store,
  index: ChangeIndex,
  now: number,
  { maxChanges, maxAgeMs }: HistoryLimits = DEFAULT_LIMITS,
  signal: AbortSignal,
): Promise<number> {
  const waiting = new Set<string>();
  for await (const { key, value } of scan(store, PENDING, { signal })) {
    waiting.add(PENDING_RECORD.decode(key, value).change);
  }
  const all = [...index.all];
  const old: string[] = [];
  for (const [i, { key }] of all.entries()) {
    if (signal.aborted || waiting.has(key)) break;
    if (all.length - i <= maxChanges) {
      const kv = await store.get(key);
      const time = kv && Date.parse(CHANGE_RECORD.decode(kv.key, kv.value).time);
      if (time !== undefined && time > now - maxAgeMs) break;
    }
    old.push(key);
  }
  for (let from = 0; from < old.length; from += LIMITS.txnOps) {
    const ops = old
      .slice(from, from + LIMITS.txnOps)
      .map((key) => ({ kind: 'delete', key }) as const);
    await store.txn({ compare: [], ops });
  }
  return old.length;
}
