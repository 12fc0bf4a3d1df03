import type { Fields } from '../codec/codec.js';
import type { Link } from '../transport/transport.js';
import { HEADER_BYTES, writeHeader } from '../wire/framer.js';
import type { Bound } from './binding.js';

/** Bytes of a chunk. */
const CHUNK_BYTES = 64 * 1024;
const MAX_FREE_CHUNKS = 16;

/**
 * Frames on their way out. They are written straight into a chunk, and all that is written in one
 * turn of the event loop goes to the link in one batch. Chunks are used again once the link has
 * passed them on.
 */
export class Outbox {
  readonly #free: Buffer[] = [];
  #chunk: Buffer | undefined;
  #filled = 0;
  #scheduled = false;

  constructor(private readonly link: Link) {}

  /** Adds a message whose fields were checked just now; `size` is what the check answered. */
  add({ id, codec }: Bound, size: number, context: number, fields: Fields): void {
    const chunk = this.#room(HEADER_BYTES + size);
    writeHeader(chunk, this.#filled, size);
    codec.write(chunk, this.#filled + HEADER_BYTES, id, this.link.clientIndex, context, fields);
    this.#added(HEADER_BYTES + size);
  }

  /** Adds a frame that stands ready. */
  addFrame(frame: Buffer): void {
    const chunk = this.#room(frame.length);
    frame.copy(chunk, this.#filled);
    this.#added(frame.length);
  }

  /** Hands over what there is. */
  flush(): void {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    this.#chunk = undefined;
    this.link.send(chunk.subarray(0, this.#filled), () => {
      if (chunk.length === CHUNK_BYTES && this.#free.length < MAX_FREE_CHUNKS) {
        this.#free.push(chunk);
      }
    });
  }

  /** A chunk that has so many bytes free from `#filled` on. */
  #room(bytes: number): Buffer {
    if (this.#chunk !== undefined && this.#filled + bytes <= this.#chunk.length) return this.#chunk;
    this.flush();
    this.#filled = 0;
    this.#chunk =
      bytes > CHUNK_BYTES
        ? Buffer.allocUnsafeSlow(bytes)
        : (this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES));
    return this.#chunk;
  }

  #added(bytes: number): void {
    this.#filled += bytes;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the promises that the present turn settles, whose owners may have more to send.
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
