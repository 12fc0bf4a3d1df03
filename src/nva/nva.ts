/** The network virtualization authority: the API, the compiler and the sessions, put together. */
import { setMaxListeners } from 'node:events';
import { NfvError } from '../errors.js';
import { maySpeakFor } from '../model/access-policy.js';
import type {
  Call,
  NvaApi,
  WaitAppliedRequest,
  WaitAppliedResult,
  WatchEvent,
  WatchRequest,
  MigrationApi,
  ObservationApi,
} from '../model/api.js';
import type { Endpoint } from '../model/endpoint.js';
import type { Identity } from '../model/identity.js';
import type { Item } from '../model/item.js';
import type { HostProfileResource, HostProfileSpec } from '../model/host-profile.js';
import type { PlacedEndpoint } from '../model/migration.js';
import type { Nve, NveSpec } from '../model/nve.js';
import type { Router, RouterSpec } from '../model/router.js';
import type { Subnet, SubnetSpec } from '../model/subnet.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../model/trace.js';
import type { VirtualNetwork, VirtualNetworkSpec } from '../model/virtual-network.js';
import type { NvaSideStream } from '../rpc/session-service.js';
import type { Peers, StoreEvent } from '../store/store.js';
import { Absentees } from './sessions/absentees.js';
import { Changes } from './changes/changes.js';
import { Catalog, isCompiled, type CatalogChange } from './catalog.js';
import { makeCollections } from './resources/collections.js';
import { CompileIndex } from './compiler/compile-index.js';
import type { CompileCounters } from './compiler/counters.js';
import { EndpointLife } from './statuses/endpoint-life.js';
import { followStore } from './follow-store.js';
import { HostOffers, hostWriter } from './statuses/host-offers.js';
import { keepHouse } from './housekeeping.js';
import { epochOf, latestRevision } from './latest.js';
import { Liveness } from './liveness/liveness.js';
import { loadChecked } from './load-checked.js';
import { NveStatuses, nveWriter } from './statuses/nve-statuses.js';
import type { EventBatch } from './access/guardable.js';
import { asWatch, observationApi, Observer } from './observing/observer.js';
import type { NvaOptions } from './options.js';
import { Origins } from './origins.js';
import type { NvaReading } from './reading.js';
import { Questions } from './replicas/questions.js';
import { Quotas } from './resources/quotas.js';
import { Replicas } from './replicas/replicas.js';
import type { Resources } from './resources/resources.js';
import { Revisions } from './revisions.js';
import { Sessions } from './sessions/sessions.js';
import { settledElsewhere } from './statuses/settled-elsewhere.js';
import type { StatusWriter } from './statuses/status-writer.js';
import { markTakenForGone } from './statuses/taken-for-gone.js';
import { Tenures } from './sessions/tenures.js';
import { AppliedWaiters } from './wait-applied.js';
import { eventsOf, watchResources, type Watched } from './watch.js';

/** One change of an endpoint moves the status of every NVE of its network. */
const NVE_STATUS_MS = 500;

export class Nva implements NvaApi {
  readonly virtualNetworks: Resources<VirtualNetworkSpec, VirtualNetwork>;
  readonly nves: Resources<NveSpec, Nve>;
  readonly endpoints: Resources<PlacedEndpoint, Endpoint>;
  readonly subnets: Resources<SubnetSpec, Subnet>;
  readonly routers: Resources<RouterSpec, Router>;
  readonly hostProfiles: Resources<HostProfileSpec, HostProfileResource>;
  readonly changes: Changes;
  readonly migrations: MigrationApi;
  readonly duplicates: NvaApi['duplicates'];
  /** What is asked of NVEs, by clients and by other replicas. */
  readonly questions: Questions;
  readonly #options: NvaOptions;
  readonly #stop = new AbortController();
  readonly #catalog = new Catalog();
  readonly #index = new CompileIndex();
  readonly #revisions = new Revisions();
  readonly #quotas: Quotas;
  readonly #absentees = new Absentees({
    exists: (nve) => this.#catalog.nve(nve) !== undefined,
    digestOf: (nve) => this.#index.sum(nve).digest,
    signal: this.#stop.signal,
  });
  readonly #offers = new HostOffers({
    nves: () => this.#catalog.nves(),
    nve: (id) => this.#catalog.nve(id),
    hostOf: (nve) => this.#nveStatuses.hostOf(nve),
  });
  readonly #tenures: Tenures;
  readonly #liveness: Liveness;
  readonly #observer: Observer;
  readonly #replicas: Replicas;
  readonly #sessions: Sessions;
  readonly #nveStatuses: NveStatuses;
  readonly #nveWriter: StatusWriter;
  readonly #endpointLife: EndpointLife;
  readonly #hostWriter: StatusWriter;
  readonly #waiters: AppliedWaiters;
  readonly #watched: readonly Watched[];
  readonly #background: Promise<void>[] = [];

  /** Reads the model from the store, and answers when the NVA can be asked. */
  static async start(options: NvaOptions): Promise<Nva> {
    const origins = new Origins(options.clock, options.tracer);
    const nva = new Nva({ ...options, store: origins.observed(options.store) }, origins);
    try {
      await loadChecked(nva.#load(), options.checked);
    } catch (error) {
      nva.#stop.abort(error);
      throw error;
    }
    nva.#begin();
    const { signal } = nva.#stop;
    nva.#background.push(
      nva.#follow(),
      keepHouse({ ...options, changes: nva.changes.index }, signal),
      nva.changes.watchConfirmations(signal),
      nva.#replicas.watchStore(signal),
      nva.#liveness.run(signal),
    );
    return nva;
  }

  private constructor(options: NvaOptions, origins: Origins) {
    this.#options = options;
    // Every call and every session that is being set up waits on it.
    setMaxListeners(0, this.#stop.signal);
    const { store, clock, log } = options;
    const catalog = this.#catalog;
    const quotas = (this.#quotas = this.#makeQuotas());
    const made = makeCollections({ ...options, catalog, index: this.#index, quotas });
    this.virtualNetworks = made.virtualNetworks;
    this.nves = made.nves;
    this.endpoints = made.endpoints;
    this.subnets = made.subnets;
    this.routers = made.routers;
    this.hostProfiles = made.hostProfiles;
    this.duplicates = made.duplicates;
    this.#watched = made.watched;
    this.changes = this.#makeChanges();
    const tenures = new Tenures(store, (nve) => {
      this.#lost(nve);
    });
    this.#tenures = tenures;
    this.#liveness = this.#makeLiveness();
    this.#observer = new Observer({
      ...{ clock, log, origins, catalog, absentees: this.#absentees },
      ...{ meter: options.meter, tracer: options.tracer, peers: store.peers },
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
      liveness: this.#liveness,
    });
    this.#nveWriter = nveWriter(options, NVE_STATUS_MS, tenures, this.#nveStatuses);
    this.#endpointLife = new EndpointLife({
      ...{ store, clock, log, catalog, index: this.#index, tenures },
      endpoints: this.endpoints,
      ...{ absentees: this.#absentees, duplicates: options.duplicates },
      connected: (nve) => this.#sessions.get(nve),
      signal: this.#stop.signal,
    });
    this.migrations = this.#endpointLife.migrations;
    this.#hostWriter = hostWriter(options, NVE_STATUS_MS, this.#offers);
    this.#sessions = this.#makeSessions();
    this.questions = this.#makeQuestions();
    this.#replicas = this.#makeReplicas();
    this.#waiters = this.#makeWaiters();
  }

  #makeQuotas(): Quotas {
    const { store, policy } = this.#options;
    return new Quotas({
      ...{ store, quotas: policy && (() => policy().quotas) },
      reached: (revision, signal) => this.#revisions.reached(revision, signal, this.#stop.signal),
    });
  }

  #makeChanges(): Changes {
    return new Changes({
      ...this.#options,
      ...{ catalog: this.#catalog, index: this.#index, quotas: this.#quotas },
      caughtUp: async (signal) => {
        const signals = [signal, this.#stop.signal];
        await this.#revisions.reached(await latestRevision(this.#options.store), ...signals);
        for (const each of signals) each.throwIfAborted();
      },
    });
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

  #makeLiveness(): Liveness {
    return new Liveness({
      ...this.#options,
      ...{ catalog: this.#catalog, index: this.#index, tenures: this.#tenures },
      connected: (nve) => this.#sessions.get(nve),
      changed: (nve, isOfEndpoints) => {
        this.#nveWriter.mark(nve);
        if (isOfEndpoints) this.#endpointLife.nveChanged(nve);
      },
    });
  }

  #makeQuestions(): Questions {
    const parts = { catalog: this.#catalog, index: this.#index, sessions: this.#sessions };
    const seen = { tenures: this.#tenures, observer: this.#observer, read: () => this.read() };
    return new Questions({ ...this.#options, ...parts, ...seen, stop: this.#stop.signal });
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
      ...{ tracer, clock, log },
      maySpeakFor: (identity, nve) => maySpeakFor(policy?.(), identity, nve),
      epoch: () => epochOf(store),
      caughtUp: (hello) => this.#replicas.caughtUp(hello, this.#stop.signal),
      index: this.#index,
      absentees: this.#absentees,
      revision: () => this.#catalog.revision,
      admit: (nve, nodeUuid, facts) => this.#nveStatuses.admit(nve, nodeUuid, facts),
      claimed: (nve) => this.#tenures.claimed(nve),
      ownClaim: (nve) => this.#tenures.ownClaim(nve),
      onProgress: (nve, keys) => {
        this.#progressed(nve, keys);
      },
      offerOf: (nve) => this.#offers.offerOf(nve),
      onHost: () => {
        this.#hostsChanged();
      },
      observer: this.#observer,
      onSightings: this.#endpointLife.saw,
      onDeparture: (nve, last) => {
        this.#endpointLife.departed(nve);
        if (this.#catalog.nve(nve) !== undefined) this.#nveStatuses.depart(nve, last);
      },
      onFacts: (nve, facts) => this.#nveStatuses.store(nve, facts),
    });
  }

  /** How much has been compiled, for tests. */
  get compileCounters(): Readonly<CompileCounters> {
    return this.#index.counters;
  }

  get observation(): ObservationApi {
    return observationApi(this.questions, this.#observer, this.#stop.signal);
  }

  /** How it stands now, for metrics. */
  read(): NvaReading {
    const writers = [this.#nveWriter, this.#endpointLife.writer, this.#hostWriter];
    return this.#observer.read(this.#index.counters, writers);
  }

  /** All that an NVE should have. */
  itemsOf(nve: string): Iterable<Item> {
    return this.#index.full(nve).values();
  }

  watch(request: WatchRequest, call: Call): AsyncGenerator<WatchEvent> {
    return eventsOf(this.watchBatches(request, call));
  }

  watchBatches(request: WatchRequest, call: Call): AsyncGenerator<EventBatch> {
    const { store, clock } = this.#options;
    return asWatch(this.#observer, call, this.#stop.signal, (until) =>
      watchResources(store, clock, this.#watched, request, until),
    );
  }

  async waitApplied(request: WaitAppliedRequest, call: Call): Promise<WaitAppliedResult> {
    const result = await this.#waiters.wait(request, call);
    // It was cut short; the next NVA knows better.
    if (!result.applied) this.#stop.signal.throwIfAborted();
    return result;
  }

  trace(request: TraceRequest, call: Call): Promise<TraceResult> {
    return this.questions.trace(request, call);
  }

  readCounters(endpoints: readonly string[], call: Call): Promise<readonly EndpointCounters[]> {
    return this.questions.readCounters(endpoints, call);
  }

  /** Runs the session of one NVE. @throws NfvError why it ended, for the NVE to know */
  readonly session = (stream: NvaSideStream, identity: Identity): Promise<void> =>
    this.#sessions.handle(stream, identity);

  /** Ends sessions and watches, and writes what is known of the NVEs. The store stays open. */
  async stop(): Promise<void> {
    this.#stop.abort(new NfvError('SHUTTING_DOWN', 'the NVA is stopping'));
    this.#waiters.close();
    this.changes.close();
    this.#sessions.close(new NfvError('SHUTTING_DOWN', 'the NVA is stopping'));
    await Promise.all(this.#background);
    const writers = [this.#nveWriter, this.#endpointLife, this.#hostWriter];
    await Promise.all(writers.map((writer) => writer.close()));
  }

  async #load(): Promise<void> {
    const { store } = this.#options;
    const digests = await this.#catalog.load(store, this.#stop.signal, (change) => {
      this.#quotas.apply(change);
      if (change.kind === 'HostProfile') this.#offers.set(change.id, change.after);
      else this.#index.load(change);
    });
    await this.changes.load(this.#stop.signal);
    this.#revisions.advance(this.#catalog.revision);
    if (store.peers !== undefined) await this.#loadTenures(store.peers);
    for (const [nve, digest] of digests) this.#absentees.remember(nve, digest);
  }

  /** Takes up what an earlier process left. */
  #begin(): void {
    this.#endpointLife.resume();
    this.#anyNveMayDiffer();
    this.#hostsChanged();
  }

  /** From what the store says of it: after a start, none has a session here yet. */
  #anyNveMayDiffer(): void {
    for (const [nve] of this.#catalog.nves()) this.#nveWriter.mark(nve);
  }

  /** Until the NVA stops. */
  #follow(): Promise<void> {
    return followStore(
      {
        ...this.#options,
        catalog: this.#catalog,
        took: (revision, changes, events) => {
          for (const event of events) this.#tenures.saw(event, revision);
          for (const event of events) this.changes.saw(event);
          this.#committed(revision, changes, events);
          for (const event of events) this.#heard(event);
        },
        reload: async (revision, signal) => {
          await this.#tenures.load(revision, signal);
          await this.changes.load(signal);
          this.#anyNveMayDiffer();
        },
      },
      this.#stop.signal,
    );
  }

  async #loadTenures(peers: Peers): Promise<void> {
    await this.#tenures.load(this.#catalog.revision, this.#stop.signal);
    const end = peers.onChange(() => {
      for (const nve of this.#tenures.orphans()) this.#nveWriter.mark(nve);
    });
    this.#stop.signal.addEventListener('abort', end, { once: true });
  }

  #heard(event: StoreEvent): void {
    markTakenForGone(event, this.#sessions, this.#nveWriter);
    const nve = settledElsewhere(event, this.#absentees, this.#tenures, this.#index);
    if (nve === undefined) return;
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
      this.#quotas.apply(change);
      if (change.kind === 'HostProfile') this.#offers.set(change.id, change.after);
    }
    const compiled = changes.filter(isCompiled);
    const deltas = this.#observer.compile(compiled, by, () => this.#index.applyAll(compiled));
    this.#sessions.deliver(deltas, revision, by?.origin?.trace);
    this.#observer.compiled(compiled, deltas, by);
    for (const change of compiled) {
      this.#endpointLife.committed(change);
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
    this.#endpointLife.progressed(nve, keys);
    this.#nveWriter.mark(nve);
    this.#observer.progressed(nve, keys);
    this.#waiters.progressed(nve);
  }
}
