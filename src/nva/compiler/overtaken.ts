/**
 * Changes that come at once, each compiled by itself: what one endpoint gives up, another may have got by a
 * change before, and the removal overtakes it. What was lost so is found here.
 */
import type { Item } from '../../model/item.js';
import type { ItemDelta } from './deltas.js';

export class Overtaken {
  readonly #upserted = new Map<string, Set<string>>();
  readonly #lost = new Map<string, Set<string>>();

  /** What one of the changes means, in their order. */
  add(deltas: ReadonlyMap<string, ItemDelta>): void {
    for (const [nve, { upserts, removes }] of deltas) {
      const upserted = this.#upserted.get(nve) ?? new Set();
      const lost = this.#lost.get(nve) ?? new Set();
      for (const key of removes) if (upserted.has(key)) lost.add(key);
      for (const key of upserts.keys()) {
        upserted.add(key);
        lost.delete(key);
      }
      this.#upserted.set(nve, upserted);
      if (lost.size > 0) this.#lost.set(nve, lost);
      else this.#lost.delete(nve);
    }
  }

  /**
   * What those NVEs should have all the same, after the last change.
   * @param full all that an NVE should have
   */
  restored(full: (nve: string) => ReadonlyMap<string, Item>): Map<string, ItemDelta> {
    const deltas = new Map<string, ItemDelta>();
    for (const [nve, lost] of this.#lost) {
      const items = full(nve);
      const upserts = new Map<string, Item>();
      for (const key of lost) {
        const item = items.get(key);
        if (item !== undefined) upserts.set(key, item);
      }
      if (upserts.size > 0) deltas.set(nve, { upserts, removes: new Set() });
    }
    return deltas;
  }
}
