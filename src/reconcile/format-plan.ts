/** A plan for people and for programs: what `nfvd nve plan` prints. */
import type { Plan, PlannedStep } from './plan-types.js';

export type PlanOp = 'create' | 'update' | 'recreate' | 'delete';

/** What happens to one key. Waves count from 1. */
export interface PlanEntry {
  readonly op: PlanOp;
  readonly key: string;
  /** Why: differences, or what else makes it necessary; may be empty. */
  readonly reason: string;
  /** The wave of the step; with `recreate` that of the creation. */
  readonly wave: number;
  /** With `recreate`: the wave of the deletion. */
  readonly deleteWave?: number;
}

/** A plan as plain data, fit for JSON. */
export interface PlanSummary {
  readonly hash: string;
  /** Nothing is removed as long as this is false. */
  readonly complete: boolean;
  readonly waves: number;
  readonly counts: Readonly<Record<PlanOp | 'blocked', number>>;
  /** In the order in which they begin. */
  readonly entries: readonly PlanEntry[];
  readonly blocked: readonly {
    readonly key: string;
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
  }[];
}

export function summarizePlan(plan: Plan): PlanSummary {
  const entries = new Map<string, PlanEntry>();
  for (const [i, wave] of plan.waves.entries()) {
    for (const planned of wave) {
      const { key } = planned.step;
      entries.set(key, merge(entries.get(key), planned, i + 1));
    }
  }
  const blocked = [...plan.verdicts].map(([key, { code, message, remedy }]) => ({
    key,
    code,
    message,
    remedy,
  }));
  const counts = { create: 0, update: 0, recreate: 0, delete: 0, blocked: blocked.length };
  for (const { op } of entries.values()) counts[op]++;
  const { hash, complete } = plan;
  return {
    hash,
    complete,
    waves: plan.waves.length,
    counts,
    entries: [...entries.values()],
    blocked,
  };
}

function merge(
  before: PlanEntry | undefined,
  { step, reason }: PlannedStep,
  wave: number,
): PlanEntry {
  const { op, key } = step;
  if (before?.op !== 'delete') return { op, key, reason, wave };
  return { ...before, op: 'recreate', wave, deleteWave: before.wave };
}

const SIGNS = { create: '  +', update: '  ~', recreate: '-/+', delete: '  -' } as const;

/** A plan as lines of text, in the order of its waves, whose numbers come first. */
export function formatPlan(plan: Plan): readonly string[] {
  const summary = summarizePlan(plan);
  const { counts } = summary;
  const lines = summary.entries.map((entry) => formatEntry(entry));
  for (const { key, code, message } of summary.blocked) {
    lines.push(`${''.padStart(5)}   ! blocked ${key}: ${code}: ${message}`);
  }
  if (!plan.complete) {
    lines.push('The configuration is not known to be complete: nothing is removed.');
  }
  if (lines.length === 0) lines.push('Nothing to do: the host is as it is wanted.');
  const { create, update, recreate, delete: deletions, blocked } = counts;
  lines.push(
    `Plan: ${create} to create, ${update} to update, ${recreate} to recreate, ${deletions} to delete, ${blocked} blocked; ${plan.waves.length} waves`,
    `Hash: ${plan.hash}`,
  );
  return lines;
}

function formatEntry({ op, key, reason, wave, deleteWave }: PlanEntry): string {
  const waves = deleteWave === undefined ? `${wave}` : `${deleteWave}-${wave}`;
  return `${waves.padStart(5)} ${SIGNS[op]} ${op} ${key}${reason === '' ? '' : `: ${reason}`}`;
}
