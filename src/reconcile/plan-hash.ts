import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonical.js';
import { nameOf, type Plan, type PlannedStep } from './plan-types.js';

/** SHA-256 in hex over everything that a plan does and cannot do. */
export function planHash(plan: Omit<Plan, 'hash'>): string {
  const hash = createHash('sha256');
  hash.update(`complete ${String(plan.complete)}\n`);
  for (const wave of plan.waves) {
    hash.update(`wave\n${wave.map(textOf).join('\n')}\n`);
  }
  for (const [key, { code, message }] of plan.verdicts) {
    hash.update(`${canonicalJson({ key, code, message })}\n`);
  }
  return hash.digest('hex');
}

/** One line. Of an item its version stands for its content, as it does everywhere. */
function textOf({ step, reason, needs }: PlannedStep): string {
  const { op, key } = step;
  const version = step.op === 'delete' ? undefined : step.item.version;
  const from = step.op === 'create' ? '' : canonicalJson(step.from);
  const needed = needs.map((each) => nameOf(each.step)).sort();
  return `${JSON.stringify([op, key, version, reason, needed])} ${from}`;
}
