/** How often something happened in the last minute. */
const SECONDS = 60;

export class Rate {
  readonly #counts = new Array<number>(SECONDS).fill(0);
  #second = -Infinity;

  /** @param now monotonic milliseconds */
  add(count: number, now: number): void {
    this.#turn(now);
    const at = this.#second % SECONDS;
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  perSecond(now: number): number {
    this.#turn(now);
    return this.#counts.reduce((sum, count) => sum + count, 0) / SECONDS;
  }

  #turn(now: number): void {
    const second = Math.floor(now / 1000);
    const from = Math.max(this.#second + 1, second - SECONDS + 1);
    for (let each = from; each <= second; each++) this.#counts[each % SECONDS] = 0;
    this.#second = Math.max(second, this.#second);
  }
}
