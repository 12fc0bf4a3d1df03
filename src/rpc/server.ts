/** A gRPC server with health and reflection, for both daemons. */
import type { Server as TlsServer } from 'node:tls';
import { Server, type ServerOptions } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import type { NvaApi } from '../model/api.js';
import type { ReplicaApi } from '../model/replica.js';
import { formatTarget } from './address.js';
import { addReflection, Admission } from './admission.js';
import { limitConnections, type ConnectionLimiter } from './connection-limiter.js';
import { DeltaEncoder, takingEncoded } from './delta-encoder.js';
import { HandlerFactory, type CallHooks } from './handlers.js';
import { Health } from './health.js';
import type { Trust } from './identity.js';
import { listen, type Listener } from './listen.js';
import { loadProtos, type Loaded } from './load.js';
import { nvaServiceHandlers } from './nva-service.js';
import { replicaHandlers, replicaHooks } from './replica-service.js';
import { sessionServiceHandlers, type SessionHandler } from './session-service.js';
import { Peers } from './peers.js';
import { newTlsServers, tellRefusedPeers } from './refused-peers.js';
import { StatusCodec } from './status.js';
import { fixedTls, type TlsKeeper, type TlsSource } from './tls-keeper.js';
import { CHANNEL_OPTIONS } from './tls.js';

const SERVER_OPTIONS: ServerOptions = {
  ...CHANNEL_OPTIONS,
  'grpc.max_concurrent_streams': 1000,
};

export interface RpcServerOptions {
  readonly listeners: readonly Listener[];
  /** Looks after the listeners' certificates; absent: they are read once. */
  readonly tls?: TlsKeeper;
  /** Absent: neither the northbound nor the southbound service. */
  readonly nva?: CallHooks & {
    readonly api: NvaApi;
    readonly session: SessionHandler;
    /** For other replicas; absent: there are none. */
    readonly replica?: ReplicaApi | undefined;
    /** Of each identity in a certificate; absent: as many as there may be. */
    readonly connections?: ConnectionLimiter | undefined;
    /** The trust domain whose identities count; undefined: any. */
    readonly trustDomain?: string | undefined;
  };
}

const NVA_SERVICES = ['nfv.v1.NvaService', 'nfv.v1.NveSessionService'];
const REPLICA_SERVICE = 'nfv.v1.NvaReplicaService';

export class RpcServer {
  /** Whom certificates tell of, and who is of this host, have servers of their own: no mix-up. */
  readonly #servers = { tls: new Server(SERVER_OPTIONS), local: new Server(SERVER_OPTIONS) };
  readonly #health: Health;
  readonly #peers = new Peers();
  readonly #watched = new WeakSet<TlsServer>();
  readonly #options: RpcServerOptions;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    const loaded = loadProtos();
    const services = servicesOf(options);
    this.#health = new Health(services);
    const { tls, local } = this.#servers;
    const reflection = new ReflectionService(filesOf(loaded.definition), { services });
    const codec = new StatusCodec(loaded.protos);
    for (const server of [tls, local]) {
      const admission = new Admission(codec, this.#trust(server === tls), options.nva?.limiter);
      this.#health.addTo(server, admission);
      addReflection(reflection, server, admission);
    }
    const { responseSerialize } = loaded.protos.nfv.v1.NveSessionService.service.Connect;
    const deltas = new DeltaEncoder(responseSerialize);
    this.#addServices(tls, loaded, deltas, true);
    this.#addServices(local, loaded, deltas, false);
  }

  #addServices(server: Server, { protos }: Loaded, deltas: DeltaEncoder, mutualTls: boolean): void {
    const { nva } = this.#options;
    if (nva === undefined) return;
    const codec = new StatusCodec(protos);
    const trust = this.#trust(mutualTls);
    const { NvaService, NveSessionService, NvaReplicaService } = protos.nfv.v1;
    const handlers = new HandlerFactory(codec, nva, trust);
    server.addService(NvaService.service, nvaServiceHandlers(nva.api, handlers));
    server.addService(
      takingEncoded(NveSessionService.service),
      sessionServiceHandlers(nva.session, deltas, codec, trust, nva.limiter),
    );
    if (nva.replica === undefined) return;
    const forReplicas = new HandlerFactory(codec, replicaHooks(nva), trust);
    server.addService(NvaReplicaService.service, replicaHandlers(nva.replica, forReplicas));
  }

  #trust(mutualTls: boolean): Trust {
    return { mutualTls, trustDomain: this.#options.nva?.trustDomain, peers: this.#peers };
  }

  /**
   * Listens on all addresses, or on none. @returns them, as targets for clients.
   * @throws NfvError INSECURE_LISTENER, LISTEN_FAILED, FILE_UNREADABLE
   */
  async start(): Promise<string[]> {
    const bound: string[] = [];
    const { nva } = this.#options;
    try {
      for (const listener of this.#options.listeners) {
        const tls = this.#tlsOf(listener);
        const server = tls === undefined ? this.#servers.local : this.#servers.tls;
        bound.push(formatTarget(await listen(server, listener, tls)));
        if (tls === undefined) continue;
        for (const each of newTlsServers(server, this.#watched)) {
          tellRefusedPeers(each, tls);
          if (nva?.connections) limitConnections(each, nva.connections, nva.trustDomain);
        }
      }
    } catch (error) {
      for (const server of Object.values(this.#servers)) server.forceShutdown();
      throw error;
    }
    this.setServing(true);
    return bound;
  }

  /** @throws NfvError FILE_UNREADABLE */
  #tlsOf({ tls: files }: Listener): TlsSource | undefined {
    if (files === undefined) return undefined;
    const tls = this.#options.tls?.keep(files) ?? fixedTls(files);
    this.#peers.add(tls);
    return tls;
  }

  /** What health checks are answered with. */
  setServing(serving: boolean): void {
    this.#health.setServing(serving);
  }

  /** Takes no new calls, waits for those under way, cuts what is left after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.setServing(false);
    await Promise.all(Object.values(this.#servers).map((server) => shutDown(server, graceMs)));
  }
}

/** By their names; the empty one is the server itself. */
function servicesOf({ nva }: RpcServerOptions): string[] {
  if (nva === undefined) return [''];
  return ['', ...NVA_SERVICES, ...(nva.replica === undefined ? [] : [REPLICA_SERVICE])];
}

/**
 * Of the definition, as much as has each file in it. Every type has all files with it, and reflection would
 * decode all of them for each type: half a second of a start.
 */
function filesOf(definition: PackageDefinition): PackageDefinition {
  const seen = new Set<unknown>();
  const needed = Object.entries(definition).filter(([, { fileDescriptorProtos: files }]) => {
    if (!Array.isArray(files)) return false;
    const known = seen.size;
    for (const file of files) seen.add(file);
    return seen.size > known;
  });
  return Object.fromEntries(needed);
}

function shutDown(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
