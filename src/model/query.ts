/**
 * What the NVA asks an NVE on demand: how items stand on its host right now, what ports counted, whom it
 * reaches over the underlay.
 */

/** Keys of one query. */
export const MAX_QUERY_KEYS = 1000;
/** Paths of one query. */
export const MAX_QUERY_PATHS = 8;
/** Queries of one session that may be without an answer. */
export const MAX_QUERIES = 16;

export const QUERY_KINDS = ['LOOK', 'COUNTERS', 'REACH'] as const;
export type QueryKind = (typeof QUERY_KINDS)[number];

/** Over the underlay, from a VTEP address of the NVE's own to another's; of one family. */
export interface UnderlayPath {
  readonly local: string;
  readonly remote: string;
}

export interface Query {
  readonly kind: 'query';
  /** 1, 2, … in each session. */
  readonly id: number;
  readonly what: QueryKind;
  /** Of items; of ports, with COUNTERS. */
  readonly keys: readonly string[];
  /** With REACH. */
  readonly paths: readonly UnderlayPath[];
}

export const SIGHT_STATES = ['AS_WANTED', 'DIFFERS', 'MISSING', 'OBSTRUCTED', 'UNWANTED'] as const;
/** OBSTRUCTED: something that is not ours is in its place. UNWANTED: the agent has no such item. */
export type SightState = (typeof SIGHT_STATES)[number];

/** An item as it was read back just now. */
export interface ItemSight {
  readonly key: string;
  readonly state: SightState;
  /** What differs, for people. */
  readonly detail: string;
}

/** Of one port, as its host sees it: received is what the endpoint sent. */
export interface PortCounters {
  readonly key: string;
  readonly rxPackets: number;
  readonly rxBytes: number;
  readonly txPackets: number;
  readonly txBytes: number;
  /** Packets dropped, either way. */
  readonly drops: number;
}

export const REACH_STATES = ['REACHABLE', 'UNREACHABLE', 'UNKNOWN'] as const;
/** UNKNOWN: the agent cannot tell. */
export type ReachState = (typeof REACH_STATES)[number];

/** Whether a path leads there, just now. */
export interface Reach extends UnderlayPath {
  readonly state: ReachState;
  /** What was seen, for people. */
  readonly detail: string;
}

export interface QueryAnswer {
  /** With LOOK: one for each key. */
  readonly sights: readonly ItemSight[];
  /** With COUNTERS: of those ports that are there. */
  readonly counters: readonly PortCounters[];
  /** With REACH: one for each path. */
  readonly reaches: readonly Reach[];
}

/** To be filled in. */
export const NO_ANSWER: QueryAnswer = { sights: [], counters: [], reaches: [] };

export interface QueryReply extends QueryAnswer {
  readonly kind: 'query_reply';
  readonly id: number;
  /** Present: it could not be answered. `code` is of the error table. */
  readonly error?: { readonly code: string; readonly message: string };
}
