/** What it takes of the store to undo a change: known before it is made, so that what is accepted can be undone. */
import type { ChangedSpec } from './record.js';

/** Keys of the store; each counts once in a transaction, whoever names it. */
export interface UndoKeys {
  /** That it relies on. */
  readonly compares: readonly string[];
  /** That it writes. */
  readonly ops: readonly string[];
}

/** The change itself: relied on and deleted; and the record of the undo. */
const OF_THE_CHANGE = 3;

/**
 * Compares and operations.
 * @param retained claims that the change gave up and nobody else has yet: taken back as they are, or deleted
 * @param tombstones keys that stand for what it deleted
 */
export function undoCost(
  parts: Iterable<UndoKeys>,
  retained: readonly string[],
  tombstones: readonly string[],
): number {
  const compares = new Set<string>();
  const ops = new Set(tombstones);
  for (const part of parts) {
    for (const key of part.compares) compares.add(key);
    for (const key of part.ops) ops.add(key);
  }
  for (const key of retained) if (!compares.has(key)) ops.add(key);
  return compares.size + ops.size + OF_THE_CHANGE;
}

/** What an agent says of itself meanwhile, and claims that go back to their owners, of one resource. */
const SLACK = 128;

/**
 * Bytes of values: what was there is written, beside a record that has both sides as that of the change has them.
 * @param record of the change
 */
export function undoBytes(changes: readonly ChangedSpec[], record: string): number {
  const back = changes.reduce((sum, { before = '' }) => sum + SLACK + Buffer.byteLength(before), 0);
  return back + Buffer.byteLength(record);
}
