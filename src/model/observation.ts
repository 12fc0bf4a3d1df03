/** What an NVA tells of itself: how it stands, and what happened. */
import type { ItemCounts, NveState } from './nve.js';

/** How long something took in the last five minutes. */
export interface DurationSummary {
  /** Of those that the rest is about. */
  readonly count: number;
  /** Milliseconds; 0 where there are none. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export const SESSION_STATES = [
  'SYNCING',
  'IN_SYNC',
  'DEGRADED',
  'DISCONNECTED',
  'ELSEWHERE',
  'DEAD',
] as const satisfies (NveState | 'ELSEWHERE')[];

export interface NveStatistics {
  readonly nve: string;
  /** ELSEWHERE: its session is with a replica that was not asked, or did not answer. DEAD: nobody sends to it. */
  readonly state: (typeof SESSION_STATES)[number];
  /** Revisions from the first that it lacks something of to now; 0: it lacks nothing. */
  readonly lagRevisions: number;
  /** Milliseconds since that one was committed. */
  readonly lagMs: number;
  /** Changes of items that wait to be sent. */
  readonly pendingItems: number;
  /** Deltas that the NVE has not stored yet. */
  readonly deltasInFlight: number;
  /** Of an NVE without a session that was asked for all are 0. */
  readonly items: ItemCounts;
  readonly driftedItems: number;
  /** Items that it reported on, per second, in the last minute. */
  readonly itemRate: number;
  /** From the commit of an endpoint to this NVE having applied what it means there. */
  readonly attach: DurationSummary;
}

/** One that did not answer. */
export interface SilentReplica {
  /** Where it says that it is reached. */
  readonly address: string;
  /** Why: a code of the error table. */
  readonly code: string;
  /** The same for people. */
  readonly reason: string;
}

/** Of all replicas together that could be asked. */
export interface NvaStatistics {
  /** Of the store, as far as it is compiled. */
  readonly revision: number;
  /** Watches of clients under way. */
  readonly watchers: number;
  /** Endpoints that have not been applied by all their NVEs. */
  readonly attachesUnderWay: number;
  /** Changes of resources, per second, in the last minute. */
  readonly changeRate: number;
  /** As those of the NVEs, to the last of them. */
  readonly attach: DurationSummary;
  /** Ordered by id. */
  readonly nves: readonly NveStatistics[];
  /** What only these know is not in it: NVEs that have a session there are ELSEWHERE. */
  readonly silent: readonly SilentReplica[];
}

export const EVENT_KINDS = [
  'CREATED',
  'UPDATED',
  'DELETED',
  'NVE_CONNECTED',
  'NVE_LOST',
  'APPLY_FAILED',
  'DRIFT',
  'DUPLICATE',
  'ADDRESS_MOVED',
  'MISSED',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/**
 * Something that happened. MISSED stands for events that a slow reader can no longer be told; with a code for those
 * that only `replica` knows, which does not answer, for one of it that this version cannot read (PROTOCOL_VERSION), or
 * for those of an NVE that has more to tell than its share (TOO_MANY_REQUESTS).
 */
export interface NvaEvent {
  /** 1, 2, … since the replica started; 0: of MISSED. */
  readonly sequence: number;
  /** That tells of it: where others reach it; empty: nowhere, or there is only one. */
  readonly replica: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly kind: EventKind;
  /** `endpoints/web-1`; what it is about. */
  readonly resource: string;
  /** Whose that is; empty: nobody's. Undefined: it can no longer be told. */
  readonly tenant: string | undefined;
  /** `user/alice`, `nve/host-a`; empty: the NVA itself, or nobody knows any more. */
  readonly who: string;
  /** The NVE where it happened; empty: nowhere in particular. */
  readonly nve: string;
  /** Of a change; 0: it is none. */
  readonly revision: number;
  /** Of the error table; empty: it is no error. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** Of the call; empty: it is of none. */
  readonly traceId: string;
}

/** Of no resource, by nobody, and not yet why. */
export const MISSED: NvaEvent = {
  ...{ sequence: 0, replica: '', time: '', kind: 'MISSED', resource: '', tenant: '', who: '' },
  ...{ nve: '', revision: 0, code: '', message: '', traceId: '' },
};

export interface EventsRequest {
  /** Goes on with what happens; otherwise what is remembered. */
  readonly follow: boolean;
  /** Empty: all. */
  readonly kinds: readonly EventKind[];
  /** Empty: all. */
  readonly tenant: string;
  /** `endpoints/web-1`; empty: all. */
  readonly resource: string;
}
