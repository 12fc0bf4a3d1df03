/** What is known of each NVE: bound to its agent, stored, and told when it lags. */
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import type { Laggard } from '../../model/api.js';
import { timestamp, type Clock } from '../../model/clock.js';
import type { DataplaneStatus } from '../../model/dataplane-status.js';
import type { HostStatus } from '../../model/host/offer.js';
import {
  NO_NVE_STATUS,
  type ItemFailure,
  type Nve,
  type NveSpec,
  type Underlay,
} from '../../model/nve.js';
import type { KeyValue, Store } from '../../store/store.js';
import { specKey, statusKey } from '../keys.js';
import { readNveStatus } from '../resources/nves.js';
import { decodeKv, etagOf, RECORDS, STATUS_RECORDS, type NveStatusRecord } from '../records.js';
import type { Resources } from '../resources/resources.js';
import type { Connected, NveFacts } from '../sessions/sessions.js';
import type { Liveness } from '../liveness/liveness.js';
import type { Tenures } from '../sessions/tenures.js';
import { awayCause, sessionStanding } from './session-standing.js';
import { StatusWriter, type StatusWriterDeps } from './status-writer.js';

export interface NveStatusesDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nves: Resources<NveSpec, Nve>;
  connected(nve: string): Connected | undefined;
  /** For an NVE without a session: the first revision it misses. */
  missed(nve: string): number | undefined;
  /** Resolves when the compiler has this revision. */
  compiled(revision: number): Promise<void>;
  readonly tenures: Pick<Tenures, 'claim' | 'claimed' | 'abandon' | 'guard' | 'isElsewhere'>;
  readonly liveness: Pick<Liveness, 'standingOf' | 'restore'>;
}

interface Departed {
  /** The revision of the claim of the session that is over. */
  readonly claim: number;
  readonly record: NveStatusRecord;
}

/** Its session has just begun. */
const BEGINNING = { state: 'SYNCING', reasonCode: '', reason: '' } as const;

/** What there is to tell of an NVE without a session. */
const AWAY = {
  code: 'NVE_DISCONNECTED',
  reason: 'its agent is not connected',
  appliedRevision: 0,
  failures: [],
} as const;

/** Attempts to write about an NVE that others are changing. */
const MAX_ATTEMPTS = 5;

export class NveStatuses {
  /** What was last known of NVEs whose session here is over. */
  readonly #departed = new Map<string, Departed>();

  constructor(private readonly deps: NveStatusesDeps) {}

  /** The session is over; this is what was last known. */
  depart(nve: string, last: Connected): void {
    const lastSeenTime = timestamp(this.deps.clock.now());
    const record = { ...this.#connectedRecord(last), lastSeenTime };
    this.#departed.set(nve, { claim: last.claim, record });
  }

  /** The NVE is no more. */
  forget(nve: string): void {
    this.#departed.delete(nve);
  }

  /**
   * Lets the agent in that is bound to this NVE; the first one is bound to it.
   * @returns the claim of its session
   * @throws NfvError NOT_FOUND, NVE_IDENTITY_MISMATCH, WRITE_CONFLICT
   */
  async admit(nve: string, nodeUuid: string, facts: NveFacts): Promise<number> {
    await this.#bind(nve, nodeUuid);
    const { tenures, liveness } = this.deps;
    const claim = await tenures.claim(nve);
    try {
      await liveness.restore(nve);
      await this.store(nve, facts, claim);
    } catch (thrown) {
      tenures.abandon(nve, claim, NfvError.from(thrown).code === 'NOT_FOUND');
      throw thrown;
    }
    this.#departed.delete(nve);
    return claim;
  }

  async #bind(nve: string, nodeUuid: string): Promise<void> {
    const { nves } = this.deps;
    const call = { signal: new AbortController().signal };
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const before = decodeKv(RECORDS.nves, await this.#existing(nve));
      const bound = before.value.spec.nodeUuid;
      if (bound === nodeUuid) return;
      if (bound !== '') {
        throw new NfvError(
          'NVE_IDENTITY_MISMATCH',
          `nves/${nve} is bound to another agent (${bound}), not to ${nodeUuid}`,
        );
      }
      try {
        const etag = etagOf(before);
        const which = { id: nve, etag, validateOnly: false, byUser: false };
        await nves.revise(which, (spec) => ({ ...spec, nodeUuid }), call);
        return;
      } catch (thrown) {
        if (NfvError.from(thrown).code !== 'ETAG_MISMATCH') throw thrown;
      }
    }
    throw conflict(nve);
  }

  /**
   * Stores what the agent says of its host, and waits until the compiler has it.
   * @param claim the revision of the claim of its session; absent: of the latest
   * @throws NfvError NOT_FOUND, WRITE_CONFLICT
   */
  async store(nve: string, facts: NveFacts, claim?: number): Promise<void> {
    const { store, clock, tenures } = this.deps;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const guard = tenures.guard(nve);
      const isOver = claim !== undefined && tenures.claimed(nve) !== claim;
      // Its session ends at this moment, or does not begin.
      if (isOver || guard === 'elsewhere') return;
      const { key, modRevision } = await this.#existing(nve);
      const stored = await readNveStatus(store, nve);
      const before = stored?.value;
      const connected = this.deps.connected(nve);
      const now = { ...facts, ...heldOf(facts, before) };
      if (before !== undefined && isDeepStrictEqual(factsOf(before), now)) {
        // Another replica may have stored this, of an NVE that this one has not heard of yet.
        return this.deps.compiled(Math.max(modRevision, stored?.modRevision ?? 0));
      }
      const record: NveStatusRecord = {
        ...(before ?? { ...NO_NVE_STATUS, settledDigest: '' }),
        ...now,
        ...(connected === undefined ? BEGINNING : sessionStanding(connected)),
        lastSeenTime: timestamp(clock.now()),
      };
      const value = STATUS_RECORDS.nves.encode(withAway(record, allOf(before)));
      const { succeeded, revision } = await store.txn({
        // Nothing is left of an NVE that is deleted at this moment.
        compare: [
          { kind: 'revision', key, revision: modRevision },
          ...(guard === undefined ? [] : [guard]),
        ],
        ops: [{ kind: 'put', key: statusKey('nves', nve), value }],
      });
      if (succeeded) return this.deps.compiled(revision);
    }
    throw conflict(nve);
  }

  async #existing(nve: string): Promise<KeyValue> {
    const kv = await this.deps.store.get(specKey('nves', nve));
    if (kv !== undefined) return kv;
    throw new NfvError('NOT_FOUND', `nves/${nve} does not exist`, {
      remedy: `create it first: nfvctl create nve ${nve} --vtep ADDRESS`,
    });
  }

  /**
   * The status record as it should be in the store; undefined: nothing was ever heard of it.
   * @param stored what is there
   */
  async recordOf(nve: string, stored: KeyValue | undefined): Promise<string | undefined> {
    const connected = this.deps.connected(nve);
    const before = stored && decodeKv(STATUS_RECORDS.nves, stored).value;
    if (connected !== undefined) {
      const record = { ...this.#connectedRecord(connected), ...heldOf(connected.facts, before) };
      return STATUS_RECORDS.nves.encode(withAway(record, allOf(before)));
    }
    const last = this.#lastOf(nve) ?? before;
    if (last === undefined) return undefined;
    const standing = await this.deps.liveness.standingOf(nve);
    const record = { ...last, ...heldOf(last, before), ...standing };
    // What it found last was stored when it found it.
    return STATUS_RECORDS.nves.encode(withAway(record, before?.awayUnderlays ?? []));
  }

  /** What its agent said of its host last; undefined: nothing. */
  async hostOf(nve: string): Promise<HostStatus | undefined> {
    const connected = this.deps.connected(nve);
    if (connected !== undefined) return connected.host;
    const last = this.#lastOf(nve) ?? (await readNveStatus(this.deps.store, nve))?.value;
    return last?.host;
  }

  /** What its last session told, if that was here; undefined: the store knows better. */
  #lastOf(nve: string): NveStatusRecord | undefined {
    const departed = this.#departed.get(nve);
    if (departed === undefined || departed.claim === this.deps.tenures.claimed(nve)) {
      return departed?.record;
    }
    // It was claimed again since then: whoever did that has stored what it heard.
    this.#departed.delete(nve);
    return undefined;
  }

  #connectedRecord(connected: Connected): NveStatusRecord {
    const { session, facts, drifts, driftCount, driftedCount, dataplane, host, since } = connected;
    const { progress } = session;
    return {
      ...facts,
      ...sessionStanding(connected),
      lastSeenTime: since,
      itemCounts: progress.counts,
      appliedRevision: progress.settledRevision,
      failures: progress.failures,
      drifts,
      driftCount,
      driftedCount,
      ...(dataplane === undefined ? {} : { dataplane }),
      ...(host === undefined ? {} : { host }),
      settledDigest: progress.idle && progress.counts.failed === 0 ? progress.digest : '',
    };
  }

  /** Whether the NVE lacks something of `revision` or before. */
  lags(nve: string, revision: number): boolean {
    const connected = this.deps.connected(nve);
    if (connected !== undefined) return connected.session.progress.lags(revision);
    const missed = this.deps.missed(nve);
    return missed !== undefined && missed <= revision;
  }

  /** undefined: the NVE has applied everything up to `revision`. */
  async laggard(nve: string, revision: number): Promise<Laggard | undefined> {
    if (!this.lags(nve, revision)) return undefined;
    const connected = this.deps.connected(nve);
    if (connected !== undefined) {
      const { failures, settledRevision } = connected.session.progress;
      const cause = causeOf(failures[0], connected.dataplane);
      return { nve, ...cause, appliedRevision: settledRevision, failures };
    }
    if (!this.deps.tenures.isElsewhere(nve)) return { nve, ...AWAY };
    // The replica that has its session stores what is told there, twice a second.
    const stored = await this.#storedOf(nve);
    const { failures, appliedRevision, dataplane } = stored?.value ?? NO_NVE_STATUS;
    return { nve, ...causeOf(failures[0], dataplane), appliedRevision, failures };
  }

  /** Undefined also where the store is away: what is known without it is told all the same. @throws NfvError STORE_DAMAGED */
  async #storedOf(nve: string): ReturnType<typeof readNveStatus> {
    try {
      return await readNveStatus(this.deps.store, nve);
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (!error.retriable) throw error;
      return undefined;
    }
  }
}

/** Writes how each NVE stands into the store, unless another replica does. */
export function nveWriter(
  { store, clock, log }: Pick<StatusWriterDeps, 'store' | 'clock' | 'log'>,
  gatherMs: number,
  tenures: Pick<Tenures, 'guard'>,
  statuses: NveStatuses,
): StatusWriter {
  return new StatusWriter({
    ...{ store, clock, log, collection: 'nves', gatherMs },
    guard: (id) => tenures.guard(id),
    statusOf: (id, stored) => statuses.recordOf(id, stored),
  });
}

/** Why an agent that has a session, here or elsewhere, has not applied something. */
function causeOf(
  failure: ItemFailure | undefined,
  dataplane: DataplaneStatus | undefined,
): Pick<Laggard, 'code' | 'reason'> {
  if (failure !== undefined) {
    return { code: failure.code, reason: `${failure.key}: ${failure.message}` };
  }
  const away = awayCause(dataplane);
  if (away === undefined) return { code: 'NVE_PENDING', reason: 'it is still applying' };
  return { code: away.reasonCode, reason: away.reason };
}

function conflict(nve: string): NfvError {
  return new NfvError('WRITE_CONFLICT', `nves/${nve} is being changed by others`);
}

/**
 * An agent that has not reached its dataplane yet, and so has no version of it, can do nothing with it: what it could is
 * held. One that has says what it can, be it nothing.
 */
function heldOf(
  { capabilities: said }: Pick<NveStatusRecord, 'capabilities'>,
  before: NveStatusRecord | undefined,
): Pick<NveStatusRecord, 'capabilities'> {
  const held = before?.capabilities;
  const isUnknown = said?.itemKinds.length === 0 && said.dataplaneVersion === '';
  if (isUnknown && held?.dataplane === said.dataplane) return { capabilities: held };
  return said === undefined ? {} : { capabilities: said };
}

/** Of addresses that went, so many are remembered. */
const MAX_AWAY = 16;

/**
 * An address of the underlay that went may be back soon: a host that starts, an interface that is made again. The
 * networks of all others do not change their MTU for that time.
 */
function withAway(record: NveStatusRecord, known: readonly Underlay[]): NveStatusRecord {
  const here = new Set(record.underlays.map(({ address }) => address));
  const away = known.filter(({ address }) => !here.has(address)).slice(0, MAX_AWAY);
  const isNone = away.length === 0 && record.awayUnderlays === undefined;
  return isNone ? record : { ...record, awayUnderlays: away };
}

const allOf = (record: NveStatusRecord | undefined): readonly Underlay[] => [
  ...(record?.underlays ?? []),
  ...(record?.awayUnderlays ?? []),
];

function factsOf(record: NveStatusRecord): Partial<NveFacts> {
  const { capabilities, underlays, agentVersion } = record;
  return { ...(capabilities === undefined ? {} : { capabilities }), underlays, agentVersion };
}
