/** Waiting until a revision has been reached. */
export class Revisions {
  #reached = 0;
  readonly #waiting = new Set<{ readonly revision: number; readonly done: () => void }>();

  advance(revision: number): void {
    this.#reached = Math.max(this.#reached, revision);
    for (const waiter of this.#waiting) if (waiter.revision <= this.#reached) waiter.done();
  }

  /** Resolves when `revision` has been reached, or one of the signals aborts. */
  reached(revision: number, ...signals: readonly AbortSignal[]): Promise<void> {
    if (revision <= this.#reached || signals.some(({ aborted }) => aborted)) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(waiter);
        for (const signal of signals) signal.removeEventListener('abort', done);
        resolve();
      };
      const waiter = { revision, done };
      this.#waiting.add(waiter);
      for (const signal of signals) signal.addEventListener('abort', done, { once: true });
    });
  }
}
