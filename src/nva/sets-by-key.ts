/** Sets of names by a key; no empty ones stay. */
type SetsByKey = Map<string, Set<string>>;

export function removeFrom(sets: SetsByKey, key: string, name: string): void {
  const set = sets.get(key);
  set?.delete(name);
  if (set?.size === 0) sets.delete(key);
}

export function addTo(sets: SetsByKey, key: string, name: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([name]));
  else set.add(name);
}
