import type { Item } from '../../model/item.js';
import type { CompileIndex } from './compile-index.js';

/**
 * Versions of items as an NVE should have them now, by key; of others undefined. It has to be compiled for that: what
 * is asked of one is often asked of others in the same turn of the event loop, so long it is kept.
 */
export function itemVersions(
  index: CompileIndex,
  nve: string,
): (key: string) => string | undefined {
  let known: { readonly version: number; readonly items: ReadonlyMap<string, Item> } | undefined;
  return (key) => {
    if (known?.version !== index.version) {
      known = { version: index.version, items: index.full(nve) };
      setImmediate(() => (known = undefined));
    }
    return known.items.get(key)?.version;
  };
}
