/** What is asked of a change, and whether its plan allows it. */
import { NfvError } from '../../errors.js';
import { isBlocked, isGuarded, type Finding } from '../../model/host/plan.js';
import type { Planned, ProfileSource } from './planner.js';
import type { Transaction } from './transaction.js';

export interface ApplyRequest {
  readonly profile: ProfileSource;
  /** The plan that was looked at; undefined: whichever it is. */
  readonly planHash?: string;
  /** What the guard keeps may be lost. */
  readonly iKnow: boolean;
  /** It is undone unless it is confirmed within so many milliseconds. */
  readonly confirmMs?: number;
}

/**
 * @throws NfvError PLAN_CHANGED; PLAN_BLOCKED with every reason, each with its line of the profile
 */
export function checkRequest(
  planned: Planned,
  { planHash, iKnow, confirmMs }: ApplyRequest,
  reason: Transaction['reason'],
): void {
  const { plan } = planned;
  if (planHash !== undefined && planHash !== plan.hash) {
    throw new NfvError('PLAN_CHANGED', 'the host or its profile changed since the plan was made');
  }
  if (isBlocked(plan)) throw refusal(planned, 'blocks');
  // After a boot it is what was confirmed before.
  if (!isGuarded(plan) || reason === 'boot') return;
  if (!iKnow) throw refusal(planned, 'guarded');
  if (confirmMs !== undefined) return;
  throw new NfvError('PLAN_BLOCKED', 'a change that may cut you off has to be confirmed in time', {
    remedy: 'give --confirm TIME, and confirm it with "nfvctl host confirm"',
  });
}

function refusal({ plan, where }: Planned, effect: Finding['effect']): NfvError {
  const violations = plan.findings
    .filter((finding) => finding.effect === effect)
    .map((finding) => ({
      field: where(finding),
      value: finding.subject,
      reason: finding.reason,
      remedy: finding.remedy,
    }));
  const message = violations.map(({ field, reason }) => `${field}: ${reason}`).join('; ');
  const [first] = violations;
  return new NfvError('PLAN_BLOCKED', message, {
    violations,
    ...(first === undefined ? {} : { remedy: first.remedy }),
  });
}
