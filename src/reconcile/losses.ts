/** What goes when something must be recreated or make way: all that hangs on it. */
import type { Item } from '../model/item.js';
import { blocked } from './blocked.js';
import { inKeyOrder } from './by-text.js';
import type { Draft } from './draft.js';

export interface Loss {
  /** For people. */
  readonly reason: string;
  /** The recreated or displaced key that is the beginning of it. */
  readonly root: string;
}

/**
 * As long as nothing may be removed: blocks every recreation that would lose an object which
 * cannot be made again now, or of which it is not known whether it is wanted.
 * @returns whether there is any verdict more than before.
 */
export function refuseLosses(draft: Draft): boolean {
  if (draft.input.complete) return false;
  const before = draft.verdicts.size;
  for (const [key, change] of draft.changes) {
    if (!change.recreate || draft.verdicts.has(key)) continue;
    const lost = [...closure(draft, new Map([[key, '']])).keys()];
    const stuck = lost.find((other) => draft.isKept(other) || draft.verdicts.has(other));
    if (stuck === undefined) continue;
    const message = `${key} must be recreated (${change.reasons.join('; ')}), and ${stuck} would be lost; nothing is removed yet`;
    draft.verdicts.set(key, blocked(stuck, message));
  }
  return draft.verdicts.size > before;
}

/** Everything that goes early, by key: what is recreated or makes way, and all that hangs on it. */
export function findLosses(draft: Draft): Map<string, Loss> {
  const roots = new Map<string, string>();
  for (const [key, change] of draft.changes) {
    if (draft.verdicts.has(key)) continue;
    if (change.recreate) roots.set(key, change.reasons.join('; '));
    for (const other of draft.displaces.get(key) ?? []) {
      if (draft.unwanted.has(other)) roots.set(other, `${key} takes its place`);
    }
  }
  return closure(draft, roots);
}

function closure(draft: Draft, roots: ReadonlyMap<string, string>): Map<string, Loss> {
  const losses = new Map<string, Loss>();
  for (const [root, reason] of roots) losses.set(root, { reason, root });
  for (const [key, { root }] of losses) {
    for (const dependent of draft.dependentObjects(key)) {
      if (losses.has(dependent)) continue;
      losses.set(dependent, { reason: `${root} is recreated`, root });
    }
  }
  return losses;
}

/** An object in `losses` is deleted, unless it can stay behind and is wanted. */
export function isDeleted(draft: Draft, losses: ReadonlyMap<string, Loss>, key: string): boolean {
  const observed = draft.observed(key);
  if (observed === undefined || !losses.has(key)) return false;
  if (!draft.input.wanted.has(key)) return true;
  return draft.changes.get(key)?.recreate === true || !draft.outlivesDependencies(observed);
}

export interface Making {
  readonly item: Item;
  /** For people: why, where something is there. */
  readonly reasons: readonly string[];
}

export type ToBeMade = ReadonlyMap<string, Making>;

/** All wanted items that are to be made, in order of their keys: what differs, and what is lost on the way. */
export function toBeMade(draft: Draft, losses: ReadonlyMap<string, Loss>): ToBeMade {
  // The changes are in that order.
  if (losses.size === 0) return draft.changes;
  const items = new Map<string, Making>(draft.changes);
  for (const [key, { reason }] of losses) {
    const item = draft.input.wanted.get(key);
    if (item !== undefined && !items.has(key)) items.set(key, { item, reasons: [reason] });
  }
  return new Map(inKeyOrder(items));
}
