import { NfvError } from '../../errors.js';
import type { Fields } from '../codec/codec.js';
import type { Link } from '../transport/transport.js';
import { HEADER_BYTES, writeHeader } from '../wire/framer.js';
import type { Bound } from './binding.js';

/** Bytes of a chunk. */
const CHUNK_BYTES = 64 * 1024;
/** What nearly all messages have less of in lists and strings. */
const USUAL_MORE_BYTES = 512;
const MAX_FREE_CHUNKS = 16;

interface Chunk {
  readonly bytes: Buffer;
  /** Batches in it that the link has not passed on yet. */
  lent: number;
}

/**
 * Frames on their way out. They are written straight into a chunk, and all that is written in one
 * turn of the event loop goes to the link in one batch; the next one goes behind it. A chunk is
 * written anew once the link has passed on all that was in it: nothing is allocated while the link
 * keeps up.
 */
export class Outbox {
  readonly #free: Chunk[] = [];
  #chunk: Chunk = { bytes: Buffer.alloc(0), lent: 0 };
  /** Where the batch begins that is being written, and where its next frame goes. */
  #start = 0;
  #end = 0;
  #scheduled = false;

  constructor(private readonly link: Pick<Link, 'clientIndex' | 'send'>) {}

  /**
   * Adds a message.
   * @throws NfvError VPP_FIELD_INVALID, and adds nothing
   */
  add({ id, codec }: Bound, context: number, fields: Fields): void {
    const { clientIndex } = this.link;
    let bytes = this.#room(HEADER_BYTES + codec.minimum + USUAL_MORE_BYTES);
    let end = codec.put(bytes, this.#end + HEADER_BYTES, id, clientIndex, context, fields);
    if (end < 0) {
      bytes = this.#room(HEADER_BYTES + codec.check(fields));
      end = codec.put(bytes, this.#end + HEADER_BYTES, id, clientIndex, context, fields);
    }
    if (end < 0) throw new NfvError('INTERNAL', `${codec.name} does not fit into its size`);
    writeHeader(bytes, this.#end, end - this.#end - HEADER_BYTES);
    this.#added(end - this.#end);
  }

  /** Adds a frame that stands ready. */
  addFrame(frame: Buffer): void {
    frame.copy(this.#room(frame.length), this.#end);
    this.#added(frame.length);
  }

  /** Hands over what there is. */
  flush(): void {
    if (this.#end === this.#start) return;
    const chunk = this.#chunk;
    const batch = chunk.bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    chunk.lent++;
    this.link.send(batch, () => {
      chunk.lent--;
      if (chunk.lent === 0) this.#returned(chunk);
    });
  }

  /** Bytes that have so many free from `#end` on. */
  #room(bytes: number): Buffer {
    if (this.#end + bytes > this.#chunk.bytes.length) {
      this.flush();
      this.#chunk =
        bytes > CHUNK_BYTES ? newChunk(bytes) : (this.#free.pop() ?? newChunk(CHUNK_BYTES));
      this.#start = 0;
      this.#end = 0;
    }
    return this.#chunk.bytes;
  }

  #returned(chunk: Chunk): void {
    if (chunk !== this.#chunk) {
      const isUsual = chunk.bytes.length === CHUNK_BYTES;
      if (isUsual && this.#free.length < MAX_FREE_CHUNKS) this.#free.push(chunk);
    } else if (this.#end === this.#start) {
      this.#start = 0;
      this.#end = 0;
    }
  }

  #added(bytes: number): void {
    this.#end += bytes;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the promises that the present turn settles, whose owners may have more to send.
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}

function newChunk(bytes: number): Chunk {
  return { bytes: Buffer.allocUnsafeSlow(bytes), lent: 0 };
}
