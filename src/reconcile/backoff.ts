/** When a failed item is tried again. */
export interface BackoffOptions {
  /** Wait after the first failure, in ms; it doubles with each further one. */
  readonly initialMs: number;
  readonly maxMs: number;
  /** 0-1: the part of a wait that is left to chance, so that many do not come at once. */
  readonly jitter: number;
}

/** Milliseconds to wait after so many failures; never more than `maxMs`. `random` gives [0, 1). */
export function backoffMs(failures: number, options: BackoffOptions, random: () => number): number {
  const doubled = options.initialMs * 2 ** Math.min(Math.max(failures - 1, 0), 30);
  return Math.min(options.maxMs, doubled) * (1 - options.jitter * random());
}

/** Keys with times, in slots of `slotMs`, so that many at about the same time are one pass. */
export class RetryQueue {
  readonly #slots = new Map<number, Set<string>>();
  readonly #slotOf = new Map<string, number>();

  constructor(private readonly slotMs: number) {}

  /** Replaces an earlier time of the key. */
  set(key: string, at: number): void {
    this.delete(key);
    const slot = Math.ceil(at / this.slotMs);
    this.#slotOf.set(key, slot);
    const keys = this.#slots.get(slot);
    if (keys === undefined) this.#slots.set(slot, new Set([key]));
    else keys.add(key);
  }

  delete(key: string): void {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return;
    this.#slotOf.delete(key);
    const keys = this.#slots.get(slot);
    keys?.delete(key);
    if (keys?.size === 0) this.#slots.delete(slot);
  }

  /** The time a key waits for; undefined: it does not wait. */
  at(key: string): number | undefined {
    const slot = this.#slotOf.get(key);
    return slot === undefined ? undefined : slot * this.slotMs;
  }

  get size(): number {
    return this.#slotOf.size;
  }

  /** The earliest time. */
  get next(): number | undefined {
    let first: number | undefined;
    for (const slot of this.#slots.keys()) first = Math.min(slot, first ?? slot);
    return first === undefined ? undefined : first * this.slotMs;
  }

  /** Takes out the keys whose time has come. */
  take(now: number): string[] {
    const due = [...this.#slots].filter(([slot]) => slot * this.slotMs <= now);
    const keys = due.flatMap(([, slotKeys]) => [...slotKeys]);
    for (const key of keys) this.delete(key);
    return keys;
  }
}
