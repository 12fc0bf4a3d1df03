/** One pass: observe, plan, apply, re-read, settle. */
import { NfvError } from '../errors.js';
import { dependenciesOf } from '../model/item.js';
import type { Drift } from '../model/nve.js';
import type { ItemReport } from '../model/southbound.js';
import type { Task } from './agenda.js';
import { findDrift, tellDrift } from './drift.js';
import { policyFor, type DriftPolicy } from './drift-policies.js';
import { execute, type Means } from './execute.js';
import type { Entry, Ledger } from './ledger.js';
import { makePlan } from './plan.js';
import type { Hold, Plan, Standing } from './plan-types.js';
import type { PreparedPlan } from './prepared.js';
import { settle, type Settlement } from './settle.js';
import { look, surveyAll, surveyKeys, type Observe, type Survey } from './survey.js';

export interface PassInput extends Settlement, Means {
  readonly observe: Observe;
  readonly task: Task;
  readonly complete: boolean;
  /** All that was unwanted has once been removed. */
  readonly isSwept: boolean;
  /** Where an item's network has none. */
  readonly driftPolicy: DriftPolicy;
  /** Try everything, whatever is to be left alone; for a plan that somebody has agreed to. */
  readonly isForced: boolean;
  /** For a dataplane that has lost everything. */
  readonly prepared: PreparedPlan;
  /** Called with the plan before anything is done; may throw to have nothing done. */
  readonly check: (plan: Plan) => void;
  /** UTC ms, when called. */
  readonly wallTime: () => number;
}

export interface PassOutput {
  readonly plan: Plan;
  readonly checked: number;
  readonly steps: number;
  readonly reports: readonly ItemReport[];
  readonly drifts: readonly Drift[];
  /** What was touched could not be read back. */
  readonly rereadError?: NfvError;
}

/** @throws when nothing could be observed, before anything is done; the reason of `signal`. */
export async function runPass(input: PassInput): Promise<PassOutput> {
  const { task, ledger, traits, observe, signal } = input;
  const survey = task.isFull
    ? await surveyAll(ledger, traits, observe)
    : await surveyKeys([...task.tries, ...task.suspects], ledger, traits, observe);
  signal.throwIfAborted();
  const drift = findDrift(ledger, survey, input.isSwept && input.complete);
  noteLeftovers(ledger, survey, drift);
  const holds = input.isForced ? new Map<string, Hold>() : findHolds(input, survey, drift);
  const plan =
    input.prepared.take(survey, holds, ledger, input.complete) ?? planFor(input, survey, holds);
  input.check(plan);
  const execution = await execute(plan, input);
  const reread = await readBack(input, execution.touched);
  signal.throwIfAborted();
  const findings = { survey, plan, execution, reread };
  const reports = settle(findings, input);
  const leftAlone = (key: string): boolean =>
    holds.get(key) === 'drift' && !execution.touched.has(key);
  const ignored = (key: string): boolean => policyOf(input, survey, key) === 'ignore';
  for (const key of drift.keys()) noteUnexpected(input, key, leftAlone(key));
  return {
    plan,
    checked: survey.keys?.size ?? Math.max(survey.wanted.size, survey.observation.objects.size),
    steps: execution.steps,
    reports,
    drifts: tellDrift(drift, findings, ledger, leftAlone, ignored, input.wallTime()),
    ...(reread instanceof NfvError ? { rereadError: reread } : {}),
  };
}

/** What a full pass would do if it left nothing alone. Changes nothing. */
export async function previewPass(
  input: Pick<PassInput, 'ledger' | 'traits' | 'observe' | 'complete'>,
): Promise<Plan> {
  return planFor(input, await surveyAll(input.ledger, input.traits, input.observe), new Map());
}

function planFor(
  { ledger, traits, complete }: Pick<PassInput, 'ledger' | 'traits' | 'complete'>,
  { keys, wanted, observation, differing }: Survey,
  holds: ReadonlyMap<string, Hold>,
): Plan {
  const outside = (key: string): Standing => standing(ledger, key);
  return makePlan({
    wanted,
    complete,
    observation,
    traits,
    differing,
    holds,
    ...(keys === undefined ? {} : { outside }),
  });
}

function standing(ledger: Ledger, key: string): Standing {
  const entry = ledger.get(key);
  if (entry?.item === undefined) return 'unwanted';
  if (entry.fate instanceof NfvError) return carriesOn(ledger, entry) ? 'stands' : entry.fate;
  return entry.seen === undefined ? 'missing' : 'stands';
}

/** It could not be made as wanted, but is there, and so is all that it hangs on. */
function carriesOn(ledger: Ledger, { item, sound }: Entry): boolean {
  if (item === undefined || !sound) return false;
  return dependenciesOf(item.payload).every((need) => standing(ledger, need) === 'stands');
}

function findHolds(
  input: PassInput,
  survey: Survey,
  drift: ReadonlyMap<string, string>,
): ReadonlyMap<string, Hold> {
  const { ledger, agenda, task } = input;
  const holds = new Map<string, Hold>();
  for (const key of drift.keys()) {
    if (policyOf(input, survey, key) !== 'repair') holds.set(key, 'drift');
  }
  for (const key of survey.keys ?? ledger.failures.keys()) {
    const error = ledger.failures.get(key);
    if (error === undefined || task.tries.has(key)) continue;
    const isWaiting = agenda.retries.at(key) !== undefined;
    const isFree = error.code === 'FOREIGN_OBJECT' && !survey.observation.obstacles.has(key);
    if (isWaiting && !isFree) holds.set(key, error);
  }
  return holds;
}

function policyOf({ ledger, driftPolicy }: PassInput, survey: Survey, key: string): DriftPolicy {
  const payload = ledger.wanted.get(key)?.payload ?? survey.strays.get(key)?.payload;
  return policyFor(payload, ledger.wanted, driftPolicy);
}

const NOTHING: Survey = {
  keys: new Set(),
  wanted: new Map(),
  observation: { objects: new Map(), obstacles: new Map() },
  differing: new Map(),
  strays: new Map(),
};

/** Success is what was read back; a failure to read is the failure of all that was touched. */
async function readBack(
  { ledger, traits, observe, signal }: PassInput,
  touched: ReadonlySet<string>,
): Promise<Survey | NfvError> {
  if (touched.size === 0) return NOTHING;
  try {
    return await look(touched, ledger, traits, observe);
  } catch (error) {
    signal.throwIfAborted();
    return NfvError.from(error);
  }
}

/** What nobody wanted from the start is removed like what is no longer wanted, and so reported. */
function noteLeftovers(ledger: Ledger, survey: Survey, drift: ReadonlyMap<string, string>): void {
  for (const [key, { payload }] of survey.strays) {
    if (!drift.has(key)) ledger.saw(key, payload);
  }
}

function noteUnexpected({ ledger }: PassInput, key: string, isLeft: boolean): void {
  const entry = ledger.get(key);
  if (entry?.item === undefined && entry !== undefined) entry.unexpected = isLeft;
}
