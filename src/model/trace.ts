/** The way of a frame from one endpoint to another, hop by hop. */

export const HOP_STATES = ['OK', 'BROKEN', 'UNKNOWN'] as const;
export type HopState = (typeof HOP_STATES)[number];

export interface Hop {
  /** Id of the NVE that it is on; empty: it is of the model alone. */
  readonly nve: string;
  /** For people: "port of web-1", "FDB entry 02:… → 10.0.0.2". */
  readonly what: string;
  /** Of the item; empty: none. */
  readonly key: string;
  readonly state: HopState;
  /** Why, unless OK: a code of the error table, or empty. */
  readonly code: string;
  /** The same for people. */
  readonly reason: string;
}

export interface TraceRequest {
  /** Ids of endpoints. */
  readonly from: string;
  readonly to: string;
  /** Only what the NVEs last reported; otherwise they are asked to look. */
  readonly reportedOnly: boolean;
}

export interface TraceResult {
  /** BROKEN if any hop is, else UNKNOWN if any is. */
  readonly state: HopState;
  /** In the order of the frame's way, then of the answer's. */
  readonly hops: readonly Hop[];
}

export function stateOfAll(hops: readonly Hop[]): HopState {
  if (hops.some(({ state }) => state === 'BROKEN')) return 'BROKEN';
  return hops.some(({ state }) => state === 'UNKNOWN') ? 'UNKNOWN' : 'OK';
}

/** Of one endpoint's port. */
export interface EndpointCounters {
  /** Id of the endpoint. */
  readonly endpoint: string;
  readonly nve: string;
  /** Undefined: they cannot be had. */
  readonly counters?: {
    readonly rxPackets: number;
    readonly rxBytes: number;
    readonly txPackets: number;
    readonly txBytes: number;
    readonly drops: number;
  };
  /** Why not: a code of the error table; empty: they are there. */
  readonly code: string;
  readonly reason: string;
}

/** Endpoints of one request for counters. */
export const MAX_COUNTED = 1000;
