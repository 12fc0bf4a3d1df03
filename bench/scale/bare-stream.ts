/**
 * The least that a push over gRPC costs: streams of bytes that nobody reads, answered as they are.
 * Both ends; the server is a process of its own, as the NVA is.
 */
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { CHANNEL_OPTIONS } from '../../src/rpc/tls.js';
import { Peer } from './peer.js';

const PATH = '/bench.Bare/Connect';
const asIs = (bytes: Buffer): Buffer => bytes;
const HELLO = Buffer.alloc(300, 'h');

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** A stream that says hello, and answers all that it gets with the same. */
export class BareStream extends Peer {
  constructor(
    name: string,
    private readonly socket: string,
  ) {
    super(name);
  }

  protected async session(): Promise<void> {
    const client = new Client(`unix:${this.socket}`, credentials.createInsecure(), {
      ...CHANNEL_OPTIONS,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    });
    try {
      const stream = client.makeBidiStreamRequest(PATH, asIs, asIs, new Metadata());
      stream.write(HELLO);
      let isFirst = true;
      const messages: AsyncIterable<Buffer> = stream;
      for await (const bytes of messages) {
        if (isFirst) this.nowInStep();
        else stream.write(bytes);
        isFirst = false;
      }
    } finally {
      client.close();
    }
  }
}

/** The other end: answers each hello, and then sends when it is told to. */
export class BareServer {
  readonly #server = new Server();
  readonly #streams = new Set<Stream>();
  #answered: () => void = () => undefined;

  async start(socket: string): Promise<void> {
    const method = {
      path: PATH,
      requestStream: true,
      responseStream: true,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    this.#server.addService({ connect: method }, { connect: this.#take });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Sends to so many streams so many bytes. @returns milliseconds until all have answered */
  async round(streams: number, bytes: number): Promise<number> {
    const chosen = [...this.#streams].slice(0, streams);
    if (chosen.length < streams) throw new Error(`${chosen.length} streams, not ${streams}`);
    const message = Buffer.alloc(bytes, 'm');
    let missing = streams;
    const start = performance.now();
    await new Promise<void>((resolve) => {
      this.#answered = (): void => {
        if (--missing === 0) resolve();
      };
      for (const stream of chosen) stream.write(message);
    });
    return performance.now() - start;
  }

  readonly #take = (stream: Stream): void => {
    stream.once('data', (hello: Buffer) => {
      this.#streams.add(stream);
      stream.write(hello);
      stream.on('data', () => {
        this.#answered();
      });
    });
    const forget = (): void => {
      this.#streams.delete(stream);
    };
    stream.on('error', forget);
    stream.on('end', () => {
      forget();
      stream.end();
    });
    stream.on('cancelled', forget);
  };
}
