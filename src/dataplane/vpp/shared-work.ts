/** Work that several want at the same time, of which it is enough that it is done once. */
export class SharedWork<T> {
  readonly #underWay = new Map<string, Promise<T>>();

  /** @param name what is the same work; what one waits for, all that came meanwhile get */
  do(name: string, work: () => Promise<T>): Promise<T> {
    const found = this.#underWay.get(name);
    if (found !== undefined) return found;
    const done = work().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, done);
    return done;
  }
}
