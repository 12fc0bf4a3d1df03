import type { Call } from './call.js';

const MAX_CONTEXT = 0xffff_ffff;

/**
 * Calls that VPP owes an answer, by context. Contexts are counted up through all of u32, so that one
 * is not used again for hours. A call has the place that the last bits of its context name; contexts
 * whose place is taken are left out. Nothing is allocated for a call.
 */
export class PendingCalls {
  readonly #places: (Call | undefined)[];
  readonly #mask: number;
  #size = 0;
  /** All contexts have been used at least once. */
  #wrapped = false;

  /**
   * @param atMost how many calls there may be at a time
   * @param last the context before the first one
   */
  constructor(
    atMost: number,
    private last = 0,
  ) {
    // With three places of four free, few contexts are left out.
    const places = 2 ** Math.ceil(Math.log2(atMost * 4));
    this.#places = new Array<Call | undefined>(places).fill(undefined);
    this.#mask = places - 1;
  }

  get size(): number {
    return this.#size;
  }

  get(context: number): Call | undefined {
    const call = this.#places[context & this.#mask];
    return call?.context === context ? call : undefined;
  }

  /** Gives the call a context; there must be fewer than `atMost`. */
  add(call: Call): void {
    do {
      if (this.last === MAX_CONTEXT) this.#wrapped = true;
      this.last = this.last === MAX_CONTEXT ? 1 : this.last + 1;
    } while (this.#places[this.last & this.#mask] !== undefined);
    call.context = this.last;
    this.#places[this.last & this.#mask] = call;
    this.#size++;
  }

  delete(call: Call): void {
    const place = call.context & this.#mask;
    if (this.#places[place] !== call) return;
    this.#places[place] = undefined;
    this.#size--;
  }

  /** Whether a call has ever had this context. */
  wasUsed(context: number): boolean {
    return context !== 0 && (this.#wrapped || context <= this.last);
  }

  /** In the order in which they were added. */
  all(): Call[] {
    const calls = this.#places.filter((call) => call !== undefined);
    return calls.sort((a, b) => age(this.last, b) - age(this.last, a));
  }
}

/** How many contexts ago. */
function age(last: number, { context }: Call): number {
  return (last - context) >>> 0;
}
