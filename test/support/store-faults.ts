/**
 * A program of its own, for strace to give it errors from the kernel: writes one transaction
 * after the other, goes on after failures, and tells how each of them ended.
 *
 *   node store-faults.js '{"path":...,"txns":30}'
 */
import { NfvError } from '../../src/errors.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import type { Store } from '../../src/store/store.js';

export interface FaultReport {
  /** Values that were acknowledged, by key. */
  readonly acknowledged: Readonly<Record<string, string>>;
  /** Codes and messages of the transactions that failed. */
  readonly failures: readonly { readonly code: string; readonly message: string }[];
  /** Transactions that went well after the last failure. */
  readonly recovered: number;
  readonly revision: number;
}

/** Reads all the time, also while a failed commit is dealt with; answers how often. */
async function readAlong(store: Store, signal: AbortSignal): Promise<number> {
  let reads = 0;
  for (let last = 0; !signal.aborted; reads++) {
    const { revision } = await store.range({ prefix: 'key/', limit: 3 });
    if (revision < last) throw new Error(`revision ${revision} after ${last}`);
    last = revision;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return reads;
}

async function write(store: Store, txns: number): Promise<FaultReport> {
  const acknowledged: Record<string, string> = {};
  const failures: { code: string; message: string }[] = [];
  let recovered = 0;
  for (let i = 0; i < txns; i++) {
    const key = `key/${i % 7}`;
    const value = `${i}${'v'.repeat(i % 3 === 0 ? 6000 : 100)}`;
    try {
      await store.txn({ compare: [], ops: [{ kind: 'put', key, value }] });
      acknowledged[key] = value;
      recovered++;
    } catch (error) {
      if (!(error instanceof NfvError)) throw error;
      failures.push({ code: error.code, message: error.message });
      recovered = 0;
    }
    await checkReads(store, acknowledged);
  }
  return { acknowledged, failures, recovered, revision: store.status().revision };
}

/** Reads go on, and show what was acknowledged, no less and no more. */
async function checkReads(store: Store, acknowledged: Record<string, string>): Promise<void> {
  const { kvs } = await store.range({ prefix: '' });
  const found = Object.fromEntries(kvs.map((kv) => [kv.key, kv.value]));
  for (const key of new Set([...Object.keys(found), ...Object.keys(acknowledged)])) {
    if (found[key] !== acknowledged[key]) throw new Error(`${key} is not what was acknowledged`);
  }
}

async function main(text: string | undefined): Promise<void> {
  const order: unknown = JSON.parse(text ?? '');
  if (typeof order !== 'object' || order === null || !('path' in order) || !('txns' in order)) {
    throw new Error('no order');
  }
  const store = await openLmdbStore({ path: String(order.path) });
  const done = new AbortController();
  const reading = readAlong(store, done.signal);
  const report = await write(store, Number(order.txns));
  done.abort();
  if ((await reading) < report.revision) throw new Error('too few reads');
  await store.close();
  process.stdout.write(JSON.stringify(report));
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2]);
