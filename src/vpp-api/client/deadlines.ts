import type { Timers } from '../timers.js';

/** Milliseconds between two looks; a deadline fires at most so late. */
const TICK_MS = 16;
const SLOTS = 256;

/** Something with a deadline. The links are the wheel's own. */
export abstract class Timed {
  /** In the wheel's ticks; undefined: it is in no wheel. */
  expiresAt: number | undefined;
  next: Timed | undefined;
  previous: Timed | undefined;

  /** Its time is up; it is in the wheel no more. */
  abstract expired(): void;
}

/**
 * Deadlines by the hundred thousand a second, nearly all of which never come: a hashed timing wheel
 * (Varghese and Lauck 1987, scheme 6). To add and to remove cost a few assignments and no memory,
 * and one timer runs while anything is in it.
 */
export class Deadlines {
  readonly #slots = new Array<Timed | undefined>(SLOTS).fill(undefined);
  #size = 0;
  /** Ticks that were looked at. */
  #now = 0;
  #startedAt = 0;
  #running = false;
  #late = false;

  constructor(private readonly timers: Timers) {}

  get size(): number {
    return this.#size;
  }

  /** `expired` is called once `ms` are over, unless it is removed before. */
  add(timed: Timed, ms: number): void {
    if (!this.#running) this.#start();
    const elapsed = this.timers.monotonic() - this.#startedAt;
    timed.expiresAt = Math.ceil((elapsed + ms) / TICK_MS);
    // What is due in the tick that was just looked at waits for the next.
    if (timed.expiresAt <= this.#now) timed.expiresAt = this.#now + 1;
    const slot = timed.expiresAt % SLOTS;
    const head = this.#slots[slot];
    timed.next = head;
    if (head !== undefined) head.previous = timed;
    this.#slots[slot] = timed;
    this.#size++;
  }

  /** Nothing happens if it is not in. */
  remove(timed: Timed): void {
    if (timed.expiresAt === undefined) return;
    const { next, previous } = timed;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else this.#slots[timed.expiresAt % SLOTS] = next;
    timed.expiresAt = undefined;
    timed.next = undefined;
    timed.previous = undefined;
    this.#size--;
  }

  #start(): void {
    this.#startedAt = this.timers.monotonic();
    this.#now = 0;
    this.#late = false;
    this.#running = true;
    this.#arm();
  }

  #arm(): void {
    this.timers.after(TICK_MS, () => {
      this.#look();
    });
  }

  #look(): void {
    const due = Math.floor((this.timers.monotonic() - this.#startedAt) / TICK_MS);
    // When this process itself was held up, answers may lie unread: they come first.
    if (due - this.#now > 2 && !this.#late) this.#late = true;
    else {
      this.#late = false;
      this.#expire(due);
    }
    if (this.#size > 0) this.#arm();
    else this.#running = false;
  }

  #expire(due: number): void {
    const from = Math.max(this.#now + 1, due - SLOTS + 1);
    this.#now = due;
    const over: Timed[] = [];
    for (let tick = from; tick <= due; tick++) {
      for (let timed = this.#slots[tick % SLOTS]; timed !== undefined; timed = timed.next) {
        if (timed.expiresAt !== undefined && timed.expiresAt <= due) over.push(timed);
      }
    }
    for (const timed of over) {
      // Another one's `expired` may have removed it.
      if (timed.expiresAt === undefined) continue;
      this.remove(timed);
      timed.expired();
    }
  }
}
