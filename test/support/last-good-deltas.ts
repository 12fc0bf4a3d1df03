/** A series of deltas, small and large, and what a configuration is after each of them. */
import type { Item } from '../../src/model/item.js';
import type { Delta } from '../../src/model/southbound.js';
import { delta } from './agent-rig.js';
import { behind, itemOf, macEntry } from './items.js';

const ITEMS = 600;

const hex = (n: number): string => n.toString(16).padStart(2, '0');
const item = (n: number, remote: string): Item =>
  itemOf(macEntry(10, `02:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`, behind(remote)));

/** The n-th of them, from 1; its revision is n. */
export function deltaOf(n: number): Delta {
  const remote = `10.0.1.${(n % 2) + 1}`;
  const count = n % 3 === 0 ? 400 : 3;
  const changed = new Set(Array.from({ length: count }, (_, i) => (n * 37 + i) % ITEMS));
  const removes = Array.from({ length: 40 }, (_, i) => (n * 53 + 7 * i) % ITEMS);
  return delta(
    [...changed].map((k) => item(k, remote)),
    {
      revision: n,
      removes: removes.filter((k) => !changed.has(k)).map((k) => item(k, remote).key),
    },
  );
}

/** Versions by key after the n-th. */
export function contentAfter(n: number): ReadonlyMap<string, string> {
  const content = new Map<string, string>();
  for (let i = 1; i <= n; i++) {
    const { upserts, removes } = deltaOf(i);
    for (const { key, version } of upserts) content.set(key, version);
    for (const key of removes) content.delete(key);
  }
  return content;
}
