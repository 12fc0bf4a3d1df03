/** Applying a plan: what was shown, all at once. */
import { randomUUID } from 'node:crypto';
import { invalidField, invalidFields, NfvError } from '../errors.js';
import {
  MAX_CONFIRM_MS,
  MIN_CONFIRM_MS,
  type Applied,
  type PlanRequest,
  type Wanted,
} from '../model/changes.js';
import { awaitApplied } from './await-applied.js';
import { parseDuration } from './duration.js';
import { EXIT } from './exit-codes.js';
import { nameOf } from './kinds.js';
import type { Desired } from './manifest/desired.js';
import { DONE } from './plan-text.js';
import type { Session } from './session.js';

export interface ApplyPlanOptions {
  readonly hash: string;
  /** Milliseconds; 0: it needs no confirmation. */
  readonly confirmWithinMs: number;
  /** Milliseconds; undefined: do not wait. */
  readonly wait: number | undefined;
}

/** Says what was done; answers with the exit status. @throws NfvError PLAN_CHANGED and others */
export async function applyPlan(
  session: Session,
  plan: PlanRequest,
  { hash, confirmWithinMs, wait }: ApplyPlanOptions,
): Promise<number> {
  const requestId = randomUUID();
  const applied = await session.retry(() =>
    session.nva.changes.apply({ plan, hash, requestId, confirmWithinMs }, session.call),
  );
  await session.out.write(appliedText(applied, 'wanted' in plan ? plan.wanted : []));
  return wait === undefined ? EXIT.ok.code : awaitApplied(session, applied.revision, wait);
}

function appliedText(
  { revision, changes, confirmBefore }: Applied,
  wanted: readonly Wanted[],
): string {
  const done = new Set(changes.map(nameOf));
  const same = wanted.flatMap((each) => ('put' in each ? [nameOf(each.put)] : []));
  const lines = [
    ...changes.map((change) => `${nameOf(change)} ${DONE[change.verb]}`),
    ...same.filter((name) => !done.has(name)).map((name) => `${name} unchanged`),
    ...(changes.length === 0 ? [] : [`revision ${revision}`]),
    ...(confirmBefore === ''
      ? []
      : [`undone at ${confirmBefore} unless it is confirmed: nfvctl confirm ${revision}`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Milliseconds; 0 without the flag. @throws NfvError INVALID_FIELD */
export function confirmWithinOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= MIN_CONFIRM_MS && ms <= MAX_CONFIRM_MS) return ms;
  throw invalidField(
    '--confirm-within',
    text,
    'not a duration that will do',
    'give 1s to 24h, such as 2m',
  );
}

export function planRequestOf(all: readonly Desired[]): PlanRequest {
  return { wanted: all.map((desired): Wanted => ({ put: desired, etag: desired.etag })) };
}

/** What is wrong with `changes[i]`, told of where it is in the manifests. */
export async function placed<T>(all: readonly Desired[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.violations.length === 0) throw error;
    const violations = error.violations.map((violation) => {
      const [, index = '', path = ''] =
        /^changes\[(\d+)\](?:\.put)?\.?(.*)$/.exec(violation.field) ?? [];
      const place = all[Number(index)]?.place;
      if (index === '' || place === undefined) return violation;
      return { ...violation, field: path === '' ? place : `${place}: ${path}` };
    });
    throw invalidFields(violations, error.code);
  }
}
