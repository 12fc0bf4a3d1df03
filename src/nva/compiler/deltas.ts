import type { Item } from '../../model/item.js';

/** What changes in one NVE's configuration. */
export interface ItemDelta {
  readonly upserts: ReadonlyMap<string, Item>;
  readonly removes: ReadonlySet<string>;
}

/** Gathers what differs, for each NVE. */
export class DeltaBuilder {
  readonly #deltas = new Map<string, { upserts: Map<string, Item>; removes: Set<string> }>();

  diff(nve: string, before: Iterable<Item>, after: Iterable<Item>): void {
    const old = new Map<string, Item>();
    for (const item of before) old.set(item.key, item);
    for (const item of after) {
      const previous = old.get(item.key);
      old.delete(item.key);
      // The same item needs no hashes to tell.
      if (previous === item || previous?.version === item.version) continue;
      const delta = this.#of(nve);
      delta.upserts.set(item.key, item);
      delta.removes.delete(item.key);
    }
    for (const key of old.keys()) this.#of(nve).removes.add(key);
  }

  result(): Map<string, ItemDelta> {
    return this.#deltas;
  }

  #of(nve: string): { upserts: Map<string, Item>; removes: Set<string> } {
    let delta = this.#deltas.get(nve);
    if (delta === undefined) {
      delta = { upserts: new Map(), removes: new Set() };
      this.#deltas.set(nve, delta);
    }
    return delta;
  }
}
