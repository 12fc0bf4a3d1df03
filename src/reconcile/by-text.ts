/** Order by code units: the same on every machine, unlike a locale's. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Entries in order of their keys; there is no undefined value. */
export function inKeyOrder<V>(entries: ReadonlyMap<string, V>): [string, V][] {
  const sorted: [string, V][] = [];
  // Without a comparator: by code units too, and much faster.
  for (const key of [...entries.keys()].sort()) {
    const value = entries.get(key);
    if (value !== undefined) sorted.push([key, value]);
  }
  return sorted;
}
