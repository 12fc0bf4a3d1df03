/** Jobs that run one after the other, none after `signal` is aborted. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;

  /** `whenIdle` is called after each job that no other follows at once. */
  constructor(
    private readonly signal: AbortSignal,
    private readonly whenIdle: () => void,
  ) {}

  /** Jobs that run or wait. */
  get count(): number {
    return this.#count;
  }

  /** Runs `job` after those before it. @throws what it throws, or the reason of the signal. */
  async take<T>(job: () => T | Promise<T>): Promise<T> {
    this.#count++;
    const turn = this.#last.then(() => {
      this.signal.throwIfAborted();
      return job();
    });
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#count--;
      if (this.#count === 0) this.whenIdle();
    }
  }

  /** Resolves when all that was begun is over. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
