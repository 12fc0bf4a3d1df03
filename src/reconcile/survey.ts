/** What is there, for everything or for some keys and all that they bear upon. */
import type { NfvError } from '../errors.js';
import type { Item } from '../model/item.js';
import { assessAll, claimsOf, type Difference } from './assess.js';
import type { Observation, Observed, Scope, TraitsTable } from './dataplane.js';
import type { Ledger } from './ledger.js';

export interface Survey {
  /** The keys looked at, wanted or not; undefined: all there are. */
  readonly keys: ReadonlySet<string> | undefined;
  /** The wanted items among them. */
  readonly wanted: ReadonlyMap<string, Item>;
  readonly observation: Observation;
  /** What of `wanted` is not as it should be. */
  readonly differing: ReadonlyMap<string, Difference>;
  /** The objects that are there and not wanted. */
  readonly strays: ReadonlyMap<string, Observed>;
}

export type Observe = (scope: Scope, wanted: ReadonlyMap<string, Item>) => Promise<Observation>;

export async function surveyAll(
  ledger: Ledger,
  traits: TraitsTable,
  observe: Observe,
): Promise<Survey> {
  const { wanted } = ledger;
  const observation = await observe({ kind: 'all' }, wanted);
  return compare(undefined, wanted, observation, traits);
}

/**
 * Looks at `start`, and then at what hangs on keys that will go or are gone, and at what has or
 * wants the same host resources. Costs what these are, not what there is.
 */
export async function surveyKeys(
  start: Iterable<string>,
  ledger: Ledger,
  traits: TraitsTable,
  observe: Observe,
): Promise<Survey> {
  const keys = new Set<string>();
  const wanted = new Map<string, Item>();
  const objects = new Map<string, Observed>();
  const obstacles = new Map<string, NfvError>();
  const differing = new Map<string, Difference>();
  const strays = new Map<string, Observed>();
  let fresh = new Set(start);
  while (fresh.size > 0) {
    const part = await look(fresh, ledger, traits, observe);
    for (const key of fresh) keys.add(key);
    for (const [key, item] of part.wanted) wanted.set(key, item);
    for (const [key, observed] of part.observation.objects) objects.set(key, observed);
    for (const [key, error] of part.observation.obstacles) obstacles.set(key, error);
    for (const [key, difference] of part.differing) differing.set(key, difference);
    for (const [key, observed] of part.strays) strays.set(key, observed);
    const next = new Set<string>();
    for (const key of fresh) {
      for (const other of bearsUpon(key, part, ledger, traits)) {
        if (!keys.has(other)) next.add(other);
      }
    }
    fresh = next;
  }
  return { keys, wanted, observation: { objects, obstacles }, differing, strays };
}

function compare(
  keys: ReadonlySet<string> | undefined,
  wanted: ReadonlyMap<string, Item>,
  observation: Observation,
  traits: TraitsTable,
): Survey {
  const { objects } = observation;
  const strays = new Map<string, Observed>();
  for (const [key, observed] of objects) {
    if (!wanted.has(key)) strays.set(key, observed);
  }
  return { keys, wanted, observation, differing: assessAll(wanted, objects, traits), strays };
}

/** Just these keys, which may be wanted or not. */
export async function look(
  keys: ReadonlySet<string>,
  ledger: Ledger,
  traits: TraitsTable,
  observe: Observe,
): Promise<Survey> {
  const wanted = new Map<string, Item>();
  for (const key of keys) {
    const item = ledger.wanted.get(key);
    if (item !== undefined) wanted.set(key, item);
  }
  const observation = await observe({ kind: 'keys', keys }, wanted);
  return compare(keys, wanted, observation, traits);
}

function* bearsUpon(
  key: string,
  survey: Survey,
  ledger: Ledger,
  traits: TraitsTable,
): Iterable<string> {
  const item = survey.wanted.get(key);
  const isThere = survey.observation.objects.has(key);
  const difference = survey.differing.get(key);
  const goes = isThere && (item === undefined || difference?.mustRecreate === true);
  const isGone = !isThere && ledger.get(key)?.seen !== undefined;
  if (goes || isGone) yield* ledger.dependents(key);
  if (item === undefined || difference === undefined) return;
  for (const claim of claimsOf(traits, item.payload)) {
    for (const other of ledger.claimants(claim)) {
      if (other === key) continue;
      yield other;
      yield* ledger.dependents(other);
    }
  }
}
