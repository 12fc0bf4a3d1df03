/**
 * The agent of one host: keeps its dataplane equal to its last good configuration, and that equal
 * to what the NVA wants, whenever there is one to be reached.
 */
import { NfvError } from '../errors.js';
import type { AddressSighting } from '../model/allowed-address.js';
import type { Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';
import type { DataplaneStatus } from '../model/dataplane-status.js';
import type { HostStatus, OfferedProfile } from '../model/host/offer.js';
import type { Capabilities, Drift, Underlay } from '../model/nve.js';
import { PROTOCOL_VERSION, type Delta, type Epoch, type Hello } from '../model/southbound.js';
import type { NveSideStream } from '../rpc/nve-client.js';
import {
  NO_ANSWER,
  type Query,
  type QueryAnswer,
  type Reach,
  type UnderlayPath,
} from '../model/query.js';
import type { Dataplane } from '../reconcile/dataplane.js';
import { spanned, traceFields, type Tracer } from '../model/tracing.js';
import { withDeadline } from '../reconcile/deadline.js';
import { Reconciler, type ReconcilerStatus } from '../reconcile/engine.js';
import type { ReconcilerEvent, ReconcilerTuning, Reports } from '../reconcile/options.js';
import type { Waits } from '../statemachine/nve-session.js';
import type { Store } from '../store/store.js';
import { AddressSightings } from './address-sightings.js';
import { ApplyTraces } from './apply-traces.js';
import { LastGood } from './last-good.js';
import type { NveMeter, NveReading } from './meter.js';
import type { Returning } from './returning.js';
import { SessionRunner } from './session-runner.js';
import { Trouble } from './trouble.js';
import { Workload } from './workload.js';

/** Who keeps the host profile that the NVA offers. */
export interface OfferTaker {
  /** Stores it. @throws NfvError */
  take(offer: OfferedProfile): Promise<void>;
  onStatus(listener: (status: HostStatus) => void): void;
}

export interface AgentOptions {
  /** The NVE's id. */
  readonly name: string;
  readonly agentVersion: string;
  /** The agent's own; closed by whoever opened it. */
  readonly store: Store;
  readonly dataplane: Dataplane;
  /** One function a replica of the NVA, in order of priority; at least one. */
  readonly replicas: readonly (() => NveSideStream)[];
  readonly tuning: ReconcilerTuning;
  /** Milliseconds: of the first wait after a session was lost, and of the longest. */
  readonly retry: Waits;
  /** Absent: the agent stays with the replica that it has found. */
  readonly returning?: Returning;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly makeUuid: () => string;
  readonly log: Log;
  /** Is told of what happens. */
  readonly meter?: NveMeter;
  readonly tracer?: Tracer;
  /** Absent: no host profile is wanted. */
  readonly host?: OfferTaker;
  /** Settles when items may be applied; absent: they may. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  /** Is told when there is much to do, and when that is done: room for it can be made meanwhile. */
  readonly onWorkload?: (isMuch: boolean) => void;
}

/** How often the host's addresses are looked at, in milliseconds. */
const UNDERLAY_MS = 10_000;

/** Reading counters may take so long, in milliseconds. */
const COUNTERS_MS = 5000;

/** Probes may take so long, in milliseconds. */
const REACH_MS = 5000;

/** Drifts of one pass that are logged one by one. */
const MAX_LOGGED = 20;

export class Agent {
  readonly #options: AgentOptions;
  readonly #lastGood: LastGood;
  readonly #reconciler: Reconciler;
  readonly #session: SessionRunner;
  readonly #stop = new AbortController();
  readonly #passTrouble: Trouble;
  readonly #traces: ApplyTraces;
  readonly #underlayTrouble: Trouble;
  readonly #workload: Workload;
  /** Absent: the dataplane cannot look for addresses. */
  readonly #sightings: AddressSightings | undefined;
  #underlays: readonly Underlay[] = [];
  #latestStatus: DataplaneStatus | undefined;
  /** Items that are not as wanted, and are left alone. */
  #leftAlone = 0;
  /** What the dataplane could do when it last said so: a slow one may not say it again. */
  #capabilities: Capabilities | undefined;
  #cancelTimer: () => void = () => undefined;

  /**
   * Takes up the last good configuration, then looks for the NVA.
   * @throws NfvError as `LastGood.open`
   */
  static async start(options: AgentOptions): Promise<Agent> {
    const { store, name, makeUuid } = options;
    const { lastGood, items } = await LastGood.open({ store, nve: name, makeUuid });
    const agent = new Agent(options, lastGood);
    const { complete, revision } = lastGood;
    agent.#workload.coming(items.length);
    agent.#reconciler.replace(items, complete, revision);
    agent.#sightings?.changed(items, [], () => undefined);
    agent.#begin();
    agent.#session.start();
    agent.#watchUnderlays();
    return agent;
  }

  #begin(): void {
    const { ready, log } = this.#options;
    if (ready === undefined) {
      this.#reconciler.start();
      return;
    }
    ready(this.#stop.signal).then(
      () => {
        this.#reconciler.start();
      },
      (thrown: unknown) => {
        if (this.#stop.signal.aborted) return;
        log.error(
          errorFields(NfvError.from(thrown)),
          'nothing is applied: it cannot be told whether the host is ready',
        );
      },
    );
  }

  private constructor(options: AgentOptions, lastGood: LastGood) {
    this.#options = options;
    this.#lastGood = lastGood;
    const { dataplane, clock, random, replicas, retry, tuning, log } = options;
    this.#passTrouble = new Trouble(clock);
    this.#traces = new ApplyTraces(options.tracer);
    this.#underlayTrouble = new Trouble(clock);
    this.#workload = new Workload(options.onWorkload);
    const watch = dataplane.addressWatch;
    const tell = (sighting: AddressSighting): void => {
      this.#session.sighted(sighting);
    };
    this.#sightings = watch && new AddressSightings({ watch, clock, log, tell });
    this.#reconciler = new Reconciler({
      ...tuning,
      dataplane,
      clock,
      random,
      onReports: ({ entries, settledRevision }: Reports) => {
        this.#session.report(entries, settledRevision);
        this.#sightings?.reported(entries);
      },
      onDrift: (drifts, total, leftAlone) => {
        this.#drifted(drifts, total, leftAlone);
      },
      onEvent: (event) => {
        this.#logPass(event);
      },
      around: this.#traces.around,
    });
    this.#session = new SessionRunner({
      replicas,
      clock,
      random,
      retry,
      log,
      ...(options.returning === undefined ? {} : { returning: options.returning }),
      agent: {
        hello: () => this.#hello(),
        epoch: () => lastGood.epoch,
        held: () => lastGood.entries(),
        confirm: (epoch) => this.#confirm(epoch),
        take: (storeId, delta, more) => this.#take(storeId, delta, more),
        failures: () => this.#reconciler.failures(),
        begun: () => {
          this.#sightings?.begun();
        },
        answer: (query) => this.#answer(query),
        offer: async (offer) => {
          await options.host?.take(offer);
        },
      },
    });
    options.host?.onStatus((status) => {
      this.#session.host(status);
    });
    dataplane.onStatus((status) => {
      void this.#dataplaneChanged(status);
    });
  }

  async #dataplaneChanged(status: DataplaneStatus): Promise<void> {
    this.#latestStatus = status;
    // With the next connection all may have to be made again.
    if (status.session === 'LOST') this.#workload.coming(this.#lastGood.size);
    const capabilities = await this.#readCapabilities().catch(() => this.#capabilities);
    if (capabilities === undefined) return;
    if (this.#latestStatus !== status || this.#stop.signal.aborted) return;
    this.#session.dataplane({ kind: 'dataplane_report', status, capabilities });
  }

  /** It may be another thing with each start of the dataplane. */
  async #readCapabilities(): Promise<Capabilities> {
    const { dataplane } = this.#options;
    this.#capabilities = await dataplane.capabilities(this.#stop.signal);
    return this.#capabilities;
  }

  async #answer({ what, keys, paths }: Query): Promise<QueryAnswer> {
    if (what === 'LOOK') return { ...NO_ANSWER, sights: await this.#reconciler.look(keys) };
    if (what === 'REACH') return { ...NO_ANSWER, reaches: await this.#reach(paths) };
    const { clock, dataplane } = this.#options;
    const deadline = { clock, ms: COUNTERS_MS, what: 'counters', signal: this.#stop.signal };
    const counters = await withDeadline(deadline, (signal) => dataplane.counters(keys, signal));
    return { ...NO_ANSWER, counters };
  }

  async #reach(paths: readonly UnderlayPath[]): Promise<readonly Reach[]> {
    const { dataplane, clock } = this.#options;
    if (dataplane.reach === undefined) {
      const detail = 'the dataplane cannot probe';
      return paths.map((path) => ({ ...path, state: 'UNKNOWN', detail }));
    }
    const probe = dataplane.reach.bind(dataplane);
    const deadline = { clock, ms: REACH_MS, what: 'probes', signal: this.#stop.signal };
    return withDeadline(deadline, (signal) => probe(paths, signal));
  }

  status(): ReconcilerStatus {
    return this.#reconciler.status();
  }

  /** How it stands now, for metrics. */
  read(): NveReading {
    const { counts: items, revision, settledRevision } = this.#reconciler.status();
    const { state: session, reportsWaiting } = this.#session;
    const common = { items, revision, settledRevision, session, reportsWaiting };
    return { ...common, driftedItems: this.#leftAlone, dataplane: this.#latestStatus };
  }

  /** Leaves the dataplane as it is. */
  async stop(): Promise<void> {
    this.#stop.abort(new NfvError('SHUTTING_DOWN', 'the agent is stopping'));
    this.#cancelTimer();
    this.#sightings?.stop();
    await this.#session.stop();
    await this.#reconciler.stop();
  }

  async #hello(): Promise<Hello> {
    const { name, agentVersion, dataplane } = this.#options;
    const [capabilities, underlays] = await Promise.all([
      this.#readCapabilities(),
      dataplane.underlays(this.#stop.signal),
    ]);
    this.#underlays = underlays;
    return {
      kind: 'hello',
      protocolVersions: [PROTOCOL_VERSION],
      nve: name,
      nodeUuid: this.#lastGood.nodeUuid,
      agentVersion,
      capabilities,
      underlays,
      epoch: this.#lastGood.epoch,
      revision: this.#lastGood.revision,
      digest: this.#lastGood.digest,
      itemCount: this.#lastGood.size,
      takesHostOffers: this.#options.host !== undefined,
      probesUnderlay: dataplane.reach !== undefined,
    };
  }

  async #confirm(epoch: Epoch): Promise<void> {
    const wasComplete = this.#lastGood.complete;
    await this.#lastGood.confirm(epoch);
    if (wasComplete) return;
    const { revision } = this.#lastGood;
    this.#reconciler.setWanted({ upserts: [], removes: [], complete: true, revision });
  }

  async #take(storeId: string, delta: Delta, more: boolean): Promise<void> {
    const { upserts, removes, complete, revision, sequence, traces = [] } = delta;
    const { log, tracer } = this.#options;
    const isComing = (): void => {
      this.#workload.coming(upserts.length + removes.length, more);
    };
    isComing();
    await spanned(tracer, 'store delta', traces, () => this.#lastGood.apply(storeId, delta));
    const counts = { upserts: upserts.length, removes: removes.length };
    log.debug({ sequence, revision, ...counts, ...traceFields(traces) }, 'delta stored');
    this.#traces.took(traces);
    // A pass that ended meanwhile knew nothing of it.
    isComing();
    this.#sightings?.changed(upserts, removes, (key) => this.#reconciler.wanted(key));
    this.#reconciler.setWanted({ upserts, removes, complete, revision, more });
  }

  #drifted(drifts: readonly Drift[], total: number, leftAlone: number): void {
    const { log, meter } = this.#options;
    this.#leftAlone = leftAlone;
    meter?.drifted(drifts);
    for (const { key, difference, action } of drifts.slice(0, MAX_LOGGED)) {
      log.warn({ key, difference, action }, 'drift');
    }
    const more = drifts.length - MAX_LOGGED;
    if (more > 0) log.warn({ more, total }, 'more drift');
    this.#session.drift(drifts, total, leftAlone);
  }

  #logPass(event: ReconcilerEvent): void {
    const { log, meter } = this.#options;
    if (event.kind === 'pass') {
      if (this.#reconciler.isSettled) this.#workload.done();
      meter?.passed(event);
      const { isFull, checked, steps, failed, plan, revision } = event;
      const durationMs = Math.round(event.durationMs);
      const fields = {
        ...{ isFull, checked, steps, failed, durationMs, planHash: plan.hash, revision },
        ...traceFields(this.#traces.current),
      };
      const isNews = steps > 0 || this.#passTrouble.isOn;
      this.#passTrouble.over();
      if (isNews) log.info(fields, 'reconciled');
      else log.debug(fields, 'pass');
      return;
    }
    const { kind, error, ...rest } = event;
    if (kind === 'pass_failed') meter?.passFailed();
    const level = this.#passTrouble.isNews(`${kind} ${error.code}`) ? 'error' : 'debug';
    const fields = { ...rest, ...errorFields(error) };
    if (kind === 'pass_failed') log[level](fields, 'pass failed');
    else log[level](fields, 'callback failed');
  }

  /** The MTU of an underlay can change without anything of ours being touched. */
  #watchUnderlays(): void {
    this.#cancelTimer = this.#options.clock.after(UNDERLAY_MS, () => {
      this.#checkUnderlays().then(
        () => {
          this.#underlayTrouble.over();
        },
        (thrown: unknown) => {
          const error = NfvError.from(thrown);
          if (this.#stop.signal.aborted || !this.#underlayTrouble.isNews(error.code)) return;
          this.#options.log.warn(errorFields(error), 'cannot read the addresses');
        },
      );
    });
  }

  async #checkUnderlays(): Promise<void> {
    try {
      const underlays = await this.#options.dataplane.underlays(this.#stop.signal);
      if (JSON.stringify(underlays) === JSON.stringify(this.#underlays)) return;
      this.#underlays = underlays;
      this.#session.underlays(underlays);
    } finally {
      if (!this.#stop.signal.aborted) this.#watchUnderlays();
    }
  }
}
