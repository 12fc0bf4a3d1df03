/** What is told of host preparation: plain data. */
import type { HugepageShare } from '../../model/host/ledger.js';
import { profileHash } from '../../model/host/offer.js';
import type { ChangeStatus, DriftReport, NicStatus, StepStatus } from '../../model/host/status.js';
import { describeStep } from '../../model/host/steps.js';
import type { StuckProgram } from '../../host/program.js';
import type { StepEvent } from './engine.js';
import type { Transaction } from './transaction.js';

export interface HostStatus {
  /** Of the host machine: `ready`, `applying.making`. */
  readonly state: string;
  /** The host is as its profile wants it, and that is confirmed: endpoints may come. */
  readonly ready: boolean;
  /** What went wrong last; empty: nothing. */
  readonly trouble: string;
  readonly change: ChangeStatus | undefined;
  readonly nics: readonly NicStatus[];
  readonly drift: DriftReport | undefined;
  /** Pages that we have added since the last boot. */
  readonly hugepages: readonly HugepageShare[];
  /** Writes that never returned. */
  readonly stuck: readonly StuckProgram[];
}

export type HostReport =
  | { readonly kind: 'state'; readonly state: string }
  | { readonly kind: 'step'; readonly text: string; readonly event: StepEvent }
  | { readonly kind: 'drift'; readonly report: DriftReport };

export function changeStatus(t: Transaction, now: number): ChangeStatus {
  return {
    id: t.id,
    phase: t.phase,
    profile: t.profile.name,
    profileHash: profileHash(t.profile.text),
    planHash: t.planHash,
    steps: t.steps.map(({ step }, i) => ({ text: describeStep(step), state: stepState(t, i) })),
    confirmWithinMs: t.confirmBy === null ? undefined : Math.max(0, t.confirmBy - now),
  };
}

function stepState(t: Transaction, i: number): StepStatus['state'] {
  if (t.undone.has(i)) return 'undone';
  if (t.done.has(i)) return 'done';
  return i < t.started ? 'begun' : 'waiting';
}
