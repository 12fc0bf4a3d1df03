/**
 * A program of its own, to be killed or traced: opens the store and writes as fast as it can from
 * several callers, telling line by line what it was answered and what its readers saw. Each line
 * is one write(2) to `report`, made right when the answer came.
 *
 *   node store-writer.js '{"path":...,"report":...,"seed":1,"callers":4,"txns":100}'
 */
import { openSync, writeSync } from 'node:fs';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import type { Store, WriteOp } from '../../src/store/store.js';
import { seeded, upTo } from './seeded.js';

export interface WriterOrder {
  readonly path: string;
  /** A file to append to; absent: standard output. */
  readonly report?: string;
  readonly seed: number;
  readonly callers: number;
  /** How many transactions; absent: until it is killed. */
  readonly txns?: number;
  /** A compaction after so many transactions. */
  readonly compactEvery?: number;
}

export type WriterLine =
  | { readonly kind: 'open'; readonly epoch: number; readonly revision: number }
  /** Answered: this transaction is durable. */
  | { readonly kind: 'ack'; readonly revision: number; readonly ops: readonly WriteOp[] }
  | { readonly kind: 'compacted'; readonly revision: number }
  /** A reader or watcher has seen this revision. */
  | { readonly kind: 'seen'; readonly revision: number };

const KEYS = 40;

function randomOps(random: () => number): WriteOp[] {
  const ops = new Map<string, WriteOp>();
  const count = 1 + upTo(random, 4);
  while (ops.size < count) {
    const key = `key/${upTo(random, KEYS)}`;
    const size = random() < 0.05 ? 9000 : upTo(random, 300);
    const value = `${upTo(random, 1_000_000)}:${'v'.repeat(size)}`;
    ops.set(key, random() < 0.2 ? { kind: 'delete', key } : { kind: 'put', key, value });
  }
  // What readers must never see half of.
  const value = String(upTo(random, 1_000_000));
  const pair = ['pair/a', 'pair/b'].map((key): WriteOp => ({ kind: 'put', key, value }));
  return [...ops.values(), ...pair];
}

async function run(order: WriterOrder): Promise<void> {
  const fd = order.report === undefined ? 1 : openSync(order.report, 'a');
  const tell = (line: WriterLine): void => {
    writeSync(fd, `${JSON.stringify(line)}\n`);
  };
  const store = await openLmdbStore({ path: order.path });
  const { epoch, revision } = store.status();
  tell({ kind: 'open', epoch, revision });
  const done = new AbortController();
  const readers = [poll(store, done.signal, tell), watch(store, done.signal, tell)];
  const random = seeded(order.seed);
  const { txns = Infinity, compactEvery = Infinity } = order;
  let n = 0;
  const call = async (): Promise<void> => {
    while (n < txns) {
      const compact = ++n % compactEvery === 0;
      const ops = randomOps(random);
      const result = await store.txn({ compare: [], ops });
      tell({ kind: 'ack', revision: result.revision, ops });
      if (!compact) continue;
      await store.compact(result.revision);
      tell({ kind: 'compacted', revision: result.revision });
    }
  };
  await Promise.all(Array.from({ length: order.callers }, call));
  done.abort();
  await Promise.all(readers);
  await store.close();
}

type Tell = (line: WriterLine) => void;

async function poll(store: Store, signal: AbortSignal, tell: Tell): Promise<void> {
  for (let last = store.status().revision; !signal.aborted;) {
    const { revision } = await store.range({ prefix: 'key/', limit: 1 });
    if (revision !== last) tell({ kind: 'seen', revision });
    last = revision;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function watch(store: Store, signal: AbortSignal, tell: Tell): Promise<void> {
  const after = store.status().revision;
  for await (const { revision } of store.watch({ prefix: '', after, signal })) {
    tell({ kind: 'seen', revision });
  }
}

function parseOrder(text: string | undefined): WriterOrder {
  const order: unknown = JSON.parse(text ?? '');
  if (isOrder(order)) return order;
  throw new Error('not an order');
}

function isOrder(order: unknown): order is WriterOrder {
  return typeof order === 'object' && order !== null && 'path' in order && 'seed' in order;
}

if (process.argv[1] === import.meta.filename) await run(parseOrder(process.argv[2]));
