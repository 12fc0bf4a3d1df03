import type { Item } from '../../model/item.js';

/** What changes in one NVE's configuration. */
export interface ItemDelta {
  readonly upserts: ReadonlyMap<string, Item>;
  readonly removes: ReadonlySet<string>;
  /** What it had under these keys, by key: all that are removed, and the upserts that are no new ones. */
  readonly before: ReadonlyMap<string, Item>;
}

interface Sides {
  readonly before: Map<string, Item>;
  readonly after: Map<string, Item>;
}

/** Gathers what differs, for each NVE. */
export class DeltaBuilder {
  readonly #sides = new Map<string, Sides>();

  /** What one part of the model was, and is; a key may go from one part to another. */
  diff(nve: string, before: Iterable<Item>, after: Iterable<Item>): void {
    const sides = this.#of(nve);
    for (const item of before) sides.before.set(item.key, item);
    for (const item of after) sides.after.set(item.key, item);
  }

  /** In steps of one item. */
  *result(): Generator<void, Map<string, ItemDelta>> {
    const deltas = new Map<string, ItemDelta>();
    for (const [nve, { before, after }] of this.#sides) {
      const upserts = new Map<string, Item>();
      const had = new Map<string, Item>();
      for (const [key, item] of after) {
        yield;
        const was = before.get(key);
        // The same item needs no hashes to tell.
        if (was === item || was?.version === item.version) continue;
        upserts.set(key, item);
        if (was !== undefined) had.set(key, was);
      }
      const removes = new Set<string>();
      for (const [key, was] of before) {
        yield;
        if (after.has(key)) continue;
        removes.add(key);
        had.set(key, was);
      }
      if (upserts.size > 0 || removes.size > 0) {
        deltas.set(nve, { upserts, removes, before: had });
      }
    }
    return deltas;
  }

  #of(nve: string): Sides {
    let sides = this.#sides.get(nve);
    if (sides === undefined) {
      sides = { before: new Map(), after: new Map() };
      this.#sides.set(nve, sides);
    }
    return sides;
  }
}
