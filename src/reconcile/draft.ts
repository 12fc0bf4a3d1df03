/**
 * A plan in the making: what differs, what may not be touched, who depends on whom. Everything is
 * in order of the keys, so that the same input gives the same plan.
 */
import { NfvError } from '../errors.js';
import { dependenciesOf, type Item } from '../model/item.js';
import { assessAll, traitsOf, type Difference } from './assess.js';
import { byText, inKeyOrder } from './by-text.js';
import type { Observed } from './dataplane.js';
import type { PlanInput } from './plan-types.js';

/** A wanted item that must be created, updated or recreated. */
export interface Change {
  readonly item: Item;
  readonly observed: Observed | undefined;
  readonly reasons: readonly string[];
  /** Delete, then create. */
  readonly recreate: boolean;
}

export class Draft {
  /** Wanted and not as wanted; what is neither here nor in `verdicts` stands. */
  readonly changes = new Map<string, Change>();
  readonly verdicts = new Map<string, NfvError>();
  /** Ours and not wanted. */
  readonly unwanted = new Map<string, Observed>();
  /** Wanted and gone, but left alone: drift that is only reported. */
  readonly leftMissing = new Set<string>();
  /** key -> objects whose removal must come before it is made, as they have what it claims. */
  readonly displaces = new Map<string, Set<string>>();
  #dependents: Map<string, string[]> | undefined;

  constructor(readonly input: PlanInput) {
    const { wanted, observation, traits } = input;
    const differing = input.differing ?? assessAll(wanted, observation.objects, traits);
    for (const [key, difference] of inKeyOrder(differing)) this.#judge(key, difference);
    for (const [key, error] of observation.obstacles) {
      if (wanted.has(key)) this.#refuse(key, error);
    }
    for (const [key, item] of wanted) {
      if (traitsOf(traits, item.payload) === undefined) {
        const message = `${key}: this dataplane has no ${item.payload.kind}`;
        this.#refuse(key, new NfvError('ITEM_UNSUPPORTED', message));
      }
    }
    for (const [key, observed] of inKeyOrder(unwantedOf(input))) {
      this.unwanted.set(key, observed);
      const hold = input.holds?.get(key);
      if (hold instanceof NfvError && input.complete) this.verdicts.set(key, hold);
    }
  }

  #judge(key: string, difference: Difference): void {
    const item = this.input.wanted.get(key);
    if (item === undefined) return;
    const hold = this.input.holds?.get(key);
    if (hold === 'drift') {
      if (difference.observed === undefined) this.leftMissing.add(key);
    } else {
      if (hold !== undefined) this.verdicts.set(key, hold);
      this.changes.set(key, {
        item,
        observed: difference.observed,
        reasons: difference.observed === undefined ? [] : difference.texts,
        recreate: difference.observed !== undefined && difference.mustRecreate,
      });
    }
  }

  #refuse(key: string, error: NfvError): void {
    this.changes.delete(key);
    this.verdicts.set(key, error);
  }

  observed(key: string): Observed | undefined {
    return this.input.observation.objects.get(key);
  }

  /** Nothing of ours may be removed for it: removing is not allowed at all. */
  isKept(key: string): boolean {
    return !this.input.complete && this.unwanted.has(key);
  }

  outlivesDependencies(observed: Observed): boolean {
    return traitsOf(this.input.traits, observed.payload)?.outlivesDependencies === true;
  }

  /** What an object that is there hangs on, as it is now. */
  dependenciesOfObject(observed: Observed): readonly string[] {
    const own = dependenciesOf(observed.payload);
    const item = this.input.wanted.get(observed.key);
    if (item === undefined || this.changes.has(observed.key)) return own;
    return [...new Set([...own, ...item.dependsOn])];
  }

  /** The objects that hang on `key` as they are now. */
  dependentObjects(key: string): readonly string[] {
    this.#dependents ??= this.#invert();
    return this.#dependents.get(key) ?? [];
  }

  #invert(): Map<string, string[]> {
    const dependents = new Map<string, string[]>();
    for (const [key, observed] of this.input.observation.objects) {
      for (const dependency of this.dependenciesOfObject(observed)) {
        const list = dependents.get(dependency);
        if (list === undefined) dependents.set(dependency, [key]);
        else list.push(key);
      }
    }
    for (const list of dependents.values()) list.sort(byText);
    return dependents;
  }
}

function unwantedOf({ wanted, observation }: PlanInput): Map<string, Observed> {
  const unwanted = new Map<string, Observed>();
  for (const [key, observed] of observation.objects) {
    if (!wanted.has(key)) unwanted.set(key, observed);
  }
  return unwanted;
}
