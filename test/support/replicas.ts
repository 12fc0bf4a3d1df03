import assert from 'node:assert/strict';
import type { Item } from '../../src/model/item.js';
import { ItemSum } from '../../src/nva/compiler/item-sum.js';
import type { CompileIndex } from '../../src/nva/compiler/compile-index.js';

/** NVEs' configurations, kept up by deltas alone. */
export class Replicas {
  readonly #items = new Map<string, Map<string, Item>>();
  readonly #sums = new Map<string, ItemSum>();

  /** @returns the NVEs that got anything */
  take(deltas: ReturnType<CompileIndex['apply']>): Set<string> {
    for (const [nve, { upserts, removes, before }] of deltas) {
      const sum = this.#sumOf(nve);
      sum.removeAll(before.values());
      sum.addAll(upserts.values());
      const items = this.of(nve);
      for (const key of removes) {
        assert.ok(items.delete(key), `${nve} is told to remove ${key}, which it does not have`);
        assert.ok(!upserts.has(key), `${key} is both removed and set`);
      }
      for (const [key, item] of upserts) {
        assert.notEqual(items.get(key)?.version, item.version, `${nve} is sent ${key} for nothing`);
        items.set(key, item);
      }
    }
    return new Set(deltas.keys());
  }

  /** A full compile gives the same, and what it comes to is that, however it is worked out. */
  assertAsCompiled(index: CompileIndex, nve: string): void {
    const items = [...index.full(nve).values()];
    assert.deepEqual(payloads(this.of(nve).values()), payloads(items), nve);
    const { count, digest } = ItemSum.of(items);
    for (const sum of [this.#sumOf(nve), index.sum(nve)]) {
      assert.deepEqual([sum.count, sum.digest], [count, digest], nve);
    }
  }

  #sumOf(nve: string): ItemSum {
    let sum = this.#sums.get(nve);
    if (sum === undefined) this.#sums.set(nve, (sum = new ItemSum()));
    return sum;
  }

  of(nve: string): Map<string, Item> {
    let items = this.#items.get(nve);
    if (items === undefined) this.#items.set(nve, (items = new Map<string, Item>()));
    return items;
  }
}

export const payloads = (items: Iterable<Item>): string[] =>
  [...items].map((item) => `${item.key} ${JSON.stringify(item.payload)}`).sort();
