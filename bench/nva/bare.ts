/** What an attach costs at the least: a synced transaction, and one round trip over a gRPC stream. */
import { once } from 'node:events';
import { join } from 'node:path';
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ClientDuplexStream,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import type { Store } from '../../src/store/store.js';

const PATH = '/bench.Echo/Connect';
const asIs = (bytes: Buffer): Buffer => bytes;
/** Keys of an attach: the endpoint, its claims (six), and two generations. */
const KEYS = 9;
const VALUE = 'v'.repeat(300);
const MESSAGE = Buffer.alloc(300, 'm');

/** The store's own transaction, and a stream that echoes bytes; both over nothing else. */
export class Bare {
  #count = 0;

  private constructor(
    private readonly store: Store,
    private readonly server: Server,
    private readonly client: Client,
    private readonly stream: ClientDuplexStream<Buffer, Buffer>,
  ) {}

  static async start(directory: string): Promise<Bare> {
    const store = await openLmdbStore({ path: join(directory, 'bare') });
    const server = new Server();
    const address = `unix:${join(directory, 'bare.sock')}`;
    const method = {
      path: PATH,
      requestStream: true,
      responseStream: true,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    server.addService({ connect: method }, { connect: echo });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    const client = new Client(address, credentials.createInsecure());
    const stream = client.makeBidiStreamRequest(PATH, asIs, asIs, new Metadata());
    return new Bare(store, server, client, stream);
  }

  /** One transaction, then one echo. */
  async once(): Promise<void> {
    const n = this.#count++;
    const ops = Array.from({ length: KEYS }, (_, i) => ({
      kind: 'put' as const,
      key: `key/${n}/${i}`,
      value: i === 0 ? VALUE : '',
    }));
    await this.store.txn({ compare: [], ops });
    const answer = once(this.stream, 'data');
    this.stream.write(MESSAGE);
    await answer;
  }

  async stop(): Promise<void> {
    const over = once(this.stream, 'status');
    this.stream.end();
    await over;
    this.client.close();
    this.server.forceShutdown();
    await this.store.close();
  }
}

function echo(call: ServerDuplexStream<Buffer, Buffer>): void {
  call.on('data', (bytes: Buffer) => call.write(bytes));
  call.on('end', () => {
    call.end();
  });
}
