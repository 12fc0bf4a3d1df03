/** What the engine remembers of every key: what is wanted, what was seen, what became of it. */
import { NfvError } from '../errors.js';
import { dependenciesOf, type Item, type Payload } from '../model/item.js';
import { claimsOf } from './assess.js';
import { blockerOf } from './blocked.js';
import type { TraitsTable } from './dataplane.js';
import { changesPolicy } from './drift-policies.js';
import { IndexOfSets } from './index-of-sets.js';

/** What became of a key's wanted version, or of its removal. */
export type Fate = 'untried' | 'applied' | NfvError;

export interface Entry {
  readonly key: string;
  /** Undefined: it is to be absent. */
  readonly item: Item | undefined;
  /** What was there last time; undefined: nothing. */
  readonly seen: Payload | undefined;
  readonly fate: Fate;
  /** It has failed, but is there, whole and in its place. */
  sound: boolean;
  /** Failures in a row, of this version. */
  attempts: number;
  /** Monotonic ms. */
  lastTried: number;
  /** The fate that was reported last, as text. */
  told: string | undefined;
  /** The drift that was reported and left alone. */
  readonly toldDrift: string | undefined;
  /** It is not wanted, and appeared after everything unwanted had been removed. */
  unexpected: boolean;
}

const NONE: readonly string[] = [];

interface Row extends Entry {
  item: Item | undefined;
  seen: Payload | undefined;
  fate: Fate;
  dependencies: readonly string[];
  claims: readonly string[];
  toldDrift: string | undefined;
}

export class Ledger {
  readonly #wanted = new Map<string, Item>();
  readonly #records = new Map<string, Row>();
  readonly #unwanted = new Set<string>();
  readonly #failures = new Map<string, NfvError>();
  readonly #dependents = new IndexOfSets();
  readonly #claimants = new IndexOfSets();
  readonly #waiters = new IndexOfSets();
  readonly #leftAlone = new Set<string>();
  #applied = 0;
  #generation = 0;
  #policyChanged = false;

  constructor(private readonly traits: TraitsTable) {}

  get wanted(): ReadonlyMap<string, Item> {
    return this.#wanted;
  }

  /** Another one with each change of what is wanted. */
  get generation(): number {
    return this.#generation;
  }

  /** Keys that are not wanted, but were seen or are still to be seen gone. */
  get unwanted(): ReadonlySet<string> {
    return this.#unwanted;
  }

  get failures(): ReadonlyMap<string, NfvError> {
    return this.#failures;
  }

  get appliedCount(): number {
    return this.#applied;
  }

  /** Items that are not as wanted, were told so, and are left alone. */
  get leftAloneCount(): number {
    return this.#leftAlone.size;
  }

  /** Whether the drift policy of a network has changed since this was last asked. */
  takePolicyChange(): boolean {
    const changed = this.#policyChanged;
    this.#policyChanged = false;
    return changed;
  }

  get(key: string): Entry | undefined {
    return this.#records.get(key);
  }

  /** All entries; do not change the ledger meanwhile. */
  entries(): Iterable<Entry> {
    return this.#records.values();
  }

  /** The item is wanted from now on; a new version begins anew, an old one is reported again. */
  want(item: Item): void {
    const record = this.#record(item.key);
    record.told = undefined;
    if (record.item?.version === item.version) return;
    this.#policyChanged ||= changesPolicy(record.item?.payload, item.payload);
    this.#generation++;
    this.#unwanted.delete(item.key);
    this.#wanted.set(item.key, item);
    this.#begin(record, item);
  }

  /** The key is to be absent from now on. */
  unwant(key: string): void {
    const record = this.#record(key);
    if (this.#wanted.delete(key)) this.#generation++;
    this.#unwanted.add(key);
    record.told = undefined;
    if (record.item !== undefined || record.unexpected) this.#begin(record, undefined);
  }

  #begin(record: Row, item: Item | undefined): void {
    this.#setFate(record, 'untried');
    record.item = item;
    record.sound = false;
    record.attempts = 0;
    this.noteDrift(record.key, undefined);
    record.unexpected = false;
    this.#relink(record);
  }

  /** Notes what is there; an object nobody knew gets an entry. */
  saw(key: string, payload: Payload | undefined): void {
    const known = this.#records.get(key);
    if (known === undefined && payload === undefined) return;
    const record = known ?? this.#record(key);
    if (known === undefined) this.#unwanted.add(key);
    if (record.seen === payload) return;
    record.seen = payload;
    this.#relink(record);
  }

  /**
   * The dataplane has lost all that it had: what was applied is to be made as if it had never been, for
   * that is nobody's change. What failed keeps its turn: it may be why.
   */
  beginAgain(): void {
    this.#beginAgain(this.#records.values());
  }

  /** These are to be made otherwise than before, by what is not in their items: as if they had never been. */
  beginOtherwise(keys: Iterable<string>): void {
    this.#beginAgain([...keys].flatMap((key) => this.#records.get(key) ?? []));
  }

  #beginAgain(records: Iterable<Row>): void {
    for (const record of records) {
      if (record.fate !== 'applied') continue;
      this.#setFate(record, 'untried');
      this.noteDrift(record.key, undefined);
    }
  }

  settle(key: string, fate: Fate): void {
    const record = this.#records.get(key);
    if (record !== undefined) this.#setFate(record, fate);
  }

  /**
   * Drift that is told and left alone; undefined: there is none.
   * @returns whether that is news
   */
  noteDrift(key: string, difference: string | undefined): boolean {
    const record = this.#records.get(key);
    if (record === undefined || record.toldDrift === difference) return false;
    record.toldDrift = difference;
    if (difference === undefined) this.#leftAlone.delete(key);
    else this.#leftAlone.add(key);
    return true;
  }

  /** An unwanted key that is gone and needs no more attention. */
  forget(key: string): void {
    const record = this.#records.get(key);
    if (record === undefined || record.item !== undefined) return;
    this.#setFate(record, 'untried');
    record.seen = undefined;
    this.#relink(record);
    this.noteDrift(key, undefined);
    this.#records.delete(key);
    this.#unwanted.delete(key);
  }

  /** All that hangs on `key`, directly or not, as wanted or as last seen. */
  *dependents(key: string): Iterable<string> {
    const found = new Set([key]);
    for (const one of found) {
      for (const dependent of this.#dependents.get(one)) found.add(dependent);
      if (one !== key) yield one;
    }
  }

  /** All that `key` hangs on as wanted, directly or not. */
  *dependencies(key: string): Iterable<string> {
    const found = new Set([key]);
    for (const one of found) {
      for (const dependency of this.#wanted.get(one)?.dependsOn ?? []) found.add(dependency);
      if (one !== key) yield one;
    }
  }

  /** The keys that have or want a claim. */
  claimants(claim: string): Iterable<string> {
    return this.#claimants.get(claim);
  }

  /** The keys whose failure is that they are blocked by `key`. */
  waitersFor(key: string): Iterable<string> {
    return this.#waiters.get(key);
  }

  #record(key: string): Row {
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const record: Row = {
      key,
      item: undefined,
      seen: undefined,
      fate: 'untried',
      sound: false,
      attempts: 0,
      lastTried: -Infinity,
      told: undefined,
      toldDrift: undefined,
      unexpected: false,
      dependencies: NONE,
      claims: NONE,
    };
    this.#records.set(key, record);
    return record;
  }

  #setFate(record: Row, fate: Fate): void {
    const { key, fate: before } = record;
    if (before === 'applied') this.#applied--;
    if (before instanceof NfvError) {
      this.#failures.delete(key);
      const blocker = blockerOf(before);
      if (blocker !== undefined) this.#waiters.delete(blocker, key);
    }
    record.fate = fate;
    if (fate === 'applied') this.#applied++;
    if (fate instanceof NfvError) {
      this.#failures.set(key, fate);
      const blocker = blockerOf(fate);
      if (blocker !== undefined) this.#waiters.add(blocker, key);
    }
  }

  #relink(record: Row): void {
    const { key, item, seen } = record;
    for (const dependency of record.dependencies) this.#dependents.delete(dependency, key);
    for (const claim of record.claims) this.#claimants.delete(claim, key);
    const payloads = item?.payload === seen ? [seen] : [item?.payload, seen];
    const dependencies = new Set(item?.dependsOn);
    const claims = new Set<string>();
    for (const payload of payloads) {
      if (payload === undefined) continue;
      for (const claim of claimsOf(this.traits, payload)) claims.add(claim);
      for (const dependency of dependenciesOf(payload)) dependencies.add(dependency);
    }
    record.dependencies = shared(dependencies, item?.dependsOn);
    record.claims = shared(claims);
    for (const dependency of record.dependencies) this.#dependents.add(dependency, key);
    for (const claim of record.claims) this.#claimants.add(claim, key);
  }
}

/** The same as `texts`, in an array that there is already if it can be: every mapping has one. */
function shared(texts: ReadonlySet<string>, known: readonly string[] = NONE): readonly string[] {
  return texts.size === known.length && known.every((text) => texts.has(text)) ? known : [...texts];
}
