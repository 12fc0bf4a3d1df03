/** One client's connection, seen from VPP's side: frames in, frames out. */
import type { Socket } from 'node:net';

/** `msgbuf_t`: a pointer, the length, a time stamp; VPP fills in what it has at hand. */
const HEADER = 16;

/** What goes wrong on the way out, on demand. */
export interface Faults {
  /** What is sent instead of a message: none, it, or several. Default: it. */
  readonly replace?: (message: Buffer, name: string) => readonly Buffer[];
  /** How many bytes the next write has; default: all that there are. */
  readonly cut?: () => number;
  /** The connection is closed once so many bytes went out. */
  readonly closeAfter?: number;
}

export class Peer {
  #input = Buffer.alloc(0);
  #output = Buffer.alloc(0);
  #sent = 0;
  #writing = false;
  faults: Faults = {};

  constructor(
    readonly socket: Socket,
    readonly clientIndex: number,
    onMessage: (message: Buffer) => void,
  ) {
    socket.on('data', (chunk) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      for (;;) {
        if (this.#input.length < HEADER) return;
        const end = HEADER + this.#input.readUInt32BE(8);
        if (this.#input.length < end) return;
        const message = this.#input.subarray(HEADER, end);
        this.#input = this.#input.subarray(end);
        onMessage(message);
      }
    });
    // A client that goes away while it is written to.
    socket.on('error', () => undefined);
  }

  send(message: Buffer, name: string): void {
    for (const each of this.faults.replace?.(message, name) ?? [message])
      this.sendRaw(framed(each));
  }

  /** Bytes as they are, framed or not. */
  sendRaw(bytes: Buffer): void {
    if (this.faults.cut === undefined && this.faults.closeAfter === undefined) {
      if (!this.#writing) {
        this.socket.write(bytes);
        return;
      }
    }
    this.#output = Buffer.concat([this.#output, bytes]);
    if (this.#writing) return;
    this.#writing = true;
    this.#writeSome();
  }

  /** One write, then the event loop's turn, so that the reader sees it by itself. */
  #writeSome(): void {
    const { cut, closeAfter = Infinity } = this.faults;
    const left = closeAfter - this.#sent;
    const size = Math.min(cut?.() ?? this.#output.length, this.#output.length, left);
    this.#sent += size;
    if (size > 0) this.socket.write(this.#output.subarray(0, size));
    this.#output = this.#output.subarray(size);
    if (this.#sent >= closeAfter) {
      this.socket.end();
      return;
    }
    if (this.#output.length === 0) {
      this.#writing = false;
      return;
    }
    setImmediate(() => {
      this.#writeSome();
    });
  }
}

export function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(HEADER + message.length, 0xa5);
  frame.writeUInt32BE(message.length, 8);
  message.copy(frame, HEADER);
  return frame;
}
