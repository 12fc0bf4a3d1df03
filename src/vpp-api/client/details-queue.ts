import type { NfvError } from '../../errors.js';
import type { Timers } from '../timers.js';
import type { Reply } from './reply-call.js';
import type { StreamSink } from './stream-call.js';

/** Details waiting for their reader from which on no more are taken from VPP, and below which again. */
const HIGH = 4096;
const LOW = 1024;

/** Stops what comes from VPP, and lets it come again; each `hold` is undone by one `letGo`. */
export interface Flow {
  hold(): void;
  letGo(): void;
}

/** Details between VPP and a reader that takes them one by one, at its own speed. */
export class DetailsQueue implements StreamSink {
  #items: Reply[] = [];
  #taken = 0;
  #reply: Reply | undefined;
  #error: NfvError | undefined;
  #held = false;
  #wake: (() => void) | undefined;
  /** When something came or was taken last. */
  #touched: number;

  /** @param patienceMs the longest time between two things that come, or two that are taken */
  constructor(
    private readonly flow: Flow,
    private readonly timers: Timers,
    private readonly patienceMs: number,
  ) {
    this.#touched = timers.monotonic();
  }

  details(fields: Reply): void {
    this.#items.push(fields);
    this.#touched = this.timers.monotonic();
    if (!this.#held && this.#size >= HIGH) {
      this.#held = true;
      this.flow.hold();
    }
    this.#changed();
  }

  end(reply: Reply): void {
    this.#reply = reply;
    this.#release();
    this.#changed();
  }

  fail(error: NfvError): void {
    this.#error = error;
    this.#release();
    this.#changed();
  }

  moreTime(): number | undefined {
    const rest = this.#touched + this.patienceMs - this.timers.monotonic();
    return rest > 0 ? rest : undefined;
  }

  /**
   * The details, and at last the reply.
   * @throws NfvError what the stream ended with, after the details that came before
   */
  async *read(): AsyncGenerator<Reply, Reply, undefined> {
    try {
      for (;;) {
        const item = this.#shift();
        if (item !== undefined) {
          yield item;
          continue;
        }
        if (this.#error !== undefined) throw this.#error;
        if (this.#reply !== undefined) return this.#reply;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#release();
    }
  }

  get #size(): number {
    return this.#items.length - this.#taken;
  }

  #shift(): Reply | undefined {
    const item = this.#items[this.#taken];
    if (item === undefined) return undefined;
    this.#touched = this.timers.monotonic();
    this.#taken++;
    if (this.#taken === LOW || this.#taken === this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    if (this.#size <= LOW) this.#release();
    return item;
  }

  #release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.flow.letGo();
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
