/** The baseline: a bare socket that sends frames made beforehand and only counts what comes back. */
import { connect, type Socket } from 'node:net';
import {
  decodeSockclntCreateReply,
  encodeSockclntCreate,
  type Registration,
} from '../src/vpp-api/wire/handshake.js';

const HEADER_BYTES = 16;
/** Context of a ping behind frames that have others. */
const LAST = 0xffff_fffe;
const READ_BYTES = 256 * 1024;

/** Frames of one size, one behind the other, ready to be sent. */
export interface Frames {
  readonly bytes: Buffer;
  readonly size: number;
}

export function pingFrames(count: number, registration: Registration): Frames {
  const frame = pingFrame(registration);
  return { bytes: Buffer.concat(Array<Buffer>(count).fill(frame)), size: frame.length };
}

function pingFrame({ messageTable, clientIndex }: Registration, context = 0): Buffer {
  const ping = Buffer.alloc(10);
  ping.writeUInt16BE(messageTable.get('control_ping_51077d14') ?? 0);
  ping.writeUInt32BE(clientIndex, 2);
  ping.writeUInt32BE(context, 6);
  return framed(ping);
}

export function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + message.length);
  frame.writeUInt32BE(message.length, 8);
  message.copy(frame, HEADER_BYTES);
  return frame;
}

/** One connection. It knows nothing of messages but where they end. */
export class RawLoop {
  readonly #socket: Socket;
  #left = Buffer.alloc(0);
  /** Is told of each frame, and where its message begins. */
  #onFrame: (bytes: Buffer, at: number) => void = () => undefined;
  #onFrames: (count: number, first: Buffer) => void = () => undefined;
  registration: Registration = { messageTable: new Map(), clientIndex: 0 };

  private constructor(path: string) {
    this.#socket = connect({
      path,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (bytes, buffer) => {
          this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
          return true;
        },
      },
    });
  }

  static async connect(path: string): Promise<RawLoop> {
    const raw = new RawLoop(path);
    await new Promise<void>((resolve) => {
      raw.#onFrames = (_, first) => {
        raw.registration = decodeSockclntCreateReply(Buffer.from(first), 1);
        resolve();
      };
      raw.#socket.write(framed(encodeSockclntCreate('raw', 1)));
    });
    return raw;
  }

  /** Sends all frames, `window` of them on their way at most; settles with the last reply. */
  run({ bytes, size }: Frames, window: number): Promise<void> {
    const total = bytes.length / size;
    return new Promise((resolve) => {
      let sent = 0;
      let done = 0;
      const send = (count: number): void => {
        const end = Math.min(sent + count, total);
        if (end > sent) this.#socket.write(bytes.subarray(sent * size, end * size));
        sent = end;
      };
      this.#onFrames = (count) => {
        done += count;
        send(count);
        if (done >= total) resolve();
      };
      send(window);
    });
  }

  /**
   * Sends frames that another connection has sent, which VPP takes as it can, and a ping behind them;
   * settles with the answer to that, since VPP answers in order. How many messages come back is not
   * always the same: events of several changes come as one or as several.
   */
  replay(frames: Buffer): Promise<void> {
    const { clientIndex, messageTable } = this.registration;
    const own = Buffer.concat([frames, pingFrame(this.registration, LAST)]);
    for (let at = 0; at < own.length; at += HEADER_BYTES + own.readUInt32BE(at + 8)) {
      own.writeUInt32BE(clientIndex, at + HEADER_BYTES + 2);
    }
    const answer = messageTable.get('control_ping_reply_f6b0b8ca') ?? 0;
    return new Promise((resolve) => {
      this.#onFrames = () => undefined;
      this.#onFrame = (bytes, at) => {
        if (bytes.readUInt16BE(at) === answer && bytes.readUInt32BE(at + 2) === LAST) resolve();
      };
      this.#socket.write(own);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    let offset = 0;
    let count = 0;
    let first = bytes;
    while (bytes.length - offset >= HEADER_BYTES) {
      const end = offset + HEADER_BYTES + bytes.readUInt32BE(offset + 8);
      if (end > bytes.length) break;
      this.#onFrame(bytes, offset + HEADER_BYTES);
      if (count++ === 0) first = bytes.subarray(HEADER_BYTES, end);
      offset = end;
    }
    this.#left = offset === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(offset));
    if (count > 0) this.#onFrames(count, first);
  }
}
