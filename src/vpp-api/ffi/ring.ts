/**
 * Messages from the thread that reads to the thread that uses them: one writer, one reader, shared
 * memory. A record is `length:u32 bytes`, padded to four bytes; a length of all ones says that the
 * next record is at the start.
 */

/** Words of the control block. */
const HEAD = 0;
const TAIL = 1;
const SLEEPING = 2;
const COUNT = 3;
const STOP = 4;
const CONTROL_BYTES = 64;

const WRAP = 0xffff_ffff;
const ALIGN = 4;

function padded(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN + ALIGN;
}

export class Ring {
  readonly #control: Int32Array;
  readonly #words: Uint32Array;
  readonly #capacity: number;

  /** @param bytes of the records; a multiple of 4 */
  static allocate(bytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(CONTROL_BYTES + bytes);
  }

  constructor(readonly memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.#words = new Uint32Array(memory, CONTROL_BYTES);
    this.#capacity = memory.byteLength - CONTROL_BYTES;
  }

  /** The longest message that goes through: two of them fit, so that one always finds a place. */
  get maxMessageBytes(): number {
    return this.#capacity / 2 - 2 * ALIGN;
  }

  /** Bytes from the start of `memory` to the place of record bytes. */
  static get origin(): number {
    return CONTROL_BYTES;
  }

  /** Records put in so far that are answers, mod 2^32; for the thread that sends. */
  get count(): number {
    return Atomics.load(this.#control, COUNT);
  }

  get stopped(): boolean {
    return Atomics.load(this.#control, STOP) !== 0;
  }

  /** Tells all who wait in this ring to end. */
  stop(): void {
    Atomics.store(this.#control, STOP, 1);
    Atomics.notify(this.#control, TAIL);
    Atomics.notify(this.#control, COUNT);
  }

  /** Waits until there are more than `count` answers, or `ms` have passed. Blocks. */
  waitForCount(count: number, ms: number): void {
    Atomics.wait(this.#control, COUNT, count, ms);
  }

  /**
   * Where the writer may put a message of `length` bytes; undefined: there is no room now.
   * `commit` makes it seen.
   */
  reserve(length: number): number | undefined {
    const need = padded(length);
    const head = Atomics.load(this.#control, HEAD);
    const tail = Atomics.load(this.#control, TAIL);
    if (head >= tail) {
      if (this.#capacity - head >= need + ALIGN) return head + ALIGN;
      // One word stays free, so that a full ring does not look like an empty one.
      return tail > need ? ALIGN : undefined;
    }
    return tail - head > need ? head + ALIGN : undefined;
  }

  /** The same, once the reader has made room; undefined: it has not in `ms`. Blocks. */
  reserveWithin(length: number, ms: number): number | undefined {
    const end = performance.now() + ms;
    for (;;) {
      // Before the look for room: what is taken after that must not be slept through.
      const tail = Atomics.load(this.#control, TAIL);
      const place = this.reserve(length);
      const rest = end - performance.now();
      if (place !== undefined || rest <= 0 || this.stopped) return place;
      Atomics.wait(this.#control, TAIL, tail, rest);
    }
  }

  /** @returns whether the reader sleeps and has to be woken */
  commit(place: number, length: number, isAnswer: boolean): boolean {
    const start = place - ALIGN;
    const head = Atomics.load(this.#control, HEAD);
    if (start !== head) this.#words[head / 4] = WRAP;
    this.#words[start / 4] = length;
    Atomics.store(this.#control, HEAD, start + padded(length));
    if (isAnswer) {
      Atomics.add(this.#control, COUNT, 1);
      Atomics.notify(this.#control, COUNT);
    }
    return Atomics.exchange(this.#control, SLEEPING, 0) === 1;
  }

  /**
   * Hands over up to `max` messages; each view is good until `take` returns.
   * @returns how many there were
   */
  drain(max: number, take: (message: Buffer) => void): number {
    for (let n = 0; n < max; n++) {
      const record = this.#next();
      if (record === undefined) return n;
      const { start, length } = record;
      try {
        take(Buffer.from(this.memory, CONTROL_BYTES + start + ALIGN, length));
      } finally {
        Atomics.store(this.#control, TAIL, start + padded(length));
        Atomics.notify(this.#control, TAIL);
      }
    }
    return max;
  }

  /** The reader is about to sleep. @returns false: something has come meanwhile, it must not */
  sleep(): boolean {
    Atomics.store(this.#control, SLEEPING, 1);
    const isEmpty = Atomics.load(this.#control, HEAD) === Atomics.load(this.#control, TAIL);
    if (!isEmpty) Atomics.store(this.#control, SLEEPING, 0);
    return isEmpty;
  }

  #next(): { readonly start: number; readonly length: number } | undefined {
    const head = Atomics.load(this.#control, HEAD);
    let start = Atomics.load(this.#control, TAIL);
    if (start === head) return undefined;
    if (this.#words[start / 4] === WRAP) start = 0;
    return { start, length: this.#words[start / 4] ?? 0 };
  }
}
