/** Reading DER (X.690): one element after the other, nothing trusted. */
import { NfvError } from '../errors.js';

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/** The elements of `bytes`, side by side. @throws NfvError FILE_UNREADABLE */
export class DerReader {
  #at = 0;

  /** @param bytes no copy is made */
  constructor(private readonly bytes: Buffer) {}

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** The tag of the next element; undefined: there is none. */
  get nextTag(): number | undefined {
    return this.bytes[this.#at];
  }

  /** @param tag that it must have; absent: any */
  next(tag?: number): Element {
    const start = this.#at;
    const found = this.#octet();
    if (tag !== undefined && found !== tag) {
      throw malformed(`tag 0x${found.toString(16)} in place of 0x${tag.toString(16)}`);
    }
    const size = this.#length();
    const end = this.#at + size;
    if (end > this.bytes.length) throw malformed('cut short');
    const element = {
      tag: found,
      content: this.bytes.subarray(this.#at, end),
      whole: this.bytes.subarray(start, end),
    };
    this.#at = end;
    return element;
  }

  /** What is inside the next element. */
  inside(tag: number): DerReader {
    return new DerReader(this.next(tag).content);
  }

  #octet(): number {
    const octet = this.bytes[this.#at++];
    if (octet === undefined) throw malformed('cut short');
    return octet;
  }

  #length(): number {
    const first = this.#octet();
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    // Four say 4 GiB, and DER has no indefinite lengths.
    if (octets === 0 || octets > 4) throw malformed('a length that cannot be');
    let size = 0;
    for (let i = 0; i < octets; i++) size = size * 256 + this.#octet();
    return size;
  }
}

function malformed(why: string): NfvError {
  return new NfvError('FILE_UNREADABLE', `not DER: ${why}`);
}
