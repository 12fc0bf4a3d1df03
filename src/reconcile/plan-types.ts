/** What goes into a plan and what comes out. */
import type { NfvError } from '../errors.js';
import type { Item } from '../model/item.js';
import type { Difference } from './assess.js';
import type { Observation, Step, TraitsTable } from './dataplane.js';

/**
 * What is known of a dependency that a plan does not look at itself: it stands, it has failed, it
 * is wanted but gone (drift that is only reported), or it is not wanted.
 */
export type Standing = 'stands' | NfvError | 'missing' | 'unwanted';

/**
 * Why a key is left alone although it is not as wanted: its last failure, until its retry is due;
 * or a drift that is only reported. Where something else must make way, a hold yields.
 */
export type Hold = NfvError | 'drift';

export interface PlanInput {
  /** The wanted items in scope. */
  readonly wanted: ReadonlyMap<string, Item>;
  /** The wanted set is known to be complete; if not, nothing is removed. */
  readonly complete: boolean;
  /** Of all keys in scope, wanted or not. */
  readonly observation: Observation;
  readonly traits: TraitsTable;
  /** Dependencies out of scope; absent: everything is in scope, and what is not there is unwanted. */
  readonly outside?: (key: string) => Standing;
  readonly holds?: ReadonlyMap<string, Hold>;
  /** `assessAll` of the above, where the caller has it. */
  readonly differing?: ReadonlyMap<string, Difference>;
}

/** What a plan does to a key in one step: it makes it, by a creation or an update, or removes it. */
export function nameOf({ op, key }: Step): string {
  return `${op === 'delete' ? 'remove' : 'make'} ${key}`;
}

/**
 * Plans go through these in order: make what breaks nothing; break what must be recreated or make
 * way; make what needed that; clear away what is not wanted.
 */
export const PHASES = { make: 0, break: 1, remake: 2, clear: 3 } as const;
export type Phase = (typeof PHASES)[keyof typeof PHASES];

export interface PlannedStep {
  readonly step: Step;
  readonly phase: Phase;
  /** For people: "mtu 1400, not 1450", "bd/10 is recreated"; may be empty. */
  readonly reason: string;
  /** All these are in earlier waves, and have ended, well or not, when this is begun. */
  readonly after: readonly PlannedStep[];
  /** If one of these has failed or was not attempted, neither is this. */
  readonly needs: readonly PlannedStep[];
}

/** Of one phase. */
export type Wave = readonly PlannedStep[];

export interface Plan {
  /** The wanted set was known to be complete; if not, nothing is removed. */
  readonly complete: boolean;
  /** The steps of a wave do not depend on each other; no wave is empty. */
  readonly waves: readonly Wave[];
  /** What cannot be done now and why, in order of the keys. */
  readonly verdicts: ReadonlyMap<string, NfvError>;
  /** SHA-256 in hex over all the above: equal plans have equal hashes. */
  readonly hash: string;
}
