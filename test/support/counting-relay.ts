/**
 * A socket before an NVA's, which counts the bytes of data that the NVA sends through it: not
 * HTTP/2's own, as of keepalives, which come whenever a connection is silent.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** RFC 9113 §4.1: length (24 bits), type, flags, stream; then the payload. */
const HEADER_BYTES = 9;
const DATA = 0;

/** Counts what DATA frames carry, however they are cut into chunks. */
class DataCount {
  bytes = 0;
  #rest = Buffer.alloc(0);

  take(chunk: Buffer): void {
    let rest = Buffer.concat([this.#rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUIntBE(0, 3);
      if (rest.length < HEADER_BYTES + length) break;
      if (rest[3] === DATA) this.bytes += length;
      rest = rest.subarray(HEADER_BYTES + length);
    }
    this.#rest = rest;
  }
}

export class CountingRelay {
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  /** Of each connection. */
  readonly #counts: DataCount[] = [];

  private constructor(nva: string) {
    this.#server = createServer((nve) => {
      const upstream = connect(nva);
      const count = new DataCount();
      upstream.on('data', (chunk) => {
        count.take(chunk);
      });
      this.#counts.push(count);
      this.#join(nve, upstream);
      this.#join(upstream, nve);
    });
  }

  /** Between who connects to `path`, and the NVA at `nva`. */
  static async open(path: string, nva: string): Promise<CountingRelay> {
    const relay = new CountingRelay(nva);
    relay.#server.listen(path);
    await once(relay.#server, 'listening');
    return relay;
  }

  #join(from: Socket, to: Socket): void {
    this.#ends.add(from);
    from.on('data', (chunk) => to.write(chunk));
    // A broken connection is closed, too.
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#ends.delete(from);
      to.destroy();
    });
  }

  /** Since it was opened. */
  get bytesFromNva(): number {
    return this.#counts.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
