import { NfvError } from '../errors.js';
import { EXIT, exitCodeOf, exitCodeOfAll } from './exit-codes.js';
import { inOrder } from './in-order.js';

/** Resources that are worked on at once. */
const WINDOW = 32;

export type Outcome<T, R> =
  { readonly item: T; readonly result: R } | { readonly item: T; readonly error: NfvError };

type Tried<R> = { readonly result: R } | { readonly error: NfvError } | 'not tried';

/**
 * The same work on many resources. One that fails does not keep the others from being done, but
 * with the NVA lost there is no point in going on.
 */
export class Batch {
  readonly #errors: NfvError[] = [];
  #notTried = 0;
  #lost = false;

  /** @param signal ends it: `run` throws */
  constructor(private readonly signal: AbortSignal) {}

  /** How many were not done. */
  get failed(): number {
    return this.#errors.length + this.#notTried;
  }

  get exitCode(): number {
    return exitCodeOfAll(this.#errors);
  }

  /** What came of each, in order; that the NVA is lost is told once. */
  async *run<T, R>(
    items: readonly T[],
    work: (item: T) => Promise<R>,
  ): AsyncGenerator<Outcome<T, R>> {
    const results = inOrder(items, WINDOW, async (item) => ({
      item,
      tried: await this.#try(item, work),
    }));
    for await (const { item, tried } of results) {
      this.signal.throwIfAborted();
      if (tried === 'not tried') {
        this.#notTried++;
      } else if ('result' in tried) {
        yield { item, result: tried.result };
      } else if (this.#isNews(tried.error)) {
        yield { item, error: tried.error };
      }
    }
  }

  async #try<T, R>(item: T, work: (item: T) => Promise<R>): Promise<Tried<R>> {
    if (this.#lost) return 'not tried';
    try {
      return { result: await work(item) };
    } catch (thrown) {
      return { error: NfvError.from(thrown) };
    }
  }

  #isNews(error: NfvError): boolean {
    this.#errors.push(error);
    if (exitCodeOf(error) !== EXIT.unreachable.code) return true;
    const isFirst = !this.#lost;
    this.#lost = true;
    return isFirst;
  }
}
