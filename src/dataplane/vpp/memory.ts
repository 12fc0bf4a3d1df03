/**
 * The interfaces of ours by their tags, so that what refers to one need not read them all. Only
 * hints: what was written with one is read back, and VPP tells of an interface that goes.
 */
export class Memory {
  /** Indices mean something in one start of VPP. */
  #start = 0;
  readonly #indexByTag = new Map<string, number>();
  readonly #tagByIndex = new Map<number, string>();

  /** Forgets what belongs to another start of VPP. */
  enter(start: number): void {
    if (start === this.#start) return;
    this.clear();
    this.#start = start;
  }

  clear(): void {
    this.#indexByTag.clear();
    this.#tagByIndex.clear();
  }

  set(tag: string, index: number): void {
    this.forget(index);
    const before = this.#indexByTag.get(tag);
    if (before !== undefined) this.#tagByIndex.delete(before);
    this.#indexByTag.set(tag, index);
    this.#tagByIndex.set(index, tag);
  }

  forget(index: number): void {
    const tag = this.#tagByIndex.get(index);
    if (tag === undefined) return;
    this.#tagByIndex.delete(index);
    this.#indexByTag.delete(tag);
  }

  indexOf(tag: string): number | undefined {
    return this.#indexByTag.get(tag);
  }

  tagAt(index: number): string | undefined {
    return this.#tagByIndex.get(index);
  }
}
