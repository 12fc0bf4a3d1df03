/** What changes would mean to each NVE: the compiler's own answer, on a copy of what they reach. Pure. */
import type { PlannedItem } from '../../model/changes.js';
import type { Item, ItemKind } from '../../model/item.js';
import { splitKey } from '../../model/item.js';
import { NfvError } from '../../errors.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import type { ItemDelta } from '../compiler/deltas.js';
import type { Change } from '../compiler/inputs.js';
import { Overtaken } from '../compiler/overtaken.js';

/** An item that would be another one, or none, or is new. */
export interface EffectItem extends PlannedItem {
  /** Empty: removed. */
  readonly version: string;
}

/** By NVE; those that nothing would be sent to are not in it. Items in order of their keys. */
export type Effect = ReadonlyMap<string, readonly EffectItem[]>;

export function effectOf(index: CompileIndex, changes: readonly Change[]): Effect {
  const fork = index.fork(changes);
  const undo: Change[] = [];
  const there = new Merged();
  for (const change of changes) {
    undo.unshift(fork.current(change.kind, change.id));
    there.add(fork.apply(change));
  }
  there.restore(fork);
  // The way back tells what was there before of all that the way there has touched.
  const back = new Merged();
  for (const change of undo) back.add(fork.apply(change));
  back.restore(fork);
  const effect = new Map<string, EffectItem[]>();
  for (const [nve, items] of there.all) {
    const differing = [...items].flatMap(([key, after]) => {
      return difference(key, back.all.get(nve)?.get(key), after) ?? [];
    });
    if (differing.length > 0)
      effect.set(
        nve,
        differing.sort((a, b) => (a.key < b.key ? -1 : 1)),
      );
  }
  return effect;
}

/** What became of each item in the end; undefined: removed. */
class Merged {
  readonly all = new Map<string, Map<string, Item | undefined>>();
  readonly #overtaken = new Overtaken();

  add(deltas: ReadonlyMap<string, ItemDelta>): void {
    this.#overtaken.add(deltas);
    this.#merge(deltas);
  }

  /** After the last. */
  restore(index: CompileIndex): void {
    this.#merge(this.#overtaken.restored((nve) => index.full(nve)));
  }

  #merge(deltas: ReadonlyMap<string, ItemDelta>): void {
    for (const [nve, { upserts, removes }] of deltas) {
      const items = this.all.get(nve) ?? new Map<string, Item | undefined>();
      this.all.set(nve, items);
      for (const key of removes) items.set(key, undefined);
      for (const [key, item] of upserts) items.set(key, item);
    }
  }
}

function difference(
  key: string,
  before: Item | undefined,
  after: Item | undefined,
): EffectItem | undefined {
  if (before?.version === after?.version) return undefined;
  const kind = kindOf(key);
  if (after === undefined) return { key, kind, action: 'REMOVE', version: '' };
  return { key, kind, action: before === undefined ? 'ADD' : 'CHANGE', version: after.version };
}

function kindOf(key: string): ItemKind {
  const [kind] = splitKey(key);
  if (kind === undefined) throw new NfvError('INTERNAL', `${key} is the key of no item`);
  return kind;
}
