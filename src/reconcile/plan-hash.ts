import { createHash } from 'node:crypto';
import type { Plan, PlannedStep } from './plan-types.js';

/** SHA-256 in hex over everything that a plan does and cannot do. */
export function planHash(plan: Omit<Plan, 'hash'>): string {
  const hash = createHash('sha256');
  hash.update(`complete ${String(plan.complete)}\n`);
  for (const wave of plan.waves) {
    hash.update('wave\n');
    for (const planned of wave) hash.update(`${canonical(content(planned))}\n`);
  }
  for (const [key, { code, message }] of plan.verdicts) {
    hash.update(`${canonical({ key, code, message })}\n`);
  }
  return hash.digest('hex');
}

function content({ step, reason, needs }: PlannedStep): unknown {
  const { op, key } = step;
  const from = step.op === 'create' ? undefined : step.from;
  const item = step.op === 'delete' ? undefined : step.item;
  return { op, key, from, item, reason, needs };
}

/** JSON with the keys of objects in order, so that equal values give equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? inOrder(inner) : inner,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inOrder(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
