/** What is asked of NVEs: of those with a session here, and by way of the other replicas of all. */
import type { Call } from '../model/api.js';
import type { NvaStatistics } from '../model/observation.js';
import type { ReplicaApi } from '../model/replica.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../model/trace.js';
import type { Catalog } from './catalog.js';
import type { CompileIndex } from './compiler/compile-index.js';
import { Everywhere } from './everywhere.js';
import type { Observer } from './observer.js';
import type { NvaOptions } from './options.js';
import { OtherReplicas } from './other-replicas.js';
import { OwnSessions } from './own-sessions.js';
import { portsOf } from './read-counters.js';
import type { Sessions } from './sessions.js';
import type { Tenures } from './tenures.js';
import { trace, traceDeps, type TraceDeps } from './trace.js';

export interface QuestionsDeps extends Pick<NvaOptions, 'store' | 'clock' | 'log' | 'replicas'> {
  readonly catalog: Catalog;
  readonly index: CompileIndex;
  readonly sessions: Pick<Sessions, 'get'>;
  readonly observer: Pick<Observer, 'share'>;
  readonly tenures: Pick<Tenures, 'whereIs'>;
}

export class Questions {
  /** What other replicas may ask. */
  readonly own: ReplicaApi;
  readonly #everywhere: Everywhere;
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
  }: QuestionsDeps) {
    const own = new OwnSessions(sessions, observer);
    this.own = own;
    this.#everywhere = new Everywhere({
      own,
      others: new OtherReplicas({ clock, log, peers: store.peers, access: replicas }),
      whereIs: (nve) => tenures.whereIs(nve),
    });
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

  /** Of all replicas that answer. @param own of this one */
  statistics(own: NvaStatistics, call: Call): Promise<NvaStatistics> {
    return this.#everywhere.statistics(own, call);
  }
}
