/** One transaction: compares and, if they hold, changes, on a draft. */
import { NfvError } from '../../errors.js';
import type { Draft } from './draft.js';
import { type LogOp, utf8, type Version } from './layout.js';
import type { Compare, Txn, TxnResult, WriteOp } from '../store.js';

/**
 * Reads all it needs before it changes the draft: where it throws, the draft is as it was.
 * @throws NfvError STORE_DAMAGED, STORE_FAILED
 */
export function runTxn(draft: Draft, txn: Txn): TxnResult {
  const { revision } = draft.state;
  const failed = txn.compare.findIndex((compare) => !holds(draft, compare));
  if (failed >= 0) return { succeeded: false, revision, failed };
  const changes = txn.ops.flatMap((op) => changeOf(draft, op));
  if (changes.length === 0) return { succeeded: true, revision };
  const next = revision + 1;
  if (!Number.isSafeInteger(next)) throw new NfvError('STORE_FAILED', 'out of revisions');
  for (const { key, value, before } of changes) {
    const createRevision = before?.createRevision ?? next;
    const after =
      value === undefined ? undefined : { createRevision, modRevision: next, value: utf8(value) };
    if (before !== undefined) draft.addHistory(key, next, before);
    draft.setCurrent(key, after);
  }
  draft.addLog(next, changes.map(logOp));
  draft.changeState({ revision: next });
  return { succeeded: true, revision: next };
}

interface Change {
  readonly key: Buffer;
  /** Undefined: delete. */
  readonly value: string | undefined;
  readonly before: Version | undefined;
}

const logOp = ({ key, value, before }: Change): LogOp => ({
  kind: value === undefined ? 'delete' : 'put',
  key,
  replaced: before !== undefined,
});

/** None for the delete of an absent key. */
function changeOf(draft: Draft, op: WriteOp): Change[] {
  const key = utf8(op.key);
  const before = draft.current(key);
  if (op.kind === 'put') return [{ key, value: op.value, before }];
  return before === undefined ? [] : [{ key, value: undefined, before }];
}

function holds(draft: Draft, compare: Compare): boolean {
  if (compare.kind === 'empty') return !draft.anyWithPrefix(utf8(compare.prefix));
  return (draft.current(utf8(compare.key))?.modRevision ?? 0) === compare.revision;
}
