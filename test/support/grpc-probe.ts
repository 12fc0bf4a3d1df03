/** What health and reflection answer, byte by byte: as grpc_health_probe and grpcurl ask. */
import { readFileSync } from 'node:fs';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import type { TlsFiles } from '../../src/rpc/tls-material.js';
import { block } from './protobuf.js';

const CHECK = '/grpc.health.v1.Health/Check';
const LIST = '/grpc.health.v1.Health/List';
const WATCH = '/grpc.health.v1.Health/Watch';
const REFLECT = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const asIs = (bytes: Buffer): Buffer => bytes;

export class Probe {
  readonly #client: Client;

  /** `unix:/PATH` or `HOST:PORT`. */
  constructor(target: string, tls?: TlsFiles) {
    const secure =
      tls &&
      credentials.createSsl(...[tls.ca, tls.key, tls.cert].map((path) => readFileSync(path)));
    this.#client = new Client(target, secure ?? credentials.createInsecure());
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

  /** The text of the error, or what is answered. */
  healthList(): Promise<string> {
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, response?: Buffer): void => {
        resolve(error?.message ?? response?.toString('latin1') ?? '');
      };
      this.#client.makeUnaryRequest(LIST, asIs, asIs, Buffer.alloc(0), done);
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

  /** The text of the error that a watch of health ends with; 'it goes on' after its first answer. */
  watched(): Promise<string> {
    const call = this.#client.makeServerStreamRequest(WATCH, asIs, asIs, Buffer.alloc(0));
    return new Promise((resolve) => {
      call.on('error', ({ message }) => {
        resolve(message);
      });
      call.once('data', () => {
        resolve('it goes on');
      });
    });
  }

  /** A call that never ends by itself; the signal tells that it is over. */
  watchHealth(): AbortSignal {
    const over = new AbortController();
    const call = this.#client.makeServerStreamRequest(WATCH, asIs, asIs, Buffer.alloc(0));
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
