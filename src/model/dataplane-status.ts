/** How an NVE's agent stands with its dataplane. */

export const DATAPLANE_SESSIONS = ['CONNECTED', 'DEGRADED', 'LOST'] as const;
export type DataplaneSession = (typeof DATAPLANE_SESSIONS)[number];

/** A group of what the agent needs of its dataplane. */
export const FEATURE_STATES = ['OK', 'MISSING', 'CHANGED'] as const;
export type FeatureState = (typeof FEATURE_STATES)[number];

export interface DataplaneFeature {
  readonly name: string;
  readonly state: FeatureState;
  /** Messages of VPP that are missing or changed, at most 8; also of what it can do without. */
  readonly problems: readonly string[];
}

export interface DataplanePlugin {
  readonly name: string;
  readonly version: string;
}

export interface DataplaneStatus {
  /** DEGRADED: it owes answers and says nothing. LOST: there is no connection; it is tried again. */
  readonly session: DataplaneSession;
  /** Since when it is so. RFC 3339, UTC. */
  readonly since: string;
  /** Why, unless CONNECTED: a code of the error table. */
  readonly reasonCode: string;
  readonly reason: string;
  /** Times that it was found started anew, since the agent started. */
  readonly restarts: number;
  /** Names its present start; empty: the kernel, or not known yet. */
  readonly boot: string;
  /** Of VPP: whether it has the messages for each thing that nfvd does. */
  readonly features: readonly DataplaneFeature[];
  /** Of VPP. */
  readonly plugins: readonly DataplanePlugin[];
}

/** What bounds a report of it. */
export const MAX_FEATURES = 64;
export const MAX_PLUGINS = 256;
export const MAX_PROBLEMS = 8;
