/** Pieces of work of which those with the same name are done one after the other, in the order in which they come. */
export class OneByOne {
  /** By name, the last in the queue; resolves when that is over, however it ended. */
  readonly #last = new Map<string, Promise<void>>();

  /** @throws what `work` throws */
  do<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const done = before.then(work);
    const over = done.then(nothing, nothing).then(() => {
      if (this.#last.get(name) === over) this.#last.delete(name);
    });
    this.#last.set(name, over);
    return done;
  }
}

/** How it ended is told to whoever it is for. */
function nothing(): void {
  return undefined;
}
