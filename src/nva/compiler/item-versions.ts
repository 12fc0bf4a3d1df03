import type { Item } from '../../model/item.js';
import type { CompileIndex } from './compile-index.js';

const NO_ITEMS: ReadonlyMap<string, Item> = new Map();

/**
 * Versions of items as an NVE should have them now, by key; of others undefined. What is asked of one is often
 * asked of others at the same moment: it is compiled once for all of them.
 */
export function itemVersions(
  index: CompileIndex,
  nve: string,
): (key: string) => string | undefined {
  let known = { version: -1, items: NO_ITEMS };
  return (key) => {
    if (known.version !== index.version) {
      known = { version: index.version, items: index.full(nve) };
    }
    return known.items.get(key)?.version;
  };
}
