/** What was changed behind the agent's back. */
import type { Drift } from '../model/nve.js';
import { timestamp } from '../model/clock.js';
import type { Ledger } from './ledger.js';
import type { Survey } from './survey.js';
import { outcomeOf, type Findings } from './verify.js';

/** An object of ours that nobody wants, come after everything unwanted was gone. */
const UNEXPECTED = 'unexpected: not wanted, but there';

/**
 * key -> difference, for what had been applied and is not as it was, and for what is there and
 * not wanted. `isSwept`: all that was not wanted had once been removed, so that what is not
 * wanted now is new.
 */
export function findDrift(
  ledger: Ledger,
  survey: Survey,
  isSwept: boolean,
): ReadonlyMap<string, string> {
  const drift = new Map<string, string>();
  for (const [key, { texts }] of survey.differing) {
    if (ledger.get(key)?.fate === 'applied') drift.set(key, texts.join('; '));
  }
  if (!isSwept) return drift;
  for (const key of survey.strays.keys()) {
    const entry = ledger.get(key);
    if (entry === undefined || entry.unexpected) drift.set(key, UNEXPECTED);
  }
  return drift;
}

/**
 * What to tell of `drift` after the pass. What is left alone is told once for each difference, or never.
 */
export function tellDrift(
  drift: ReadonlyMap<string, string>,
  findings: Findings,
  ledger: Ledger,
  isLeftAlone: (key: string) => boolean,
  isIgnored: (key: string) => boolean,
  now: number,
): readonly Drift[] {
  const time = timestamp(now);
  const told: Drift[] = [];
  for (const [key, difference] of drift) {
    if (!isLeftAlone(key)) {
      const { kind } = outcomeOf(key, findings);
      told.push({ key, difference, action: kind === 'failed' ? 'FAILED' : 'REPAIRED', time });
      continue;
    }
    if (isIgnored(key)) {
      ledger.noteDrift(key, undefined);
      continue;
    }
    if (!ledger.noteDrift(key, difference)) continue;
    told.push({ key, difference, action: 'REPORTED', time });
  }
  return told;
}
