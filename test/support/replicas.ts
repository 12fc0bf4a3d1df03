import assert from 'node:assert/strict';
import type { Item } from '../../src/model/item.js';
import type { CompileIndex } from '../../src/nva/compiler/compile-index.js';

/** An NVE's configuration, kept up by deltas alone. */
export class Replicas {
  readonly #items = new Map<string, Map<string, Item>>();

  /** @returns the NVEs that got anything */
  take(deltas: ReturnType<CompileIndex['apply']>): Set<string> {
    for (const [nve, { upserts, removes }] of deltas) {
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

  of(nve: string): Map<string, Item> {
    let items = this.#items.get(nve);
    if (items === undefined) this.#items.set(nve, (items = new Map<string, Item>()));
    return items;
  }
}

export const payloads = (items: Iterable<Item>): string[] =>
  [...items].map((item) => `${item.key} ${JSON.stringify(item.payload)}`).sort();
