/** What is asked of NVEs: of those with a session here, and by way of the other replicas of all. */
import type { Call, ObservationApi } from '../../model/api.js';
import type { EventsRequest, NvaEvent, NvaStatistics } from '../../model/observation.js';
import type { ReplicaApi } from '../../model/replica.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../../model/trace.js';
import type { Catalog } from '../catalog.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import { EventsEverywhere } from './events-everywhere.js';
import { Everywhere } from './everywhere.js';
import type { Observer } from '../observing/observer.js';
import type { NvaOptions } from '../options.js';
import { OtherReplicas } from './other-replicas.js';
import { OwnSessions } from './own-sessions.js';
import { portsOf } from './read-counters.js';
import type { NvaReading } from '../reading.js';
import type { Sessions } from '../sessions/sessions.js';
import type { Tenures } from '../sessions/tenures.js';
import { trace, traceDeps, type TraceDeps } from '../trace/trace.js';

export interface QuestionsDeps extends Pick<NvaOptions, 'store' | 'clock' | 'log' | 'replicas'> {
  readonly catalog: Catalog;
  readonly index: CompileIndex;
  readonly sessions: Pick<Sessions, 'get'>;
  readonly observer: Pick<Observer, 'share' | 'events'>;
  readonly tenures: Pick<Tenures, 'whereIs'>;
  /** How this one stands now. */
  readonly read: () => NvaReading;
  /** Ends what other replicas listen to, and what is kept of those that did not answer. */
  readonly stop: AbortSignal;
}

export class Questions implements ObservationApi {
  /** What other replicas may ask. */
  readonly own: ReplicaApi;
  readonly #everywhere: Everywhere;
  readonly #events: EventsEverywhere;
  readonly #read: () => NvaReading;
  readonly #deps: TraceDeps;

  constructor({
    store,
    clock,
    log,
    replicas,
    catalog,
    index,
    sessions,
    tenures,
    observer,
    stop,
    read,
  }: QuestionsDeps) {
    this.#read = read;
    const run = store.peers?.self ?? '';
    const own = new OwnSessions({ sessions, observer, run, stop });
    const others = new OtherReplicas({ clock, log, peers: store.peers, access: replicas, stop });
    this.own = own;
    this.#everywhere = new Everywhere({
      own,
      others,
      whereIs: (nve) => tenures.whereIs(nve),
    });
    this.#events = new EventsEverywhere({ clock, others, all: observer.events.all });
    this.#deps = traceDeps(catalog, index, (question, call) =>
      this.#everywhere.traceNve(question, call),
    );
  }

  /** @throws NfvError NOT_FOUND */
  trace(request: TraceRequest, call: Call): Promise<TraceResult> {
    return trace(request, this.#deps, call);
  }

  /** @throws NfvError NOT_FOUND, INVALID_FIELD */
  async readCounters(ids: readonly string[], call: Call): Promise<readonly EndpointCounters[]> {
    const ports = portsOf(ids, (id) => this.#deps.endpoint(id));
    return this.#everywhere.countPorts(ports, call);
  }

  /** Of all replicas that answer. */
  statistics(call: Call): Promise<NvaStatistics> {
    return this.#everywhere.statistics(this.#read(), call);
  }

  /** Of all replicas that answer. */
  events(request: EventsRequest, call: Call): AsyncIterable<NvaEvent> {
    return this.#events.read(request, call);
  }
}
