/** What `nfvctl host` needs of this host; src/main has it from src/nve/host. */
import type { Inventory } from '../model/host/inventory.js';
import type { Finding, HostPlan } from '../model/host/plan.js';
import type { DriftReport, HostState, PreflightCheck, StepProgress } from '../model/host/status.js';

export interface HostOptions {
  /** Where the journal is. */
  readonly stateDir: string;
  /** IP addresses of the NVA's replicas: the way there is guarded. */
  readonly nva: readonly string[];
}

/** A profile as it was given. */
export interface ProfileText {
  readonly text: string;
  /** A path, or "stdin". */
  readonly name: string;
}

export interface ShownPlan {
  readonly plan: HostPlan;
  /** `FILE:LINE:COLUMN: PATH` of what a finding is about. */
  readonly where: (finding: Finding) => string;
}

export interface HostApply {
  readonly profile: ProfileText;
  readonly planHash?: string;
  readonly iKnow: boolean;
  /** It is undone unless it is confirmed within so many milliseconds. */
  readonly confirmMs?: number;
}

export type OnProgress = (progress: StepProgress) => void;

/** What looks locks nothing; what changes is refused with HOST_BUSY while another change is under way. */
export interface HostAccess {
  inventory(signal: AbortSignal): Promise<Inventory>;
  /** The profile that the NVA offers, as the agent has stored it. @throws NfvError NOTHING_TO_DO */
  offered(): Promise<ProfileText>;
  preflight(profile: ProfileText | undefined, signal: AbortSignal): Promise<PreflightCheck[]>;
  /** @throws NfvError PROFILE_INVALID */
  plan(profile: ProfileText, signal: AbortSignal): Promise<ShownPlan>;
  /** @throws NfvError PROFILE_INVALID, PLAN_CHANGED, PLAN_BLOCKED, HOST_BUSY, HOST_NOT_RESTORED, of a step */
  apply(request: HostApply, onProgress: OnProgress, signal: AbortSignal): Promise<HostPlan>;
  /** @throws NfvError NOTHING_TO_DO, HOST_BUSY */
  confirm(onProgress: OnProgress, signal: AbortSignal): Promise<void>;
  /** @throws NfvError NOTHING_TO_DO, HOST_BUSY, HOST_NOT_RESTORED */
  undo(onProgress: OnProgress, signal: AbortSignal): Promise<void>;
  /** @param looks also sees whether the host is still as its profile wants it */
  status(looks: boolean, signal: AbortSignal): Promise<HostState>;
  /** @throws NfvError NOTHING_TO_DO, HOST_BUSY, of a step */
  drift(onProgress: OnProgress, signal: AbortSignal): Promise<DriftReport>;
}

export type OpenHost = (options: HostOptions) => Promise<HostAccess>;
