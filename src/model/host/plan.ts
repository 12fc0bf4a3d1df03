/** A plan for a host: what is done in which order, how it is undone, what it costs. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../canonical.js';
import type { Path } from '../yaml-source.js';
import { step } from './steps.js';

const texts = z.array(z.string());

/** What goes away while a step is done, or for good. */
export const blast = z.strictObject({
  netdevs: texts,
  addresses: texts,
  routes: texts,
  vfs: texts,
  /** Links that go down for a moment. */
  links: texts,
  /** Processes and services that lose what they use. */
  consumers: texts,
});
export type Blast = z.infer<typeof blast>;

export const NO_BLAST: Blast = {
  netdevs: [],
  addresses: [],
  routes: [],
  vfs: [],
  links: [],
  consumers: [],
};

export const plannedStep = z.strictObject({
  step,
  /** What the host must be like before; null: an earlier step sees to it. */
  before: step.nullable(),
  /** Done in this order when the step is undone. */
  undo: z.array(step),
  blast,
});
export type PlannedStep = z.infer<typeof plannedStep>;

/** Something about the host or the profile that the reader of the plan has to know. */
export interface Finding {
  /**
   * `blocks`: the plan is not applied. `guarded`: only with --i-know, and then it has to be
   * confirmed in time. `warns`: it is applied.
   */
  readonly effect: 'blocks' | 'guarded' | 'warns';
  /** The check's name: `mac-twice`, `default-route`. */
  readonly check: string;
  /** The function, node or file it is about. */
  readonly subject: string;
  readonly reason: string;
  readonly remedy: string;
  /** The part of the profile that asks for it; empty: none. */
  readonly path: Path;
}

export interface HostPlan {
  readonly steps: readonly PlannedStep[];
  readonly findings: readonly Finding[];
  /** Of all steps together. */
  readonly blast: Blast;
  /** Names steps and findings: equal plans have equal hashes. */
  readonly hash: string;
}

export function makePlan(steps: readonly PlannedStep[], findings: readonly Finding[]): HostPlan {
  const blast = mergeBlasts(steps.map((planned) => planned.blast));
  return { steps, findings, blast, hash: planHash(steps, findings) };
}

/** SHA-256 of the canonical JSON, 64 hex digits. */
function planHash(steps: readonly PlannedStep[], findings: readonly Finding[]): string {
  return createHash('sha256').update(canonicalJson({ steps, findings })).digest('hex');
}

/** A step's own name in logs and in the journal, 12 hex digits. */
export function stepHash(planned: PlannedStep): string {
  return createHash('sha256').update(canonicalJson(planned)).digest('hex').slice(0, 12);
}

export function mergeBlasts(blasts: readonly Blast[]): Blast {
  const all = (pick: (b: Blast) => readonly string[]): string[] =>
    [...new Set(blasts.flatMap(pick))].sort();
  return {
    netdevs: all((b) => b.netdevs),
    addresses: all((b) => b.addresses),
    routes: all((b) => b.routes),
    vfs: all((b) => b.vfs),
    links: all((b) => b.links),
    consumers: all((b) => b.consumers),
  };
}

export function isBlocked(plan: HostPlan): boolean {
  return plan.findings.some(({ effect }) => effect === 'blocks');
}

export function isGuarded(plan: HostPlan): boolean {
  return plan.findings.some(({ effect }) => effect === 'guarded');
}
