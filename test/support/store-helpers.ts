/** What tests of stores share. */
import assert from 'node:assert/strict';
import { type ErrorCode, NfvError } from '../../src/errors.js';
import type { Store, Txn, TxnResult, WatchBatch, WriteOp } from '../../src/store/store.js';

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens the same data as a restarted process would. */
  reopen(): Promise<StoreUnderTest>;
  /** Closes the store and forgets its data. */
  dispose(): Promise<void>;
}

export interface StoreFactory {
  readonly name: string;
  /** A store with no keys in it. */
  open(): Promise<StoreUnderTest>;
  readonly capabilities: {
    /** How many conflicting increments are a fair load. */
    readonly increments: number;
    /** How many random histories the model test runs. */
    readonly modelRuns: number;
  };
}

/** Lets a suite use the store of the running test. */
export type TheStore = () => Store;

export const op = (key: string, value: string): WriteOp => ({ kind: 'put', key, value });
export const del = (key: string): WriteOp => ({ kind: 'delete', key });

/** A transaction that must succeed; answers its revision. */
export async function commit(store: Store, ...ops: WriteOp[]): Promise<number> {
  const result = await store.txn({ compare: [], ops });
  assert.ok(result.succeeded);
  return result.revision;
}

export const put = (store: Store, key: string, value: string): Promise<number> =>
  commit(store, op(key, value));

export async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<NfvError> {
  let error: unknown;
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof NfvError, `should fail with ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}

/** Tries again while compares fail. */
export async function retry(store: Store, make: () => Promise<Txn>): Promise<TxnResult> {
  for (;;) {
    const result = await store.txn(await make());
    if (result.succeeded) return result;
  }
}

/** The first batch; undefined: the watch ended. */
export async function next(watch: AsyncIterable<WatchBatch>): Promise<WatchBatch | undefined> {
  for await (const batch of watch) return batch;
  return undefined;
}

/** Watches until `count` batches came. */
export async function watchFor(
  store: Store,
  request: { prefix: string; after: number },
  count: number,
): Promise<WatchBatch[]> {
  const batches: WatchBatch[] = [];
  if (count === 0) return batches;
  const { signal } = new AbortController();
  for await (const batch of store.watch({ ...request, signal })) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}
