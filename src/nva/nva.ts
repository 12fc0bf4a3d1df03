/** The network virtualization authority: the API, the compiler and the sessions, put together. */
import { setMaxListeners } from 'node:events';
import { NfvError } from '../errors.js';
import { maySpeakFor, type AccessPolicy } from '../model/access-policy.js';
import type {
  Call,
  NvaApi,
  WaitAppliedRequest,
  WaitAppliedResult,
  WatchEvent,
  WatchRequest,
} from '../model/api.js';
import { delay, type Clock } from '../model/clock.js';
import type { Endpoint, EndpointSpec } from '../model/endpoint.js';
import type { Identity } from '../model/identity.js';
import type { HostProfileResource, HostProfileSpec } from '../model/host-profile.js';
import { errorFields, type Log } from '../model/log.js';
import type { Nve, NveSpec } from '../model/nve.js';
import type { ObservationApi } from '../model/api.js';
import type { Router, RouterSpec } from '../model/router.js';
import { Digest } from '../model/southbound.js';
import type { Subnet, SubnetSpec } from '../model/subnet.js';
import type { Tracer } from '../model/tracing.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../model/trace.js';
import type { VirtualNetwork, VirtualNetworkSpec } from '../model/virtual-network.js';
import type { NvaSideStream } from '../rpc/session-service.js';
import type { Peers, Store, StoreEvent } from '../store/store.js';
import { Absentees } from './absentees.js';
import { Catalog, type CatalogChange } from './catalog.js';
import { makeCollections } from './collections.js';
import { CompileIndex } from './compiler/compile-index.js';
import type { CompileCounters } from './compiler/counters.js';
import { EndpointStatuses } from './endpoint-statuses.js';
import { HostOffers } from './host-offers.js';
import { keepHouse } from './housekeeping.js';
import { parseResourceKey } from './keys.js';
import { latestRevision } from './latest.js';
import { NveStatuses } from './nve-statuses.js';
import { observationApi, Observer, type NvaMeter } from './observer.js';
import { Origins } from './origins.js';
import { readCounters } from './read-counters.js';
import type { NvaReading } from './reading.js';
import { STATUS_RECORDS } from './records.js';
import { Replicas } from './replicas.js';
import type { Resources } from './resources.js';
import { Revisions } from './revisions.js';
import { Sessions } from './sessions.js';
import { StatusWriter } from './status-writer.js';
import { Tenures } from './tenures.js';
import { trace, traceDeps, type TraceDeps } from './trace.js';
import { AppliedWaiters } from './wait-applied.js';
import { watchResources, type Watched } from './watch.js';

export interface NvaOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** VNIs given to networks that ask for none, both ends included. */
  readonly vniRange: { readonly min: number; readonly max: number };
  /** Revisions of history that stay readable. */
  readonly keepRevisions: number;
  /** Absent: every certificate of the CA is as good as another. */
  readonly policy?: AccessPolicy;
  /** Is told of what happens. */
  readonly meter?: NvaMeter;
  readonly tracer?: Tracer;
}

const RETRY_MS = 1000;
/** What an endpoint became is waited for. */
const ENDPOINT_STATUS_MS = 50;
/** One change of an endpoint moves the status of every NVE of its network. */
const NVE_STATUS_MS = 500;

export class Nva implements NvaApi {
  readonly virtualNetworks: Resources<VirtualNetworkSpec, VirtualNetwork>;
  readonly nves: Resources<NveSpec, Nve>;
  readonly endpoints: Resources<EndpointSpec, Endpoint>;
  readonly subnets: Resources<SubnetSpec, Subnet>;
  readonly routers: Resources<RouterSpec, Router>;
  readonly hostProfiles: Resources<HostProfileSpec, HostProfileResource>;
  readonly #options: NvaOptions;
  readonly #stop = new AbortController();
  readonly #catalog = new Catalog();
  readonly #index = new CompileIndex();
  readonly #revisions = new Revisions();
  readonly #absentees = new Absentees({
    exists: (nve) => this.#catalog.nve(nve) !== undefined,
    digestOf: (nve) => this.#digestOf(nve),
    signal: this.#stop.signal,
  });
  readonly #offers = new HostOffers({
    nves: () => this.#catalog.nves(),
    nve: (id) => this.#catalog.nve(id),
    hostOf: (nve) => this.#nveStatuses.hostOf(nve),
  });
  readonly #tenures: Tenures;
  readonly #observer: Observer;
  readonly #replicas: Replicas;
  readonly #sessions: Sessions;
  readonly #nveStatuses: NveStatuses;
  readonly #nveWriter: StatusWriter;
  readonly #endpointWriter: StatusWriter;
  readonly #hostWriter: StatusWriter;
  readonly #waiters: AppliedWaiters;
  readonly #watched: readonly Watched[];
  readonly #background: Promise<void>[] = [];

  /** Reads the model from the store, and answers when the NVA can be asked. */
  static async start(options: NvaOptions): Promise<Nva> {
    const origins = new Origins(options.clock, options.tracer);
    const nva = new Nva({ ...options, store: origins.observed(options.store) }, origins);
    await nva.#load();
    const { signal } = nva.#stop;
    nva.#background.push(
      nva.#follow(),
      keepHouse({ ...options }, signal),
      nva.#replicas.watchStore(signal),
    );
    return nva;
  }

  private constructor(options: NvaOptions, origins: Origins) {
    this.#options = options;
    // Every call and every session that is being set up waits on it.
    setMaxListeners(0, this.#stop.signal);
    const { store, clock, log, vniRange } = options;
    const catalog = this.#catalog;
    const index = this.#index;
    const made = makeCollections({ store, clock, vniRange, catalog, index });
    this.virtualNetworks = made.virtualNetworks;
    this.nves = made.nves;
    this.endpoints = made.endpoints;
    this.subnets = made.subnets;
    this.routers = made.routers;
    this.hostProfiles = made.hostProfiles;
    this.#watched = made.watched;
    const tenures = new Tenures(store, (nve) => {
      this.#lost(nve);
    });
    this.#tenures = tenures;
    this.#observer = new Observer({
      ...{ clock, origins, catalog, absentees: this.#absentees },
      ...{ meter: options.meter, tracer: options.tracer, isAlone: store.peers === undefined },
      connected: (nve) => this.#sessions.get(nve),
      isElsewhere: (nve) => tenures.isElsewhere(nve),
    });
    this.#nveStatuses = new NveStatuses({
      store,
      clock,
      nves: this.nves,
      connected: (nve) => this.#sessions.get(nve),
      missed: (nve) => this.#absentees.missed(nve),
      compiled: (revision) => this.#revisions.reached(revision, this.#stop.signal),
      tenures,
    });
    const endpointStatuses = new EndpointStatuses({
      store,
      endpoint: (id) => catalog.endpoint(id),
      connected: (nve) => this.#sessions.get(nve),
    });
    this.#nveWriter = new StatusWriter({
      ...{ store, clock, log, collection: 'nves', gatherMs: NVE_STATUS_MS },
      guard: (id) => tenures.guard(id),
      statusOf: (id) => this.#nveStatuses.recordOf(id),
    });
    this.#endpointWriter = new StatusWriter({
      ...{ store, clock, log, collection: 'endpoints', gatherMs: ENDPOINT_STATUS_MS },
      guard: (id) => tenures.guard(catalog.endpoint(id)?.spec.nve ?? ''),
      statusOf: (id) => endpointStatuses.recordOf(id),
    });
    this.#hostWriter = this.#makeHostWriter();
    this.#sessions = this.#makeSessions();
    this.#replicas = this.#makeReplicas();
    this.#waiters = this.#makeWaiters();
  }

  #makeWaiters(): AppliedWaiters {
    const { store, clock } = this.#options;
    const catalog = this.#catalog;
    return new AppliedWaiters({
      clock,
      storeRevision: () => latestRevision(store),
      compiledRevision: () => catalog.revision,
      judged: () => this.#absentees.judged(),
      behind: () => [...this.#sessions.behind()].filter((nve) => catalog.nve(nve) !== undefined),
      lags: (nve, revision) => this.#nveStatuses.lags(nve, revision),
      laggard: (nve, revision) => this.#nveStatuses.laggard(nve, revision),
    });
  }

  #makeHostWriter(): StatusWriter {
    const { store, clock, log } = this.#options;
    return new StatusWriter({
      ...{ store, clock, log, collection: 'hostProfiles', gatherMs: NVE_STATUS_MS },
      statusOf: async (id) => {
        const status = await this.#offers.statusOf(id);
        return status && STATUS_RECORDS.hostProfiles.encode(status);
      },
    });
  }

  #makeReplicas(): Replicas {
    const { store, clock, log } = this.#options;
    return new Replicas({
      ...{ store, clock, log, revisions: this.#revisions },
      revision: () => this.#catalog.revision,
      endSessions: (error) => {
        this.#sessions.endAll(error);
      },
    });
  }

  #makeSessions(): Sessions {
    const { store, clock, log, policy, tracer } = this.#options;
    return new Sessions({
      tracer,
      maySpeakFor: (identity, nve) => maySpeakFor(policy, identity, nve),
      clock,
      log,
      epoch: () => {
        const { storeId, epoch: number } = store.status();
        return { storeId, number };
      },
      caughtUp: (hello) => this.#replicas.caughtUp(hello, this.#stop.signal),
      index: this.#index,
      absentees: this.#absentees,
      revision: () => this.#catalog.revision,
      admit: (nve, nodeUuid, facts) => this.#nveStatuses.admit(nve, nodeUuid, facts),
      onProgress: (nve, keys) => {
        this.#progressed(nve, keys);
      },
      offerOf: (nve) => this.#offers.offerOf(nve),
      onHost: () => {
        this.#hostsChanged();
      },
      observer: this.#observer,
      onDeparture: (nve, last) => {
        if (this.#catalog.nve(nve) !== undefined) this.#nveStatuses.depart(nve, last);
      },
      onFacts: (nve, facts) => {
        this.#nveStatuses.store(nve, facts).catch((thrown: unknown) => {
          log.warn(
            { nve, ...errorFields(NfvError.from(thrown)) },
            'what the NVE says of its host is not stored',
          );
        });
      },
    });
  }

  /** How much has been compiled, for tests. */
  get compileCounters(): Readonly<CompileCounters> {
    return this.#index.counters;
  }

  get observation(): ObservationApi {
    return observationApi(() => this.read(), this.#observer, this.#stop.signal);
  }

  /** How it stands now, for metrics. */
  read(): NvaReading {
    const writers = [this.#nveWriter, this.#endpointWriter, this.#hostWriter];
    return this.#observer.read(this.#index.counters, writers);
  }

  async *watch(request: WatchRequest, call: Call): AsyncGenerator<WatchEvent> {
    const signal = AbortSignal.any([call.signal, this.#stop.signal]);
    const { store, clock } = this.#options;
    const ended = this.#observer.watching();
    try {
      yield* watchResources(store, clock, this.#watched, request, { signal });
    } finally {
      ended();
    }
    // Whoever watches has to know that there may be more to come, elsewhere or later.
    this.#stop.signal.throwIfAborted();
  }

  async waitApplied(request: WaitAppliedRequest, call: Call): Promise<WaitAppliedResult> {
    const result = await this.#waiters.wait(request, call);
    // It was cut short; the next NVA knows better.
    if (!result.applied) this.#stop.signal.throwIfAborted();
    return result;
  }

  trace(request: TraceRequest, call: Call): Promise<TraceResult> {
    return trace(request, this.#lookups(), call.signal);
  }

  readCounters(endpoints: readonly string[], call: Call): Promise<readonly EndpointCounters[]> {
    return readCounters(endpoints, this.#lookups(), call.signal);
  }

  #lookups(): TraceDeps {
    return traceDeps(this.#catalog, this.#sessions, this.#index);
  }

  /** Runs the session of one NVE. @throws NfvError why it ended, for the NVE to know */
  readonly session = (stream: NvaSideStream, identity: Identity): Promise<void> =>
    this.#sessions.handle(stream, identity);

  /** Ends sessions and watches, and writes what is known of the NVEs. The store stays open. */
  async stop(): Promise<void> {
    this.#stop.abort(new NfvError('SHUTTING_DOWN', 'the NVA is stopping'));
    this.#waiters.close();
    this.#sessions.close(new NfvError('SHUTTING_DOWN', 'the NVA is stopping'));
    await Promise.all(this.#background);
    const writers = [this.#nveWriter, this.#endpointWriter, this.#hostWriter];
    await Promise.all(writers.map((writer) => writer.close()));
  }

  async #load(): Promise<void> {
    const { store } = this.#options;
    const digests = await this.#catalog.load(store, this.#stop.signal, (change) => {
      if (change.kind === 'HostProfile') this.#offers.set(change.id, change.after);
      else this.#index.load(change);
    });
    this.#revisions.advance(this.#catalog.revision);
    if (store.peers !== undefined) await this.#loadTenures(store.peers);
    for (const [nve, digest] of digests) {
      this.#absentees.remember(nve, digest);
      // None has a session here yet, whatever the store says.
      this.#nveWriter.mark(nve);
    }
    this.#hostsChanged();
  }

  async #follow(): Promise<void> {
    const { store, clock, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#catalog.follow(store, signal, (revision, changes, events) => {
          for (const event of events) this.#tenures.saw(event, revision);
          this.#committed(revision, changes, events);
          for (const event of events) this.#heard(event);
        });
      } catch (thrown) {
        const error = NfvError.from(thrown);
        log.error(errorFields(error), 'cannot follow the store');
        if (error.code === 'REVISION_COMPACTED' && (await this.#reload())) continue;
        await delay(clock, RETRY_MS, signal).catch(() => undefined);
      }
    }
  }

  /** The history that was to be followed is gone: what is there now is taken instead. */
  async #reload(): Promise<boolean> {
    const { store, log } = this.#options;
    const { signal } = this.#stop;
    try {
      const changes = await this.#catalog.reload(store, signal);
      const { revision } = this.#catalog;
      await this.#tenures.load(revision, signal);
      this.#committed(revision, changes, []);
      log.info({ revision }, 'the model was read anew');
      return true;
    } catch (thrown) {
      if (!signal.aborted) {
        log.error(errorFields(NfvError.from(thrown)), 'cannot read the model anew');
      }
      return false;
    }
  }

  async #loadTenures(peers: Peers): Promise<void> {
    await this.#tenures.load(this.#catalog.revision, this.#stop.signal);
    const end = peers.onChange(() => {
      for (const nve of this.#tenures.orphans()) this.#nveWriter.mark(nve);
    });
    this.#stop.signal.addEventListener('abort', end, { once: true });
  }

  /** An NVE whose session is elsewhere tells us by its status that it has all it should. */
  #heard(event: StoreEvent): void {
    if (event.kind !== 'put') return;
    const { key, value } = event.kv;
    const about = parseResourceKey(key);
    if (about?.part !== 'status' || about.collection !== 'nves') return;
    const nve = about.id;
    if (this.#absentees.missed(nve) === undefined || !this.#tenures.isElsewhere(nve)) return;
    const { settledDigest } = STATUS_RECORDS.nves.decode(key, value);
    if (settledDigest === '' || settledDigest !== this.#digestOf(nve)) return;
    this.#absentees.forget(nve);
    this.#observer.progressed(nve, 'all');
    this.#waiters.progressed(nve);
  }

  #committed(
    revision: number,
    changes: readonly CatalogChange[],
    events: readonly StoreEvent[],
  ): void {
    const by = this.#observer.committed(revision, events);
    for (const change of changes) {
      if (change.kind === 'HostProfile') {
        this.#offers.set(change.id, change.after);
        continue;
      }
      const deltas = this.#observer.compile(change, by, () => this.#index.apply(change));
      this.#sessions.deliver(deltas, revision, by?.origin?.trace);
      this.#observer.compiled(change, deltas, by);
      if (change.kind === 'Nve' && change.after === undefined) this.#forget(change.id);
    }
    if (changes.some(({ kind }) => kind === 'HostProfile' || kind === 'Nve')) {
      this.#sessions.offerAgain();
      this.#hostsChanged();
    }
    this.#revisions.advance(revision);
    this.#waiters.progressed(undefined);
  }

  /** What became of host profiles may be another thing now. */
  #hostsChanged(): void {
    for (const id of this.#offers.ids()) this.#hostWriter.mark(id);
  }

  /** Another replica has its session now. */
  #lost(nve: string): void {
    const elsewhere = `nves/${nve} connected to another replica of the NVA`;
    this.#sessions.get(nve)?.session.end(new NfvError('SESSION_REPLACED', elsewhere));
  }

  #forget(nve: string): void {
    const gone = new NfvError('NOT_FOUND', `nves/${nve} was deleted`);
    this.#absentees.forget(nve);
    this.#nveStatuses.forget(nve);
    this.#sessions.get(nve)?.session.end(gone);
    this.#waiters.progressed(nve);
  }

  #progressed(nve: string, keys: readonly string[] | 'all'): void {
    const progress = this.#sessions.get(nve)?.session.progress;
    const ports = keys === 'all' ? (progress?.keys('port/') ?? []) : keys;
    for (const key of ports) {
      if (key.startsWith('port/')) this.#endpointWriter.mark(key.slice('port/'.length));
    }
    this.#nveWriter.mark(nve);
    this.#observer.progressed(nve, keys);
    this.#waiters.progressed(nve);
  }

  #digestOf(nve: string): string {
    const digest = new Digest();
    for (const { key, version } of this.#index.full(nve).values()) digest.toggle(key, version);
    return digest.text;
  }
}
