/**
 * One admission of an NVE at a time, in the order in which its agent's streams come to it: so is the order of their
 * claims, and what one stream says of its host is not stored over what a later one says.
 */
export class Admissions {
  /** By NVE, the last in the queue; resolves when that is over, however it ended. */
  readonly #last = new Map<string, Promise<void>>();

  /**
   * @param signal of the stream: one that goes while it waits is not admitted
   * @throws what `admit` throws, or the signal's reason
   */
  run<T>(nve: string, signal: AbortSignal, admit: () => Promise<T>): Promise<T> {
    const before = this.#last.get(nve) ?? Promise.resolve();
    const admitted = before.then(() => {
      signal.throwIfAborted();
      return admit();
    });
    const over = admitted.then(nothing, nothing).then(() => {
      if (this.#last.get(nve) === over) this.#last.delete(nve);
    });
    this.#last.set(nve, over);
    return admitted;
  }
}

/** How it ended is told to whoever it is for. */
function nothing(): void {
  return undefined;
}
