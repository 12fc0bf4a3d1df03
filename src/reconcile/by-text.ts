/** Order by code units: the same on every machine, unlike a locale's. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Entries in order of their keys. */
export function inKeyOrder<V>(entries: Iterable<readonly [string, V]>): [string, V][] {
  return [...entries]
    .map(([key, value]): [string, V] => [key, value])
    .sort(([a], [b]) => byText(a, b));
}
