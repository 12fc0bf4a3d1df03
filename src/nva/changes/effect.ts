/** What changes would mean to each NVE: the compiler's own answer, on a copy of what they reach. Pure. */
import { setImmediate as turn } from 'node:timers/promises';
import type { PlannedItem } from '../../model/changes.js';
import type { Item, ItemKind } from '../../model/item.js';
import { splitKey } from '../../model/item.js';
import { NfvError } from '../../errors.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import type { Change } from '../compiler/inputs.js';

/** An item that would be another one, or none, or is new. */
export interface EffectItem extends PlannedItem {
  /** Empty: removed. */
  readonly version: string;
}

/** By NVE; those that nothing would be sent to are not in it. Items in order of their keys. */
export type Effect = ReadonlyMap<string, readonly EffectItem[]>;

/** As of the moment of the call; others get their turn in between. */
export async function effectOf(index: CompileIndex, changes: readonly Change[]): Promise<Effect> {
  const fork = index.fork(changes);
  const undo = changes.map(({ kind, id }) => fork.current(kind, id));
  const there = fork.applyAll(changes);
  await turn();
  // The way back tells what was there before of all that the way there has touched.
  const back = fork.applyAll(undo);
  const effect = new Map<string, EffectItem[]>();
  for (const [nve, { upserts, removes }] of there) {
    const before = back.get(nve)?.upserts;
    const items = [
      ...[...upserts].map(([key, after]) => differing(key, before?.get(key), after)),
      ...[...removes].map((key) => differing(key, before?.get(key), undefined)),
    ];
    effect.set(
      nve,
      items.sort((a, b) => (a.key < b.key ? -1 : 1)),
    );
  }
  return effect;
}

function differing(key: string, before: Item | undefined, after: Item | undefined): EffectItem {
  const kind = kindOf(key);
  if (after === undefined) return { key, kind, action: 'REMOVE', version: '' };
  return { key, kind, action: before === undefined ? 'ADD' : 'CHANGE', version: after.version };
}

function kindOf(key: string): ItemKind {
  const [kind] = splitKey(key);
  if (kind === undefined) throw new NfvError('INTERNAL', `${key} is the key of no item`);
  return kind;
}
