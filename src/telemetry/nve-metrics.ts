/** What an agent tells Prometheus: docs/observability.md. */
import type { NfvError } from '../errors.js';
import { DATAPLANE_SESSIONS } from '../model/dataplane-status.js';
import type { Drift } from '../model/nve.js';
import type { NveMeter, NveReading } from '../nve/meter.js';
import { setCounter, setGauge, type Metrics } from './registry.js';

const SESSION_STATES = ['connecting', 'comparing', 'inStep', 'waiting', 'stopped'] as const;
const VPP_STATES = [
  ...(['disconnected', 'connecting', 'binding', 'ready', 'degraded', 'lost'] as const),
];

/** How the client of VPP stands. */
export interface VppReading {
  readonly state: string;
  /** Calls that VPP owes an answer. */
  readonly inFlight: number;
  /** Calls that wait for their turn. */
  readonly waiting: number;
}

/** Tells the end of a request. */
export type Ended = (error: NfvError | undefined) => void;

export class NveMetrics implements NveMeter {
  readonly #metrics: Metrics;
  readonly #passes;
  readonly #failedPasses;
  readonly #steps;
  readonly #drifts;

  /** @param read how the agent stands; undefined: it is not up yet */
  constructor(metrics: Metrics, read: () => NveReading | undefined) {
    this.#metrics = metrics;
    this.#passes = metrics.histogram({
      name: 'nfvd_nve_reconcile_duration_seconds',
      help: 'Duration of a pass: observe, plan, apply, read back. full: of everything',
      labels: ['scope'],
    });
    this.#failedPasses = metrics.counter({
      name: 'nfvd_nve_reconcile_failures_total',
      help: 'Passes that could not be done, or not be read back',
      labels: [],
    });
    this.#steps = metrics.counter({
      name: 'nfvd_nve_reconcile_steps_total',
      help: 'Steps begun: creations, updates and removals of items',
      labels: [],
    });
    this.#drifts = metrics.counter({
      name: 'nfvd_nve_drifts_total',
      help: 'Items found changed behind the agent, by what was done about it',
      labels: ['action'],
    });
    for (const action of ['REPAIRED', 'FAILED', 'REPORTED']) this.#drifts.inc({ action }, 0);
    const samples = [this.#ofItems(), this.#ofSession(), this.#ofDataplane()];
    metrics.onRender(() => {
      const reading = read();
      if (reading !== undefined) for (const sample of samples) sample(reading);
    });
  }

  passed({ isFull, steps, durationMs }: Parameters<NveMeter['passed']>[0]): void {
    this.#passes.observe({ scope: isFull ? 'full' : 'some' }, durationMs / 1000);
    this.#steps.inc(steps);
  }

  passFailed(): void {
    this.#failedPasses.inc();
  }

  drifted(drifts: readonly Drift[]): void {
    for (const { action } of drifts) this.#drifts.inc({ action });
  }

  /** @returns what is told of each command of iproute2 */
  commands(): (program: string) => Ended {
    const commands = this.#metrics.counter({
      name: 'nfvd_nve_kernel_commands_total',
      help: 'Commands of iproute2 to the kernel, queries included, by error code',
      labels: ['program', 'code'],
    });
    return (program) => (error) => {
      commands.inc({ program, code: error?.code ?? 'OK' });
    };
  }

  /** @returns what is told of each call of VPP */
  vppCalls(): (message: string) => Ended {
    const calls = this.#metrics.counter({
      name: 'nfvd_nve_vpp_calls_total',
      help: 'Calls of the binary API of VPP, by message and error code',
      labels: ['message', 'code'],
    });
    const seconds = this.#metrics.histogram({
      name: 'nfvd_nve_vpp_call_duration_seconds',
      help: 'Duration of the calls of VPP, the wait for their turn included',
      labels: [],
    });
    return (message) => {
      const ended = seconds.startTimer();
      return (error) => {
        ended();
        calls.inc({ message, code: error?.code ?? 'OK' });
      };
    };
  }

  vppClient(read: () => VppReading): void {
    const states = this.#metrics.gauge({
      name: 'nfvd_nve_vpp_client_state',
      help: '1 for the state that the client of VPP is in, 0 for the others',
      labels: ['state'],
    });
    const inFlight = this.#metrics.gauge({
      name: 'nfvd_nve_vpp_calls_in_flight',
      help: 'Calls that VPP owes an answer',
      labels: [],
    });
    const waiting = this.#metrics.gauge({
      name: 'nfvd_nve_vpp_calls_waiting',
      help: 'Calls of VPP that wait for their turn',
      labels: [],
    });
    this.#metrics.onRender(() => {
      const reading = read();
      setGauge(states, oneOf(VPP_STATES, reading.state));
      inFlight.set(reading.inFlight);
      waiting.set(reading.waiting);
    });
  }

  /** @param heartbeat of VPP's statistics; undefined: they cannot be read. It does not throw */
  vppStats(heartbeat: () => Promise<number | undefined>): void {
    const up = this.#metrics.gauge({
      name: 'nfvd_nve_vpp_stats_up',
      help: '1: the statistics segment of VPP can be read',
      labels: [],
    });
    const beats = this.#metrics.counter({
      name: 'nfvd_nve_vpp_stats_heartbeats_total',
      help: 'Heartbeat of the statistics segment: it grows as long as the main thread of VPP is alive',
      labels: [],
    });
    this.#metrics.onRender(async () => {
      const beat = await heartbeat();
      up.set(beat === undefined ? 0 : 1);
      setCounter(beats, [[{}, beat ?? 0]]);
    });
  }

  #ofItems(): (reading: NveReading) => void {
    const items = this.#metrics.gauge({
      name: 'nfvd_nve_items',
      help: 'Items that the NVA wants here; those of them applied, failed, and drifted and left alone',
      labels: ['state'],
    });
    const revision = this.#metrics.gauge({
      name: 'nfvd_nve_revision',
      help: 'Revision of the NVA: of what is wanted, and up to which all has been tried',
      labels: ['of'],
    });
    return ({ items: { wanted, applied, failed }, driftedItems, ...of }) => {
      const states = { wanted, applied, failed, drifted: driftedItems };
      setGauge(
        items,
        Object.entries(states).map(([state, count]) => [{ state }, count]),
      );
      revision.set({ of: 'wanted' }, of.revision);
      revision.set({ of: 'settled' }, of.settledRevision);
    };
  }

  #ofSession(): (reading: NveReading) => void {
    const states = this.#metrics.gauge({
      name: 'nfvd_nve_session_state',
      help: '1 for the state that the session with the NVA is in, 0 for the others',
      labels: ['state'],
    });
    const waiting = this.#metrics.gauge({
      name: 'nfvd_nve_session_pending_reports',
      help: 'Reports of items that wait to be sent to the NVA',
      labels: [],
    });
    return ({ session, reportsWaiting }) => {
      setGauge(states, oneOf(SESSION_STATES, session));
      waiting.set(reportsWaiting);
    };
  }

  #ofDataplane(): (reading: NveReading) => void {
    const states = this.#metrics.gauge({
      name: 'nfvd_nve_dataplane_state',
      help: '1 for how the agent stands with its dataplane, 0 for the others',
      labels: ['state'],
    });
    const restarts = this.#metrics.counter({
      name: 'nfvd_nve_dataplane_restarts_total',
      help: 'Times that the dataplane was found started anew',
      labels: [],
    });
    return ({ dataplane }) => {
      if (dataplane === undefined) return;
      setGauge(states, oneOf(DATAPLANE_SESSIONS, dataplane.session));
      setCounter(restarts, [[{}, dataplane.restarts]]);
    };
  }
}

function oneOf(states: readonly string[], is: string): [{ state: string }, number][] {
  return states.map((state) => [{ state }, state === is ? 1 : 0]);
}
