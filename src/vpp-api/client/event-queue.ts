import type { NfvError } from '../../errors.js';
import type { Reply } from './reply-call.js';

/** What a subscription brings. */
export type VppEvent =
  | { readonly kind: 'event'; readonly name: string; readonly fields: Reply }
  /**
   * Events may have been missed: so many for want of room, or (`reconnected`) as many as there were
   * while there was no connection. What they tell of must be read anew.
   */
  | { readonly kind: 'gap'; readonly reason: 'overflow' | 'reconnected'; readonly dropped: number };

/** Events waiting for their reader, so many at most: further ones are counted and dropped. */
export class EventQueue {
  readonly #items: VppEvent[] = [];
  #dropped = 0;
  #error: NfvError | undefined;
  #over = false;
  #wakes: (() => void)[] = [];

  constructor(private readonly capacity: number) {}

  push(name: string, fields: Reply): void {
    // Once some were dropped the rest waits for the gap to be told.
    if (this.#items.length >= this.capacity || this.#dropped > 0) this.#dropped++;
    else this.#items.push({ kind: 'event', name, fields });
    this.#changed();
  }

  /** All that is still there is older than the gap. */
  reconnected(): void {
    this.#items.splice(0);
    this.#dropped = 0;
    this.#items.push({ kind: 'gap', reason: 'reconnected', dropped: 0 });
    this.#changed();
  }

  end(error?: NfvError): void {
    this.#over = true;
    this.#error = error;
    this.#changed();
  }

  /** What is there and comes; of several readers each event has one. */
  async *read(): AsyncGenerator<VppEvent, void, undefined> {
    for (;;) {
      const next = this.#next();
      if (next !== undefined) {
        yield next;
        continue;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#over) return;
      await new Promise<void>((resolve) => {
        this.#wakes.push(resolve);
      });
    }
  }

  #next(): VppEvent | undefined {
    const item = this.#items.shift();
    if (item !== undefined || this.#dropped === 0) return item;
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { kind: 'gap', reason: 'overflow', dropped };
  }

  #changed(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}
