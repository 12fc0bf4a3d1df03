/**
 * Messages out of a byte stream. On VPP's API socket each message stands behind a header
 * (`msgbuf_t`, VPP src/vlibapi/api_common.h), all numbers big-endian:
 *
 *     frame   = header message
 *     header  = queue:u64 length:u32 gc_mark:u32    only `length` means anything on a socket
 *     message = id:u16 ...                          `length` bytes
 */
import { NfvError } from '../../errors.js';

export const HEADER_BYTES = 16;
const LENGTH_OFFSET = 8;
/** A message has at least its id. */
const MIN_MESSAGE_BYTES = 2;

/** Bytes of one message; the greatest seen are `cli_inband_reply` and `get_api_json_reply`, 2 MB. */
export const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Writes a frame's header; `length` is that of the message that follows. */
export function writeHeader(target: Buffer, offset: number, length: number): void {
  for (let i = offset; i < offset + HEADER_BYTES; i++) target[i] = 0;
  target[offset + LENGTH_OFFSET] = length >>> 24;
  target[offset + LENGTH_OFFSET + 1] = length >>> 16;
  target[offset + LENGTH_OFFSET + 2] = length >>> 8;
  target[offset + LENGTH_OFFSET + 3] = length;
}

/**
 * Cuts a stream into messages, wherever the stream was split. A message that lies whole in a chunk
 * is not copied; one that does not is gathered in a buffer of its own, and only one at a time, so
 * that the memory held is less than a header and one message.
 */
export class Framer {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerFilled = 0;
  #body: Buffer | undefined;
  #bodyFilled = 0;

  /**
   * @param maxMessageBytes a longer message is refused before any of it is kept
   * @param onMessage gets a view that is good until it returns
   */
  constructor(
    private readonly maxMessageBytes: number,
    private readonly onMessage: (message: Buffer) => void,
  ) {}

  /**
   * Takes the next bytes of the stream.
   * @throws NfvError VPP_PROTOCOL for a length that cannot be; the stream is of no use after that.
   *   What `onMessage` throws goes through.
   */
  push(chunk: Buffer): void {
    let offset = this.#finishBody(chunk);
    while (offset < chunk.length) {
      if (this.#headerFilled > 0 || chunk.length - offset < HEADER_BYTES) {
        offset = this.#fillHeader(chunk, offset);
        continue;
      }
      const length = this.#checked(chunk.readUInt32BE(offset + LENGTH_OFFSET));
      offset = this.#takeBody(chunk, offset + HEADER_BYTES, length);
    }
  }

  /** Whether the stream stands between two frames, as it must when it ends in good order. */
  get atBoundary(): boolean {
    return this.#headerFilled === 0 && this.#body === undefined;
  }

  #fillHeader(chunk: Buffer, start: number): number {
    const copied = chunk.copy(this.#header, this.#headerFilled, start);
    this.#headerFilled += copied;
    if (this.#headerFilled < HEADER_BYTES) return start + copied;
    this.#headerFilled = 0;
    const length = this.#checked(this.#header.readUInt32BE(LENGTH_OFFSET));
    return this.#takeBody(chunk, start + copied, length);
  }

  /** A body that starts in the chunk: handed on if it is whole, else kept. */
  #takeBody(chunk: Buffer, start: number, length: number): number {
    const end = start + length;
    if (end <= chunk.length) {
      this.onMessage(chunk.subarray(start, end));
      return end;
    }
    // Pages of it are touched only as bytes arrive: a length that lies costs no memory.
    this.#body = Buffer.allocUnsafeSlow(length);
    this.#bodyFilled = chunk.copy(this.#body, 0, start);
    return chunk.length;
  }

  #finishBody(chunk: Buffer): number {
    const body = this.#body;
    if (body === undefined) return 0;
    const copied = chunk.copy(body, this.#bodyFilled);
    this.#bodyFilled += copied;
    if (this.#bodyFilled < body.length) return copied;
    this.#body = undefined;
    this.onMessage(body);
    return copied;
  }

  #checked(length: number): number {
    if (length >= MIN_MESSAGE_BYTES && length <= this.maxMessageBytes) return length;
    throw new NfvError(
      'VPP_PROTOCOL',
      `a frame of ${length} bytes; it must be ${MIN_MESSAGE_BYTES} to ${this.maxMessageBytes}`,
    );
  }
}
