/** What the NVA asks an NVE on demand: how items stand on its host right now, what ports counted. */

/** Keys of one query. */
export const MAX_QUERY_KEYS = 1000;
/** Queries of one session that may be without an answer. */
export const MAX_QUERIES = 16;

export const QUERY_KINDS = ['LOOK', 'COUNTERS'] as const;
export type QueryKind = (typeof QUERY_KINDS)[number];

export interface Query {
  readonly kind: 'query';
  /** 1, 2, … in each session. */
  readonly id: number;
  readonly what: QueryKind;
  /** Of items; of ports, with COUNTERS. */
  readonly keys: readonly string[];
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

export interface QueryAnswer {
  /** With LOOK: one for each key. */
  readonly sights: readonly ItemSight[];
  /** With COUNTERS: of those ports that are there. */
  readonly counters: readonly PortCounters[];
}

export interface QueryReply extends QueryAnswer {
  readonly kind: 'query_reply';
  readonly id: number;
  /** Present: it could not be answered. `code` is of the error table. */
  readonly error?: { readonly code: string; readonly message: string };
}
