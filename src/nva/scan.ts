import type { Store } from '../store/store.js';

const CHUNK = 500;

/** What follows `prefix` in each key that has it, in order, read in bounded chunks. */
export async function* scanIds(store: Store, prefix: string): AsyncGenerator<string> {
  let after = prefix;
  for (;;) {
    const { kvs, more } = await store.range({ prefix, after, limit: CHUNK });
    for (const { key } of kvs) yield key.slice(prefix.length);
    const last = kvs.at(-1);
    if (!more || last === undefined) return;
    after = last.key;
  }
}
