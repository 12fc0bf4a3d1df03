/** The transactions that are under way: not too many, and closing waits for them. */
import { NfvError } from '../../errors.js';

/** That etcd is asked for at a time; more wait. */
const MAX_RUNNING = 256;
const MAX_WAITING = 16_384;
const MAX_BYTES = 64 * 1024 * 1024;

export class Pending {
  readonly #all = new Set<Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #bytes = 0;

  /** @throws NfvError TOO_MANY_REQUESTS, what `work` throws */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING || this.#bytes + bytes > MAX_BYTES) {
      throw new NfvError('TOO_MANY_REQUESTS', 'too many transactions are waiting for etcd');
    }
    const done = this.#run(bytes, work);
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#all.add(settled);
    try {
      return await done;
    } finally {
      this.#all.delete(settled);
    }
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    while (this.#all.size > 0) await Promise.all(this.#all);
  }

  async #run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    this.#bytes += bytes;
    if (this.#running >= MAX_RUNNING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      this.#bytes -= bytes;
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
