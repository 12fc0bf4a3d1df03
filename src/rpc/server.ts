/** A gRPC server with health and reflection, for both daemons. */
import { Server, type ServerOptions } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import type { NvaApi } from '../model/api.js';
import { formatTarget } from './address.js';
import { HandlerFactory, type CallHooks } from './handlers.js';
import { listen, type Listener } from './listen.js';
import { loadProtos, type Loaded } from './load.js';
import { nvaServiceHandlers } from './nva-service.js';
import { sessionServiceHandlers, type SessionHandler } from './session-service.js';
import { StatusCodec } from './status.js';
import { CHANNEL_OPTIONS } from './tls.js';

const SERVER_OPTIONS: ServerOptions = {
  ...CHANNEL_OPTIONS,
  'grpc.max_concurrent_streams': 1000,
};

export interface RpcServerOptions {
  readonly listeners: readonly Listener[];
  /** Absent: neither the northbound nor the southbound service. */
  readonly nva?: CallHooks & { readonly api: NvaApi; readonly session: SessionHandler };
}

export class RpcServer {
  readonly #server = new Server(SERVER_OPTIONS);
  readonly #health: HealthImplementation;
  readonly #services: readonly string[];
  readonly #options: RpcServerOptions;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    const loaded = loadProtos();
    this.#services = ['', ...this.#addServices(loaded)];
    this.#health = new HealthImplementation(
      Object.fromEntries(this.#services.map((service) => [service, 'NOT_SERVING'] as const)),
    );
    this.#health.addToServer(this.#server);
    new ReflectionService(loaded.definition, {
      services: [...this.#services],
    }).addToServer(this.#server);
  }

  #addServices({ protos }: Loaded): string[] {
    const { nva } = this.#options;
    if (nva === undefined) return [];
    const codec = new StatusCodec(protos);
    const { NvaService, NveSessionService } = protos.nfv.v1;
    this.#server.addService(
      NvaService.service,
      nvaServiceHandlers(nva.api, new HandlerFactory(codec, nva)),
    );
    this.#server.addService(
      NveSessionService.service,
      sessionServiceHandlers(nva.session, codec, nva.trustDomain),
    );
    return ['nfv.v1.NvaService', 'nfv.v1.NveSessionService'];
  }

  /**
   * Listens on all addresses, or on none. @returns them, as targets for clients.
   * @throws NfvError INSECURE_LISTENER, LISTEN_FAILED, FILE_UNREADABLE
   */
  async start(): Promise<string[]> {
    const bound: string[] = [];
    try {
      for (const listener of this.#options.listeners) {
        bound.push(formatTarget(await listen(this.#server, listener)));
      }
    } catch (error) {
      this.#server.forceShutdown();
      throw error;
    }
    this.setServing(true);
    return bound;
  }

  /** What health checks are answered with. */
  setServing(serving: boolean): void {
    for (const service of this.#services) {
      this.#health.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
    }
  }

  /** Takes no new calls, waits for those under way, cuts what is left after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.setServing(false);
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  }
}
