/** What changes would mean to each NVE: the compiler's own answer, on a copy of what they reach. Pure. */
import type { PlannedItem } from '../../model/changes.js';
import type { ItemKind } from '../../model/item.js';
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

/** As of the moment of the call. */
export function effectOf(index: CompileIndex, changes: readonly Change[]): Effect {
  const effect = new Map<string, EffectItem[]>();
  for (const [nve, { upserts, removes, before }] of index.fork(changes).applyAll(changes)) {
    const items: EffectItem[] = [];
    for (const [key, { version }] of upserts) {
      items.push({ key, kind: kindOf(key), action: before.has(key) ? 'CHANGE' : 'ADD', version });
    }
    for (const key of removes) {
      items.push({ key, kind: kindOf(key), action: 'REMOVE', version: '' });
    }
    effect.set(
      nve,
      items.sort((a, b) => (a.key < b.key ? -1 : 1)),
    );
  }
  return effect;
}

function kindOf(key: string): ItemKind {
  const [kind] = splitKey(key);
  if (kind === undefined) throw new NfvError('INTERNAL', `${key} is the key of no item`);
  return kind;
}
