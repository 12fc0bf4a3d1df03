/** The HTTP server of one page, `/metrics`, for whoever scrapes it. */
import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Server } from 'node:net';
import { NfvError } from '../errors.js';
import { formatTarget, isLocal, type Address } from '../rpc/address.js';
import type { Listener } from '../rpc/listen.js';
import { tellRefusedPeers } from '../rpc/refused-peers.js';
import { bindSocketFile } from '../rpc/socket-file.js';
import { fixedTls, type TlsKeeper } from '../rpc/tls-keeper.js';
import type { TlsFiles } from '../rpc/tls-material.js';

export interface Page {
  readonly contentType: string;
  /** @throws what is answered with status 500 */
  render(): Promise<string>;
}

export const METRICS_PATH = '/metrics';

/** Connections at a time; more are closed at once. */
const MAX_CONNECTIONS = 32;
/** Milliseconds for a request to be whole, and for a connection without one. */
const REQUEST_MS = 5000;
const IDLE_MS = 15_000;

type HttpServer = ReturnType<typeof createHttp> | ReturnType<typeof createHttps>;

export class PageServer {
  readonly #servers: HttpServer[] = [];
  /** One is made at a time, for all who ask meanwhile. */
  #rendering: Promise<string> | undefined;

  /** @param tls looks after the listeners' certificates; absent: they are read once */
  constructor(
    private readonly page: Page,
    private readonly tls?: Pick<TlsKeeper, 'keep'>,
  ) {}

  /**
   * Listens on all addresses, or on none. @returns them; port 0 is replaced
   * @throws NfvError INSECURE_LISTENER, LISTEN_FAILED, FILE_UNREADABLE
   */
  async start(listeners: readonly Listener[]): Promise<string[]> {
    const bound: string[] = [];
    try {
      for (const listener of listeners) bound.push(formatTarget(await this.#listen(listener)));
    } catch (error) {
      await this.stop();
      throw error;
    }
    return bound;
  }

  /** Cuts what is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(close));
  }

  async #listen({ address, tls: files }: Listener): Promise<Address> {
    if (files === undefined && !isLocal(address)) {
      const target = formatTarget(address);
      const text = `${target} can be reached from other hosts and has no TLS`;
      throw new NfvError('INSECURE_LISTENER', text);
    }
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#answer(request, response);
    };
    const server = files === undefined ? createHttp(answer) : this.#secure(files, answer);
    server.maxConnections = MAX_CONNECTIONS;
    server.headersTimeout = REQUEST_MS;
    server.requestTimeout = REQUEST_MS;
    server.setTimeout(IDLE_MS);
    if (address.kind === 'unix') {
      await bindSocketFile(address.path, () => bind(server, address));
    } else await bind(server, address);
    this.#servers.push(server);
    return address.kind === 'unix' ? address : { ...address, port: portOf(server) };
  }

  /** Each connection is taken with what the files hold at that moment. */
  #secure(files: TlsFiles, answer: RequestListener): HttpServer {
    const tls = this.tls?.keep(files) ?? fixedTls(files);
    const asked = { requestCert: true, rejectUnauthorized: true };
    const server = createHttps({ ...tls.current.context, ...asked }, answer);
    const forget = tls.onChange(() => {
      server.setSecureContext(tls.current.context);
    });
    server.once('close', forget);
    tellRefusedPeers(server, tls);
    return server;
  }

  async #answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = url.split('?');
    if (path !== METRICS_PATH) refuse(response, 404, `only ${METRICS_PATH} is here`);
    else if (method !== 'GET' && method !== 'HEAD') refuse(response, 405, 'GET it');
    else await this.#show(response, method === 'HEAD');
  }

  async #show(response: ServerResponse, headOnly: boolean): Promise<void> {
    this.#rendering ??= this.page.render().finally(() => {
      this.#rendering = undefined;
    });
    let text: string;
    try {
      text = await this.#rendering;
    } catch (thrown) {
      refuse(response, 500, NfvError.from(thrown).message);
      return;
    }
    const headers = {
      'content-type': this.page.contentType,
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    };
    response.writeHead(200, headers).end(headOnly ? '' : text);
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  response.writeHead(status, headers).end(`${text}\n`);
}

function bind(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const text = `${formatTarget(address)}: ${cause.message}`;
      reject(new NfvError('LISTEN_FAILED', text, { cause }));
    };
    server.once('error', fail);
    const done = (): void => {
      server.removeListener('error', fail);
      // Of accepting: EMFILE, say. The next one may do.
      server.on('error', () => undefined);
      resolve();
    };
    if (address.kind === 'unix') server.listen(address.path, done);
    else server.listen({ host: address.host, port: address.port }, done);
  });
}

function portOf(server: Server): number {
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

function close(server: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
