/** Entering what a pass found into the ledger: fates, reports, retries, and who is next. */
import { NfvError } from '../errors.js';
import type { ItemReport } from '../model/southbound.js';
import type { Agenda } from './agenda.js';
import { isSound } from './assess.js';
import { backoffMs, type BackoffOptions } from './backoff.js';
import { blockerOf } from './blocked.js';
import type { TraitsTable } from './dataplane.js';
import type { Entry, Ledger } from './ledger.js';
import { outcomeOf, type Findings, type Outcome } from './verify.js';

export interface Settlement {
  readonly ledger: Ledger;
  readonly traits: TraitsTable;
  readonly agenda: Agenda;
  readonly retry: BackoffOptions;
  readonly random: () => number;
  /** Monotonic ms. */
  readonly now: () => number;
  /** The key has changed since the pass began: what was found is of an older version. */
  readonly isStale: (key: string) => boolean;
}

/** @returns the reports that are news. */
export function settle(findings: Findings, settlement: Settlement): readonly ItemReport[] {
  const { ledger, agenda } = settlement;
  const reports: ItemReport[] = [];
  const moved: string[] = [];
  const waiting: string[] = [];
  let isRoomier = false;
  for (const key of keysOf(findings, ledger)) {
    const entry = ledger.get(key);
    if (entry !== undefined && isUnchanged(key, entry, findings)) continue;
    const before = standingOf(entry);
    const report = settleKey(key, outcomeOf(key, findings), settlement);
    if (report === 'waits') waiting.push(key);
    else if (report !== undefined) reports.push(report);
    const after = standingOf(ledger.get(key));
    const isGone = before.isThere && !after.isThere;
    if (isGone || isBetter(before, after)) moved.push(key);
    isRoomier ||= isGone && findings.execution.touched.has(key);
  }
  // What was told of these may have been settled after them.
  for (const key of waiting) reports.push(...tellOfBlocked(ledger.get(key), ledger));
  // Each of these gets its chance at once; what is blocked again waits for the next move.
  for (const key of moved) agenda.tryNow(ledger.waitersFor(key));
  if (isRoomier) agenda.tryNow(obstructed(ledger));
  return reports;
}

interface Stand {
  readonly isThere: boolean;
  readonly isApplied: boolean;
  readonly isSound: boolean;
}

function standingOf(entry: Entry | undefined): Stand {
  const isThere = entry?.seen !== undefined;
  return { isThere, isApplied: entry?.fate === 'applied', isSound: entry?.sound === true };
}

function isBetter(before: Stand, after: Stand): boolean {
  return (after.isApplied && !before.isApplied) || (after.isSound && !before.isSound);
}

/** The usual case of a full pass: applied, seen so, reported so. */
function isUnchanged(key: string, entry: Entry, { survey, execution }: Findings): boolean {
  return (
    entry.fate === 'applied' &&
    entry.told !== undefined &&
    entry.toldDrift === undefined &&
    entry.item !== undefined &&
    entry.seen === entry.item.payload &&
    !survey.differing.has(key) &&
    !execution.touched.has(key) &&
    !execution.failures.has(key)
  );
}

function* keysOf({ survey }: Findings, ledger: Ledger): Iterable<string> {
  yield* survey.keys ?? survey.wanted.keys();
  if (survey.keys === undefined) yield* new Set([...ledger.unwanted, ...survey.strays.keys()]);
}

/** 'waits': it is blocked by another thing than was told, which is in the way still: that is no news. */
type News = ItemReport | 'waits' | undefined;

function settleKey(key: string, outcome: Outcome, settlement: Settlement): News {
  const { ledger, agenda, isStale } = settlement;
  const item = ledger.wanted.get(key);
  switch (outcome.kind) {
    case 'applied':
      ledger.saw(key, item?.payload);
      break;
    case 'absent':
      ledger.saw(key, undefined);
      break;
    default:
      ledger.saw(key, outcome.seen?.payload);
  }
  const entry = ledger.get(key);
  if (entry === undefined || isStale(key)) return undefined;
  entry.sound = outcome.kind === 'failed' && isSound(item, outcome.seen, settlement.traits);
  switch (outcome.kind) {
    case 'applied':
      agenda.retries.delete(key);
      entry.attempts = 0;
      ledger.noteDrift(key, undefined);
      ledger.settle(key, 'applied');
      return tell(entry, undefined, ledger);
    case 'absent': {
      agenda.retries.delete(key);
      ledger.forget(key);
      return entry.unexpected ? undefined : tell(entry, undefined, ledger);
    }
    case 'failed':
      settleFailure(entry, outcome.error, settlement);
      return tell(entry, outcome.error, ledger);
    case 'left':
      return undefined;
  }
}

/** What is held back keeps its failure, and the time of its retry. */
function settleFailure(entry: Entry, error: NfvError, settlement: Settlement): void {
  const { key } = entry;
  if (entry.fate === error) return;
  const { ledger, agenda, now, retry, random } = settlement;
  ledger.settle(key, error);
  if (error.code === 'ITEM_UNSUPPORTED' || blockerOf(error) !== undefined) {
    agenda.retries.delete(key);
    return;
  }
  entry.attempts++;
  entry.lastTried = now();
  const failures = error.retriable ? entry.attempts : Infinity;
  agenda.retries.set(key, entry.lastTried + backoffMs(failures, retry, random));
}

/** A report if it is not what was reported last. */
function tell(entry: Entry, error: NfvError | undefined, ledger: Ledger): News {
  const { key } = entry;
  const version = entry.item?.version ?? '';
  const blocker = error && blockerOf(error);
  const about = `${version} ${error?.code ?? ''} `;
  const told = about + (blocker ?? error?.message ?? '');
  if (told === entry.told) return undefined;
  // Of several things that it waits for, each pass may find another first.
  if (blocker !== undefined && entry.told?.startsWith(about) === true) {
    if (isInTheWay(ledger.get(entry.told.slice(about.length)))) return 'waits';
  }
  entry.told = told;
  if (error === undefined) return { key, version };
  return { key, version, failure: { code: error.code, message: error.message } };
}

function tellOfBlocked(entry: Entry | undefined, ledger: Ledger): readonly ItemReport[] {
  const news = entry?.fate instanceof NfvError ? tell(entry, entry.fate, ledger) : undefined;
  return news === undefined || news === 'waits' ? [] : [news];
}

/** What is not wanted is, too. */
function isInTheWay(entry: Entry | undefined): boolean {
  return entry?.fate !== 'applied' && entry?.sound !== true;
}

/** What may have room now that something of ours is gone. */
function obstructed(ledger: Ledger): readonly string[] {
  return [...ledger.failures]
    .filter(([, error]) => error.code === 'FOREIGN_OBJECT')
    .map(([key]) => key);
}
