/** What became of each key, judged by what was read back. */
import { NfvError } from '../errors.js';
import type { Observed } from './dataplane.js';
import type { Execution } from './execute.js';
import type { Plan } from './plan-types.js';
import type { Survey } from './survey.js';

export type Outcome =
  /** Wanted, and read back as wanted. */
  | { readonly kind: 'applied' }
  /** Not wanted, and not there. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly error: NfvError; readonly seen: Observed | undefined }
  /** Nothing was tried: drift that is only reported, or what may not be removed yet. */
  | { readonly kind: 'left'; readonly seen: Observed | undefined };

const APPLIED: Outcome = { kind: 'applied' };
const ABSENT: Outcome = { kind: 'absent' };

export interface Findings {
  readonly survey: Survey;
  readonly plan: Plan;
  readonly execution: Execution;
  /** Of what was touched, afterwards; or why it could not be had. */
  readonly reread: Survey | NfvError;
}

export function outcomeOf(key: string, findings: Findings): Outcome {
  const { survey, plan, execution, reread } = findings;
  const verdict = plan.verdicts.get(key) ?? execution.failures.get(key);
  if (!execution.touched.has(key)) {
    const seen = survey.observation.objects.get(key);
    if (verdict !== undefined) return { kind: 'failed', error: verdict, seen };
    return doneOutcome(key, survey) ?? { kind: 'left', seen };
  }
  if (reread instanceof NfvError) {
    return { kind: 'failed', error: reread, seen: survey.observation.objects.get(key) };
  }
  const { objects, obstacles } = reread.observation;
  const mismatch = reread.differing.get(key)?.texts.join('; ') ?? 'still there';
  return (
    doneOutcome(key, reread) ?? {
      kind: 'failed',
      error:
        verdict ?? obstacles.get(key) ?? new NfvError('READBACK_MISMATCH', `${key}: ${mismatch}`),
      seen: objects.get(key),
    }
  );
}

function doneOutcome(key: string, survey: Survey): Outcome | undefined {
  if (survey.wanted.has(key)) return survey.differing.has(key) ? undefined : APPLIED;
  return survey.observation.objects.has(key) ? undefined : ABSENT;
}
