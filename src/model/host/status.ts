/** How a host's preparation stands: plain data. */
import type { FunctionRef } from './bdf.js';
import type { HugepageShare } from './ledger.js';
import type { Finding } from './plan.js';

/** The newest change of the host. */
export interface ChangeStatus {
  readonly id: string;
  /** `applied`: it waits to be confirmed. */
  readonly phase: 'applying' | 'applied' | 'confirmed' | 'undoing' | 'undone';
  readonly profile: string;
  /** SHA-256 of its text, 64 hex digits. */
  readonly profileHash: string;
  readonly planHash: string;
  readonly steps: readonly StepStatus[];
  /** Milliseconds until it is undone if nobody confirms it; undefined: it need not be. */
  readonly confirmWithinMs: number | undefined;
}

export interface StepStatus {
  readonly text: string;
  readonly state: 'waiting' | 'begun' | 'done' | 'undone';
}

export interface NicStatus {
  readonly function: FunctionRef;
  /** Of the NIC machine. */
  readonly state: string;
}

/** One of the profile's. */
export interface NamedNic extends NicStatus {
  /** As in the profile; empty: not known at the moment. */
  readonly name: string;
}

/** How the host differs from its profile. */
export interface DriftReport {
  /** What would have to be done. */
  readonly steps: readonly string[];
  readonly findings: readonly Finding[];
  readonly repaired: boolean;
}

/** The profile that the NVA offers, as the agent has stored it. */
export interface OfferState {
  /** `hostProfiles/ID`. */
  readonly profile: string;
  readonly hash: string;
  /** Whose profile is right, as the agent's configuration has it. */
  readonly takes: 'local' | 'nva';
}

/** As the journal and a look at the host have it; nobody has to be asked. */
export interface HostState {
  /**
   * `idle`: no profile was applied. `rebooted`: prepared before the last boot, and not since.
   * `interrupted`: a change was cut off; the next start goes on with it, or takes it back.
   */
  readonly state:
    | 'idle'
    | 'applying'
    | 'interrupted'
    | 'unconfirmed'
    | 'ready'
    | 'drifted'
    | 'undoing'
    | 'rebooted';
  /** Prepared since the last boot, and confirmed: endpoints may come. */
  readonly ready: boolean;
  readonly change: ChangeStatus | undefined;
  readonly drift: DriftReport | undefined;
  /** Pages that we have added since the last boot. */
  readonly hugepages: readonly HugepageShare[];
  /** Of the profile, in the order of their functions. */
  readonly nics: readonly NamedNic[];
  /** Undefined: none is offered. */
  readonly offered: OfferState | undefined;
}

/** A step on its way. */
export interface StepProgress {
  readonly direction: 'do' | 'undo';
  readonly what: 'begun' | 'done' | 'failed';
  /** From 1. */
  readonly step: number;
  readonly of: number;
  readonly text: string;
  /** Of a step that failed. */
  readonly reason: string;
}

/** One thing that was looked at before a host is prepared. */
export interface PreflightCheck {
  readonly name: string;
  readonly result: 'ok' | 'warns' | 'fails';
  readonly found: string;
  /** Why it matters. */
  readonly why: string;
  /** How to mend it; empty: there is nothing to. */
  readonly remedy: string;
}
