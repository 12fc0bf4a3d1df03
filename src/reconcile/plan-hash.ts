import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonical.js';
import type { Plan, PlannedStep } from './plan-types.js';

/** SHA-256 in hex over everything that a plan does and cannot do. */
export function planHash(plan: Omit<Plan, 'hash'>): string {
  const hash = createHash('sha256');
  hash.update(`complete ${String(plan.complete)}\n`);
  for (const wave of plan.waves) {
    hash.update('wave\n');
    for (const planned of wave) hash.update(`${canonicalJson(content(planned))}\n`);
  }
  for (const [key, { code, message }] of plan.verdicts) {
    hash.update(`${canonicalJson({ key, code, message })}\n`);
  }
  return hash.digest('hex');
}

function content({ step, reason, needs }: PlannedStep): unknown {
  const { op, key } = step;
  const from = step.op === 'create' ? undefined : step.from;
  const item = step.op === 'delete' ? undefined : step.item;
  return { op, key, from, item, reason, needs };
}
