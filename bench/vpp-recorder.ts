/** A transport that keeps what goes to VPP, for a raw loop to send again. */
import { systemClock } from '../src/model/clock.js';
import { SocketTransport } from '../src/vpp-api/transport/socket.js';
import type { Link, LinkEvents, Transport } from '../src/vpp-api/transport/transport.js';

export interface Recording {
  /** Frames one after the other, as they were handed over. */
  readonly frames: Buffer;
  readonly requests: number;
}

const HEADER_BYTES = 16;

export class Recorder implements Transport {
  readonly name: string;
  readonly #inner: SocketTransport;
  readonly #sent: Buffer[] = [];
  #isOn = false;
  #open: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#inner = new SocketTransport({ path, clientName: 'bench', timers: systemClock });
    this.name = this.#inner.name;
  }

  async connect(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    await this.#open;
    const link = await this.#inner.connect(
      {
        message: (message) => {
          events.message(message);
        },
        drain: () => {
          events.drain();
        },
        closed: (reason) => {
          events.closed(reason);
        },
        get owed() {
          return events.owed;
        },
      },
      signal,
    );
    const send = link.send.bind(link);
    link.send = (frames, release) => {
      if (this.#isOn) this.#sent.push(Buffer.from(frames));
      send(frames, release);
    };
    return link;
  }

  /** Lets nobody connect. @returns what ends that */
  shut(): () => void {
    let open = (): void => undefined;
    this.#open = new Promise((resolve) => (open = resolve));
    return () => {
      open();
    };
  }

  start(): void {
    this.#sent.length = 0;
    this.#isOn = true;
  }

  stop(): Recording {
    this.#isOn = false;
    const frames = Buffer.concat(this.#sent);
    return { frames, requests: countOf(frames) };
  }
}

function countOf(frames: Buffer): number {
  let count = 0;
  for (let at = 0; at < frames.length; count++) {
    at += HEADER_BYTES + frames.readUInt32BE(at + 8);
  }
  return count;
}
