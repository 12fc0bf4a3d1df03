/** Takes everything from one store to another of any kind, history included. */
import { setMaxListeners } from 'node:events';
import { NfvError } from '../errors.js';
import { LIMITS, type Store, type StoreEvent, type StoreReader, type WriteOp } from './store.js';

/** Who a store is, for one that takes the place of another. */
export interface StoreIdentity {
  readonly storeId: string;
  /** The new one's is above. */
  readonly epoch: number;
}

export interface Copied {
  readonly keys: number;
  /** Transactions of history, after the oldest state that the source could still read. */
  readonly transactions: number;
}

const PAGE = 500;

export interface CopyOptions {
  /** Keys that stay in one transaction, the last, where one of history is cut; by default none. */
  readonly isLast?: (key: string) => boolean;
}

/**
 * Everything of `from`, that nobody else writes, into `to`, which is new and empty: the oldest state
 * that can be read, and each transaction since, as one, or as several in a row where `to` takes fewer
 * operations in one. Keys, values and their order in time are kept; revisions are numbered anew. Reads both
 * to the end and compares.
 * @throws NfvError of the stores; STORE_DAMAGED when what was written is not what is read; STORE_LOCKED when
 *   `from` was opened or written by others meanwhile: what they wrote may not be in the copy
 */
export async function copyStore(
  from: Store,
  to: Store,
  { isLast = () => false }: CopyOptions = {},
): Promise<Copied> {
  const revision = await latest(from);
  const { compactRevision } = from.status();
  try {
    await copyState(from, to, compactRevision);
    const transactions = await copyHistory(from, to, {
      ...{ after: compactRevision, last: revision, isLast },
    });
    return { keys: await compareStores(from, to), transactions };
  } finally {
    // Also where the comparison failed: then this is why.
    await requireUntouched(from, revision);
  }
}

/** Not what this process has heard of last: where others write, that is what counts. */
async function latest(store: StoreReader): Promise<number> {
  return (await store.range({ prefix: '', limit: 1 })).revision;
}

async function requireUntouched(from: Store, revision: number): Promise<void> {
  if ((from.peers?.others() ?? 0) === 0 && (await latest(from)) === revision) return;
  const text = 'the store was opened or written while it was copied; the copy does not count';
  throw new NfvError('STORE_LOCKED', text, {
    remedy: 'stop every "nfvd nva" on it, and copy again',
  });
}

async function copyState(from: Store, to: Store, revision: number): Promise<void> {
  let ops: WriteOp[] = [];
  let bytes = 0;
  for await (const { key, value } of everything(from, revision)) {
    const size = Buffer.byteLength(value);
    if (ops.length === to.txnOps || bytes + size > LIMITS.txnBytes) {
      await to.txn({ compare: [], ops });
      ops = [];
      bytes = 0;
    }
    ops.push({ kind: 'put', key, value });
    bytes += size;
  }
  if (ops.length > 0) await to.txn({ compare: [], ops });
}

interface Span {
  readonly after: number;
  readonly last: number;
  readonly isLast: (key: string) => boolean;
}

/** @returns how many transactions of `from` it was */
async function copyHistory(from: Store, to: Store, { after, last, isLast }: Span): Promise<number> {
  // A store in which nothing was ever written has a revision, and nothing to be watched.
  if (after === last || (await isEmpty(from, last))) return 0;
  let count = 0;
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  for await (const batch of from.watch({ prefix: '', after, signal })) {
    const ops = batch.events.map(opOf);
    for (const part of partsOf(ops, to.txnOps, isLast)) await to.txn({ compare: [], ops: part });
    count++;
    if (batch.revision >= last) break;
  }
  return count;
}

/** The last one is full, so that what is to be in it is, as far as there is room. */
function partsOf(
  ops: readonly WriteOp[],
  size: number,
  isLast: (key: string) => boolean,
): WriteOp[][] {
  if (ops.length <= size) return [[...ops]];
  const ordered = [
    ...ops.filter(({ key }) => !isLast(key)),
    ...ops.filter(({ key }) => isLast(key)),
  ];
  const parts: WriteOp[][] = [];
  for (let end = ordered.length; end > 0; end -= size) {
    parts.unshift(ordered.slice(Math.max(0, end - size), end));
  }
  return parts;
}

async function isEmpty(store: StoreReader, revision: number): Promise<boolean> {
  return (await store.range({ prefix: '', limit: 1, revision })).kvs.length === 0;
}

function opOf(event: StoreEvent): WriteOp {
  if (event.kind === 'delete') return { kind: 'delete', key: event.key };
  const { key, value } = event.kv;
  return { kind: 'put', key, value };
}

/** @returns how many keys both have */
async function compareStores(from: StoreReader, to: StoreReader): Promise<number> {
  const others = everything(to, to.status().revision)[Symbol.asyncIterator]();
  let keys = 0;
  for await (const { key, value } of everything(from, from.status().revision)) {
    const other = await others.next();
    if (other.done === true || other.value.key !== key || other.value.value !== value) {
      throw new NfvError('STORE_DAMAGED', `${key} is not in the copy as it was written`);
    }
    keys++;
  }
  if ((await others.next()).done === true) return keys;
  throw new NfvError('STORE_DAMAGED', 'the copy has keys that the source does not have');
}

async function* everything(
  store: StoreReader,
  revision: number,
): AsyncGenerator<{ readonly key: string; readonly value: string }> {
  for (let after = '', more = true; more;) {
    const page = await store.range({ prefix: '', after, limit: PAGE, revision });
    yield* page.kvs;
    after = page.kvs.at(-1)?.key ?? after;
    ({ more } = page);
  }
}
