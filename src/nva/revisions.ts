/** Waiting until a revision has been reached. */
export class Revisions {
  #reached = 0;
  readonly #waiting = new Set<{ readonly revision: number; readonly done: () => void }>();

  advance(revision: number): void {
    this.#reached = Math.max(this.#reached, revision);
    for (const waiter of this.#waiting) if (waiter.revision <= this.#reached) waiter.done();
  }

  /** Resolves when `revision` has been reached, or the signal aborts. */
  reached(revision: number, signal: AbortSignal): Promise<void> {
    if (revision <= this.#reached || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(waiter);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const waiter = { revision, done };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
