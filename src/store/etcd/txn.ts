/**
 * A transaction of ours as one of etcd's. It holds only as long as the fence does (fence.ts), and
 * leaves its id in the head. When a compare fails, the same transaction reads what each of them
 * looked at, so that the first that failed is known for sure.
 */
import type { EtcdCompare, EtcdOp, EtcdTxn, EtcdTxnResult } from '../../rpc/etcd/types.js';
import type { Compare, Txn, TxnResult, WriteOp } from '../store.js';
import type { Layout } from './layout.js';
import { firstOf, type State } from './state.js';

/** What a transaction of etcd's has more than ours at most. */
export const EXTRA_OPS = 8;

export function txnRequest(layout: Layout, txn: Txn, fence: number, id: string): EtcdTxn {
  const fenced: EtcdCompare = { of: 'mod', key: layout.meta, revision: fence };
  return {
    compare: [fenced, ...txn.compare.map((compare) => compareOf(layout, compare))],
    success: writes(layout, txn.ops, id),
    failure: [
      { kind: 'range', range: { key: layout.meta } },
      readHead(layout),
      ...txn.compare.map((compare) => lookAt(layout, compare)),
    ],
  };
}

/** Undefined: the fence has moved, and is learnt. @throws NfvError STORE_DAMAGED */
export function txnAnswer(
  state: State,
  txn: Txn,
  fence: number,
  answer: EtcdTxnResult,
): TxnResult | undefined {
  if (answer.succeeded) return { succeeded: true, revision: state.learnHead(answer, 0) };
  const meta = state.learnMeta(firstOf(answer, 0));
  const revision = state.learnHead(answer, 1);
  if (meta.fence !== fence) return undefined;
  const failed = txn.compare.findIndex((compare, i) => {
    const found = firstOf(answer, i + 2);
    return compare.kind === 'empty'
      ? found !== undefined
      : (found?.modRevision ?? 0) !== compare.revision;
  });
  return { succeeded: false, revision, failed };
}

export function readHead(layout: Layout): EtcdOp {
  return { kind: 'range', range: { key: layout.head, keysOnly: true } };
}

function compareOf(layout: Layout, compare: Compare): EtcdCompare {
  return compare.kind === 'empty'
    ? { of: 'create', ...layout.range(compare.prefix), revision: 0 }
    : { of: 'mod', key: layout.key(compare.key), revision: compare.revision };
}

function lookAt(layout: Layout, compare: Compare): EtcdOp {
  const where =
    compare.kind === 'empty' ? layout.range(compare.prefix) : { key: layout.key(compare.key) };
  return { kind: 'range', range: { ...where, limit: 1, keysOnly: true } };
}

/** The operations, and the head; it is read last, as it is then. */
function writes(layout: Layout, ops: readonly WriteOp[], id: string): EtcdOp[] {
  const all: EtcdOp[] = ops.map((op) =>
    op.kind === 'put'
      ? { kind: 'put', key: layout.key(op.key), value: Buffer.from(op.value) }
      : { kind: 'delete', key: layout.key(op.key) },
  );
  const head: EtcdOp = { kind: 'put', key: layout.head, value: Buffer.from(id) };
  const done = [...all, head];
  if (ops.some((op) => op.kind === 'put')) return [...done, readHead(layout)];
  // Deletes of what is not there change nothing, and take no revision.
  const absent = ops.map(({ key }): EtcdCompare => ({
    of: 'create',
    key: layout.key(key),
    revision: 0,
  }));
  const deletes: EtcdTxn = { compare: absent, success: [], failure: done };
  return [{ kind: 'txn', txn: deletes }, readHead(layout)];
}
