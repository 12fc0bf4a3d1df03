/** name -> keys; names without keys take no room. */
export class IndexOfSets {
  readonly #sets = new Map<string, Set<string>>();

  add(name: string, key: string): void {
    const keys = this.#sets.get(name);
    if (keys === undefined) this.#sets.set(name, new Set([key]));
    else keys.add(key);
  }

  delete(name: string, key: string): void {
    const keys = this.#sets.get(name);
    if (keys?.delete(key) === true && keys.size === 0) this.#sets.delete(name);
  }

  get(name: string): Iterable<string> {
    return this.#sets.get(name) ?? [];
  }
}
