/**
 * NVEs that are gone: without a session for a while they are looked for by their peers, over the
 * underlay; one that those cannot reach either is dead, and the others stop sending to it until it has
 * a session again. The end of a session, or of a lease, never withdraws anything by itself, and where
 * many are gone at once nothing is withdrawn.
 */
import { NfvError } from '../../errors.js';
import { delay, timestamp, type Clock } from '../../model/clock.js';
import { errorFields, type Log } from '../../model/log.js';
import type { NveState, NveStatus } from '../../model/nve.js';
import type { Compare, Store } from '../../store/store.js';
import type { Catalog } from '../catalog.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import { sessionKey } from '../keys.js';
import type { Session } from '../sessions/session.js';
import type { Connected } from '../sessions/sessions.js';
import type { Tenures } from '../sessions/tenures.js';
import { probe, type ProbingDeps } from './probing.js';
import { mostLost, type Verdict } from './verdict.js';
import { Withdrawals } from './withdrawals.js';

export interface LivenessTuning {
  /** Without a session for so long, an NVE is looked for; milliseconds. */
  readonly deadAfterMs: number;
  /** At most so many peers look for it. */
  readonly probers: number;
  /** Nothing is withdrawn while a larger share of the NVEs is without a session, in [0, 1], */
  readonly maxLostShare: number;
  /** and more than so many. */
  readonly minLost: number;
}

export interface LivenessDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: nothing is withdrawn, and what was is restored. */
  readonly liveness?: LivenessTuning;
  readonly catalog: Pick<Catalog, 'nves' | 'nve' | 'isWithdrawn' | 'sessionlessSince'>;
  readonly index: Pick<CompileIndex, 'pathsTo'>;
  readonly tenures: Pick<Tenures, 'claimed' | 'isElsewhere'>;
  readonly connected: (nve: string) => Connectable | undefined;
  /** What is said of it may be another thing now; of its endpoints too if it was found dead, or is back. */
  readonly changed: (nve: string, isOfEndpoints: boolean) => void;
}

/** What of a session the probing needs. */
interface Connectable extends Pick<Connected, 'probesUnderlay'> {
  readonly session: { readonly queries: Pick<Session['queries'], 'ask'> };
}

type Standing = Pick<NveStatus, 'state' | 'reasonCode' | 'reason'>;

interface Gone {
  /** Monotonic, milliseconds. */
  readonly since: number;
  nextProbe: number;
  attempts: number;
  probing: boolean;
  /** Of the last probe, or why there is none. */
  opinion: Pick<Standing, 'reasonCode' | 'reason'>;
}

const LOOK_MS = 500;
const PROBE_AGAIN_MS = 5000;
/** NVEs that are looked for at a time. */
const MAX_PROBING = 16;
const NO_OPINION = { reasonCode: '', reason: '' };

export class Liveness {
  readonly #withdrawals: Withdrawals;
  readonly #gone = new Map<string, Gone>();
  /** As `changed` was last told. */
  readonly #dead = new Set<string>();
  readonly #probing = new Set<Promise<void>>();

  constructor(private readonly deps: LivenessDeps) {
    this.#withdrawals = new Withdrawals(deps.store);
  }

  /** What is said of an NVE that has no session here. */
  async standingOf(nve: string): Promise<Standing> {
    const withdrawal = await this.#withdrawals.get(nve);
    if (withdrawal === undefined) {
      const { reasonCode, reason } = this.#gone.get(nve)?.opinion ?? NO_OPINION;
      return standing('DISCONNECTED', reasonCode, reason);
    }
    const { time, witnesses } = withdrawal;
    const reason = `since ${time} nobody sends to it: not reached by ${witnesses.join(', ')}`;
    return standing('DEAD', 'NVE_DEAD', reason);
  }

  /** It has a session: others send to it again. */
  async restore(nve: string): Promise<void> {
    if (!(await this.#withdrawals.remove(nve))) return;
    this.deps.log.info({ nve }, 'the NVE is back: its mappings are restored');
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.deps;
    while (!signal.aborted) {
      try {
        await this.#look(signal);
      } catch (thrown) {
        log.warn(errorFields(NfvError.from(thrown)), 'cannot judge which NVEs are dead');
      }
      await delay(clock, LOOK_MS, signal).catch(() => undefined);
    }
    await Promise.all(this.#probing);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { catalog, liveness: tuning, connected } = this.deps;
    let known = 0;
    for (const [nve, { nodeUuid }] of catalog.nves()) {
      // One that no agent ever spoke for is not missed.
      if (nodeUuid !== '') known++;
      this.#note(nve, nodeUuid !== '');
    }
    for (const nve of this.#gone.keys()) if (catalog.nve(nve) === undefined) this.#gone.delete(nve);
    for (const [nve] of catalog.nves()) {
      const isBack = tuning === undefined || connected(nve) !== undefined;
      if (isBack && catalog.isWithdrawn(nve)) await this.restore(nve);
    }
    if (tuning !== undefined) this.#probeDue(known, tuning, signal);
  }

  #note(nve: string, isKnown: boolean): void {
    const { catalog, clock, changed } = this.deps;
    if (catalog.isWithdrawn(nve) !== this.#dead.has(nve)) {
      if (catalog.isWithdrawn(nve)) this.#dead.add(nve);
      else this.#dead.delete(nve);
      changed(nve, true);
    }
    if (!isKnown || this.#isPresent(nve)) {
      this.#gone.delete(nve);
    } else if (!this.#gone.has(nve)) {
      const common = { nextProbe: 0, attempts: 0, probing: false, opinion: NO_OPINION };
      this.#gone.set(nve, { since: clock.monotonic(), ...common });
    }
  }

  /** It has a session, here or with another replica. */
  #isPresent(nve: string): boolean {
    const { connected, tenures, catalog } = this.deps;
    if (connected(nve) !== undefined) return true;
    return tenures.isElsewhere(nve) && catalog.sessionlessSince(nve) <= tenures.claimed(nve);
  }

  #probeDue(known: number, tuning: LivenessTuning, signal: AbortSignal): void {
    const now = this.deps.clock.monotonic();
    const most = mostLost(known, tuning.maxLostShare, tuning.minLost);
    for (const [nve, gone] of this.#gone) {
      if (now - gone.since < tuning.deadAfterMs || this.#dead.has(nve)) continue;
      if (this.#gone.size > most) {
        // How many they are is no part of it: with thousands that moves all the time.
        const limit = `${Math.round(tuning.maxLostShare * 100)} % of the NVEs, and more than ${tuning.minLost}`;
        const reason = `more than ${limit}, have no session: nothing is withdrawn`;
        this.#think(nve, gone, { reasonCode: 'NVE_LOSS_HELD', reason });
        continue;
      }
      if (gone.probing || now < gone.nextProbe || this.#probing.size >= MAX_PROBING) continue;
      this.#begin(nve, gone, tuning, signal);
    }
  }

  #begin(nve: string, gone: Gone, tuning: LivenessTuning, signal: AbortSignal): void {
    const { log, clock } = this.deps;
    gone.probing = true;
    const task = this.#judge(nve, gone, tuning, signal)
      .catch((thrown: unknown) => {
        log.warn({ nve, ...errorFields(NfvError.from(thrown)) }, 'cannot tell whether it is dead');
      })
      .finally(() => {
        gone.probing = false;
        gone.attempts++;
        gone.nextProbe = clock.monotonic() + PROBE_AGAIN_MS;
        this.#probing.delete(task);
      });
    this.#probing.add(task);
  }

  async #judge(
    nve: string,
    gone: Gone,
    { probers }: LivenessTuning,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, log, tenures } = this.deps;
    const specRevision = await this.#withdrawals.specRevision(nve);
    const guard = guardOf(tenures, nve, this.deps.store);
    const verdict = await probe(nve, probers, gone.attempts, this.#probingDeps(), signal);
    if (signal.aborted || this.#gone.get(nve) !== gone || this.#isPresent(nve)) return;
    if (verdict.kind !== 'dead') {
      this.#think(nve, gone, opinionOf(verdict));
      return;
    }
    const { witnesses } = verdict;
    const withdrawal = { time: timestamp(clock.now()), witnesses };
    if (!(await this.#withdrawals.put(nve, specRevision, guard, withdrawal))) return;
    log.warn({ nve, witnesses }, 'the NVE is dead: its mappings are withdrawn from the others');
  }

  *#presentVteps(except: readonly string[]): Generator<string> {
    for (const [nve, { vtepAddresses }] of this.deps.catalog.nves()) {
      if (!except.includes(nve) && this.#isPresent(nve)) yield* vtepAddresses;
    }
  }

  #think(nve: string, gone: Gone, opinion: Gone['opinion']): void {
    const isNews = gone.opinion.reason !== opinion.reason;
    const isOther = gone.opinion.reasonCode !== opinion.reasonCode;
    gone.opinion = opinion;
    if (isNews) this.deps.changed(nve, false);
    const { reasonCode: code, reason } = opinion;
    if (isOther) this.deps.log.warn({ nve, code, reason }, 'an NVE without a session stays');
  }

  #probingDeps(): ProbingDeps {
    const { index, connected } = this.deps;
    return {
      pathsTo: (nve) => index.pathsTo(nve),
      prober: (nve) => {
        const session = connected(nve);
        return session?.probesUnderlay === true
          ? { nve, queries: session.session.queries }
          : undefined;
      },
      // Of those with other replicas, too: this one may have no more than one prober.
      presentVteps: (except) => this.#presentVteps(except),
    };
  }
}

/** As it stands before anybody is asked. */
function guardOf(
  tenures: LivenessDeps['tenures'],
  nve: string,
  { peers }: Store,
): Compare | undefined {
  if (peers === undefined) return undefined;
  return { kind: 'revision', key: sessionKey(nve), revision: tenures.claimed(nve) };
}

function opinionOf(verdict: Exclude<Verdict, { kind: 'dead' }>): Gone['opinion'] {
  const reason =
    verdict.kind === 'reached'
      ? `${verdict.by} reaches its host: its mappings stay`
      : 'no peer with a session here can tell whether its host is dead: its mappings stay';
  return { reasonCode: 'NVE_DISCONNECTED', reason };
}

function standing(state: NveState, reasonCode: string, reason: string): Standing {
  return { state, reasonCode, reason };
}
