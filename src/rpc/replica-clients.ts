/** ReplicaApi over the wire, of each of the other replicas. */
import { NfvError } from '../errors.js';
import type { Call } from '../model/api.js';
import { formatName } from '../model/names.js';
import type {
  NveTrace,
  OwnEvent,
  OwnEventsRequest,
  PortAt,
  ReplicaAccess,
  ReplicaApi,
  SharePage,
} from '../model/replica.js';
import type { EndpointCounters, Hop } from '../model/trace.js';
import { formatTarget, isLocal, parseAddress, type Address } from './address.js';
import { ownEventFromWire } from './convert/own-event.js';
import { shareFromWire } from './convert/share.js';
import { countersFromWire, hopFromWire } from './convert/trace.js';
import type { CountPortsResponse__Output } from './gen/nfv/v1/CountPortsResponse.js';
import type { NvaReplicaServiceClient } from './gen/nfv/v1/NvaReplicaService.js';
import type { ReadShareResponse__Output } from './gen/nfv/v1/ReadShareResponse.js';
import type { TraceNveResponse__Output } from './gen/nfv/v1/TraceNveResponse.js';
import { loadProtos, type Protos } from './load.js';
import { received } from './received.js';
import { StatusCodec } from './status.js';
import type { TlsSource } from './tls-keeper.js';
import type { TlsMaterial } from './tls-material.js';
import { CHANNEL_OPTIONS, credentialsToNva } from './tls.js';
import { Unary } from './unary.js';

/** Milliseconds for what has no deadline of its own. */
const TIMEOUT_MS = 15_000;
/** Connections that are kept; of more, the one that was made first is closed. */
const MAX_KEPT = 64;

interface Kept {
  readonly client: ReplicaClient;
  /** What it was made with. */
  readonly tls: TlsMaterial | undefined;
}

/** A connection to each replica that is asked, made anew when our certificates are. */
export class ReplicaClients implements ReplicaAccess {
  readonly #protos: Protos = loadProtos().protos;
  readonly #kept = new Map<string, Kept>();

  /** @param tls what we show; undefined: only what is on this host is asked */
  constructor(private readonly tls: TlsSource | undefined) {}

  at(address: string): ReplicaApi {
    const parsed = parseAddress(address);
    if (parsed === undefined) {
      throw new NfvError('NVA_UNREACHABLE', `"${address}" is no address`);
    }
    const tls = parsed.kind === 'unix' ? undefined : this.tls?.current;
    if (tls === undefined && !isLocal(parsed)) {
      throw new NfvError('NVA_UNREACHABLE', `${address} is on another host, and there is no TLS`, {
        remedy: 'configure peer.tls',
      });
    }
    const kept = this.#kept.get(address);
    if (kept !== undefined && kept.tls === tls) return kept.client;
    this.#drop(address);
    const client = new ReplicaClient(this.#protos, parsed, tls);
    this.#kept.set(address, { client, tls });
    const [first] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && first !== undefined) this.#drop(first);
    return client;
  }

  close(): void {
    for (const address of [...this.#kept.keys()]) this.#drop(address);
  }

  /** What is under way on it goes on. */
  #drop(address: string): void {
    this.#kept.get(address)?.client.close();
    this.#kept.delete(address);
  }
}

class ReplicaClient implements ReplicaApi {
  readonly #client: NvaReplicaServiceClient;
  readonly #unary: Unary;

  constructor(protos: Protos, address: Address, tls: TlsMaterial | undefined) {
    const target = formatTarget(address);
    this.#client = new protos.nfv.v1.NvaReplicaService(target, credentialsToNva(tls), {
      ...CHANNEL_OPTIONS,
      // One that comes back is asked again at once; one that is away is not asked for long.
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 2000,
    });
    this.#unary = new Unary(new StatusCodec(protos), target, TIMEOUT_MS);
  }

  async traceNve(question: NveTrace, call: Call): Promise<readonly Hop[]> {
    const request = {
      nve: formatName('nves', question.nve),
      passed: question.passed.map(({ what, key }) => ({ what, key })),
      reported_only: question.reportedOnly,
    };
    const { hops } = await this.#unary.call<TraceNveResponse__Output>(call, (...rest) =>
      this.#client.TraceNve(request, ...rest),
    );
    return hops.map(hopFromWire);
  }

  async countPorts(ports: readonly PortAt[], call: Call): Promise<readonly EndpointCounters[]> {
    const wire = ports.map(({ endpoint, nve }) => ({
      endpoint: formatName('endpoints', endpoint),
      nve: formatName('nves', nve),
    }));
    const { counters } = await this.#unary.call<CountPortsResponse__Output>(call, (...rest) =>
      this.#client.CountPorts({ ports: wire }, ...rest),
    );
    return counters.map(countersFromWire);
  }

  async *ownEvents(request: OwnEventsRequest, call: Call): AsyncGenerator<OwnEvent> {
    const stream = this.#client.WatchOwnEvents(request, this.#unary.metadata(call.origin));
    for await (const message of received(stream, this.#unary, call.signal)) {
      yield ownEventFromWire(message);
    }
  }

  async readShare(pageToken: string, call: Call): Promise<SharePage> {
    const response = await this.#unary.call<ReadShareResponse__Output>(call, (...rest) =>
      this.#client.ReadShare({ page_token: pageToken }, ...rest),
    );
    return shareFromWire(response);
  }

  close(): void {
    this.#client.close();
  }
}
