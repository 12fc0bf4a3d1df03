/** One wanted item against what was read back of it. */
import { dependenciesOf, type Item, type Payload } from '../model/item.js';
import type { KindTraits, Observed, TraitsTable } from './dataplane.js';

export interface Difference {
  /** For people; "missing" alone if the object is not there. */
  readonly texts: readonly string[];
  /** What is there; undefined: nothing. */
  readonly observed: Observed | undefined;
  /** It cannot be mended in place. */
  readonly mustRecreate: boolean;
}

const MISSING: Difference = { texts: ['missing'], observed: undefined, mustRecreate: false };

/** The traits of a payload's kind; undefined: the dataplane cannot do it. */
export function traitsOf(traits: TraitsTable, payload: Payload): KindTraits | undefined {
  return traits[payload.kind];
}

/** What keeps `observed` from being `item`; undefined: nothing. The item's kind must have traits. */
export function assess(
  item: Item,
  observed: Observed | undefined,
  traits: TraitsTable,
): Difference | undefined {
  if (observed === undefined) return MISSING;
  // A dataplane may tell what is as wanted by the very payload that is wanted.
  if (observed.payload === item.payload && observed.defects.length === 0) return undefined;
  const kind = traitsOf(traits, item.payload);
  if (kind === undefined || observed.payload.kind !== item.payload.kind) {
    const text = `${observed.payload.kind}, not ${item.payload.kind}`;
    return { texts: [text], observed, mustRecreate: true };
  }
  const differences = kind.differences(item.payload, observed.payload);
  if (differences.length === 0 && observed.defects.length === 0) return undefined;
  return {
    texts: [...differences, ...observed.defects],
    observed,
    mustRecreate: kind.mustRecreate(item.payload, observed.payload),
  };
}

/**
 * The object is there, whole and in its place, so that others can hang on it although it is not as
 * wanted: what differs are settings of its own.
 */
export function isSound(
  item: Item | undefined,
  observed: Observed | undefined,
  traits: TraitsTable,
): boolean {
  if (item === undefined || observed === undefined || observed.defects.length > 0) return false;
  const kind = traitsOf(traits, item.payload);
  if (kind === undefined || observed.payload.kind !== item.payload.kind) return false;
  if (kind.mustRecreate(item.payload, observed.payload)) return false;
  const found = new Set(dependenciesOf(observed.payload));
  return dependenciesOf(item.payload).every((key) => found.has(key));
}

/** The exclusive host resources that a payload stands for. */
export function claimsOf(traits: TraitsTable, payload: Payload): readonly string[] {
  return traitsOf(traits, payload)?.claims?.(payload) ?? [];
}

/**
 * Every item of `wanted` that is not as it was read back, by key. Items of kinds without traits
 * are left out.
 */
export function assessAll(
  wanted: ReadonlyMap<string, Item>,
  objects: ReadonlyMap<string, Observed>,
  traits: TraitsTable,
): Map<string, Difference> {
  const differing = new Map<string, Difference>();
  for (const [key, item] of wanted) {
    if (traitsOf(traits, item.payload) === undefined) continue;
    const difference = assess(item, objects.get(key), traits);
    if (difference !== undefined) differing.set(key, difference);
  }
  return differing;
}
