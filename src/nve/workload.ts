/** Whether an agent has much to do, for whoever makes room for that. */

/** From so many items on; an attach is two or three. */
const MANY = 256;

export class Workload {
  #isMuch = false;

  /** @param changed is told when it is another thing */
  constructor(private readonly changed: (isMuch: boolean) => void = () => undefined) {}

  /** So many items are to be looked at or changed. @param more follows at once */
  coming(items: number, more = false): void {
    if (more || items >= MANY) this.#is(true);
  }

  /** All of them have been tried. */
  done(): void {
    this.#is(false);
  }

  #is(isMuch: boolean): void {
    if (this.#isMuch === isMuch) return;
    this.#isMuch = isMuch;
    this.changed(isMuch);
  }
}
