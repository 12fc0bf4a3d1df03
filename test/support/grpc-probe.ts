/** What health and reflection answer, byte by byte: as grpc_health_probe and grpcurl ask. */
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { block } from './protobuf.js';

const CHECK = '/grpc.health.v1.Health/Check';
const REFLECT = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const asIs = (bytes: Buffer): Buffer => bytes;

export class Probe {
  readonly #client: Client;

  /** `unix:/PATH` or `HOST:PORT`, without TLS. */
  constructor(target: string) {
    this.#client = new Client(target, credentials.createInsecure());
  }

  /** 'SERVING', 'NOT_SERVING' or the error's text. */
  health(service = ''): Promise<string> {
    const request = service === '' ? Buffer.alloc(0) : block(1, service);
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, response?: Buffer): void => {
        const hex = response?.toString('hex');
        if (hex === '0801') resolve('SERVING');
        else if (hex === '0802') resolve('NOT_SERVING');
        else resolve(error?.message ?? hex ?? '');
      };
      this.#client.makeUnaryRequest(CHECK, asIs, asIs, request, done);
    });
  }

  /** The answer to "list services", as text with the names in it. */
  services(): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeBidiStreamRequest(REFLECT, asIs, asIs);
      call.on('error', reject);
      call.on('data', (bytes: Buffer) => {
        call.end();
        resolve(bytes.toString('latin1'));
      });
      call.write(block(7, '*'));
    });
  }

  /** A call that never ends by itself; the signal tells that it is over. */
  watchHealth(): AbortSignal {
    const over = new AbortController();
    const path = '/grpc.health.v1.Health/Watch';
    const call = this.#client.makeServerStreamRequest(path, asIs, asIs, Buffer.alloc(0));
    call.on('error', () => undefined);
    call.on('data', () => undefined);
    call.on('status', () => {
      over.abort();
    });
    return over.signal;
  }

  close(): void {
    this.#client.close();
  }
}
