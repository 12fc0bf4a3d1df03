/** What an NVA tells Prometheus: docs/observability.md. */
import type { NvaMeter } from '../nva/observing/observer.js';
import type { NveStatistics } from '../model/observation.js';
import type { NvaReading } from '../nva/reading.js';
import type { CallEnd } from '../rpc/handlers.js';
import type { StoreObserver } from '../store/observed.js';
import type { Metrics } from './registry.js';
import { setCounter, setGauge } from './registry.js';

const STATES = ['IN_SYNC', 'SYNCING', 'DEGRADED', 'DISCONNECTED', 'DEAD', 'ELSEWHERE'] as const;

/** Of each NVE a value. */
const OF_NVES = [
  {
    name: 'nfvd_nva_nve_lag_revisions',
    help: 'Revisions of the store from the first that the NVE lacks something of to now',
    value: ({ lagRevisions }: NveStatistics) => lagRevisions,
  },
  {
    name: 'nfvd_nva_nve_lag_seconds',
    help: 'Age of the oldest change that the NVE has not applied',
    value: ({ lagMs }: NveStatistics) => lagMs / 1000,
  },
  {
    name: 'nfvd_nva_session_pending_items',
    help: 'Changed items that wait to be sent to the NVE',
    value: ({ pendingItems }: NveStatistics) => pendingItems,
  },
  {
    name: 'nfvd_nva_session_deltas_in_flight',
    help: 'Deltas that the NVE has been sent and has not stored yet',
    value: ({ deltasInFlight }: NveStatistics) => deltasInFlight,
  },
] as const;

export class NvaMetrics implements NvaMeter {
  readonly #metrics: Metrics;
  readonly #attached;
  readonly #rpcs;
  readonly #rpcSeconds;

  /** @param read how the NVA stands; undefined: it is not up yet */
  constructor(metrics: Metrics, read: () => NvaReading | undefined) {
    this.#metrics = metrics;
    this.#attached = metrics.histogram({
      name: 'nfvd_nva_attach_applied_seconds',
      help: 'From the commit of an endpoint until all its NVEs have reported it applied',
      labels: [],
    });
    this.#rpcs = metrics.counter({
      name: 'nfvd_nva_rpcs_total',
      help: 'Calls of clients and of other replicas that have ended, by method and error code',
      labels: ['method', 'code'],
    });
    this.#rpcSeconds = metrics.histogram({
      name: 'nfvd_nva_rpc_duration_seconds',
      help: 'Duration of the calls that have one answer',
      labels: ['method'],
    });
    const samples = [this.#ofNves(), this.#ofTheNva(), this.#ofQueues()];
    metrics.onRender(() => {
      const reading = read();
      if (reading !== undefined) for (const sample of samples) sample(reading);
    });
  }

  attached(seconds: number): void {
    this.#attached.observe(seconds);
  }

  called({ path, milliseconds, error, isStream }: CallEnd): void {
    const method = path.slice(path.lastIndexOf('/') + 1);
    this.#rpcs.inc({ method, code: error?.code ?? 'OK' });
    if (!isStream) this.#rpcSeconds.observe({ method }, milliseconds / 1000);
  }

  /** @param backend `embedded`, `etcd` */
  storeObserver(backend: string): StoreObserver {
    const seconds = this.#metrics.histogram({
      name: 'nfvd_nva_store_duration_seconds',
      help: 'Duration of operations on the store; txn is a commit, until it is durable',
      labels: ['backend', 'operation'],
    });
    const failures = this.#metrics.counter({
      name: 'nfvd_nva_store_failures_total',
      help: 'Operations on the store that have failed',
      labels: ['backend', 'operation'],
    });
    return (operation) => {
      const ended = seconds.startTimer({ backend, operation });
      return ({ ok }) => {
        ended();
        if (!ok) failures.inc({ backend, operation });
      };
    };
  }

  #ofNves(): (reading: NvaReading) => void {
    const gauges = OF_NVES.map(({ name, help, value }) => {
      return { gauge: this.#metrics.gauge({ name, help, labels: ['nve'] }), value };
    });
    return ({ nves }) => {
      for (const { gauge, value } of gauges) {
        setGauge(
          gauge,
          nves.map((each) => [{ nve: each.nve }, value(each)]),
        );
      }
    };
  }

  #ofTheNva(): (reading: NvaReading) => void {
    const states = this.#metrics.gauge({
      name: 'nfvd_nva_nves',
      help: 'NVEs by the state of their session',
      labels: ['state'],
    });
    const revision = this.#metrics.gauge({
      name: 'nfvd_nva_revision',
      help: 'Revision of the store up to which all is compiled',
      labels: [],
    });
    const compiles = this.#metrics.counter({
      name: 'nfvd_nva_compiles_total',
      help: 'Compilations: of all items of an NVE, of their number and digest, of one network or router for it, of one endpoint',
      labels: ['scope'],
    });
    return (reading) => {
      const count = (state: string): number =>
        reading.nves.filter((each) => each.state === state).length;
      setGauge(
        states,
        STATES.map((state) => [{ state }, count(state)]),
      );
      revision.set(reading.revision);
      const { full, sum, member, endpoint } = reading.compiles;
      setCounter(compiles, [
        [{ scope: 'full' }, full],
        [{ scope: 'sum' }, sum],
        [{ scope: 'member' }, member],
        [{ scope: 'endpoint' }, endpoint],
      ]);
    };
  }

  #ofQueues(): (reading: NvaReading) => void {
    const watchers = this.#metrics.gauge({
      name: 'nfvd_nva_watchers',
      help: 'Watches of clients under way',
      labels: [],
    });
    const attaches = this.#metrics.gauge({
      name: 'nfvd_nva_attaches_open',
      help: 'Endpoints that have not been applied by all their NVEs since they changed',
      labels: [],
    });
    const unmeasured = this.#metrics.counter({
      name: 'nfvd_nva_attaches_unmeasured_total',
      help: 'Endpoints of which it is not known how long that took: more than 10,000 were open',
      labels: [],
    });
    const statuses = this.#metrics.gauge({
      name: 'nfvd_nva_statuses_waiting',
      help: 'Statuses that wait to be written to the store',
      labels: ['collection'],
    });
    return (reading) => {
      watchers.set(reading.watchers);
      attaches.set(reading.attachesUnderWay);
      setCounter(unmeasured, [[{}, reading.attachesGivenUp]]);
      setGauge(
        statuses,
        [...reading.statusesWaiting].map(([collection, waiting]) => [{ collection }, waiting]),
      );
    };
  }
}
