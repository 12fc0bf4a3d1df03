/** How many message ids there can be. */
const IDS = 0x1_0000;
const ANSWER = 1;
const UNANSWERED = 2;

/**
 * Which messages, by id, end an answer and which get none, so that both threads can count what VPP
 * owes: each request has one `_reply`, but a `_dump`, behind which goes a control_ping that has.
 * Shared; written by the thread that looks ids up, before the first of them is used.
 */
export class Marks {
  readonly #marks: Uint8Array;

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(IDS);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#marks = new Uint8Array(memory);
  }

  /** @param key `name_crc` */
  learn(key: string, id: number): void {
    if (/_reply_[^_]*$/.test(key)) this.#marks[id] = ANSWER;
    else if (/_dump_[^_]*$/.test(key)) this.#marks[id] = UNANSWERED;
  }

  /** VPP owes one answer less after this message of it. */
  isAnswer(id: number): boolean {
    return this.#marks[id] === ANSWER;
  }

  /** VPP owes one answer more after this message of ours. */
  hasAnswer(id: number): boolean {
    return this.#marks[id] === 0;
  }
}
