/** A socket between an agent and its NVA, which counts what goes through and can be cut. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Bytes {
  readonly toNva: number;
  readonly toAgent: number;
}

export class Wire {
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #toNva = 0;
  #toAgent = 0;
  #connected: (at: number) => void = () => undefined;

  private constructor(nva: string) {
    this.#server = createServer((agent) => {
      const upstream = connect(nva);
      this.#join(agent, upstream, (count) => (this.#toNva += count));
      this.#join(upstream, agent, (count) => (this.#toAgent += count));
      this.#connected(performance.now());
    });
  }

  /** Between whoever connects to `path` and the NVA at `nva`. */
  static async open(path: string, nva: string): Promise<Wire> {
    const wire = new Wire(nva);
    wire.#server.listen(path);
    await once(wire.#server, 'listening');
    return wire;
  }

  #join(from: Socket, to: Socket, count: (bytes: number) => void): void {
    this.#ends.add(from);
    from.on('data', (chunk) => {
      count(chunk.length);
      to.write(chunk);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#ends.delete(from);
      to.destroy();
    });
  }

  /** When the next connection was made, on the clock of `performance`; counts from there. */
  async next(): Promise<number> {
    return await new Promise((resolve) => {
      this.#connected = (at) => {
        this.#connected = () => undefined;
        this.#toNva = 0;
        this.#toAgent = 0;
        resolve(at);
      };
    });
  }

  get bytes(): Bytes {
    return { toNva: this.#toNva, toAgent: this.#toAgent };
  }

  cut(): void {
    for (const end of this.#ends) end.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
