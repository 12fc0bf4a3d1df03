/** What one NVE should have, and how far it has got with it. */
import { splitKey } from '../../model/item.js';
import type { ItemReport } from '../../model/southbound.js';
import type { ItemCounts, ItemFailure } from '../../model/nve.js';
import type { ItemDelta } from '../compiler/deltas.js';
import type { ItemSum } from '../compiler/item-sum.js';

interface Outstanding {
  /** Empty: the removal of the item. */
  readonly version: string;
  /** Once the NVE has tried everything up to here, it has tried this. */
  readonly revision: number;
  /** The first change of the item that has not been applied. */
  readonly since: number;
}

interface Failed {
  readonly version: string;
  readonly since: number;
  readonly failure: { readonly code: string; readonly message: string };
}

/** Failures that are told of one NVE. */
export const MAX_FAILURES = 100;
/** Failed removals that are kept of those that this session has not asked for. */
export const MAX_UNASKED = 1000;

export class Progress {
  /** Changes that have not been reported on, in order of revision. */
  readonly #outstanding = new Map<string, Outstanding>();
  readonly #failed = new Map<string, Failed>();
  /** Of those, removals that this session has not asked for: an earlier one has, or nobody. */
  readonly #unasked = new Set<string>();
  #settledRevision = 0;
  #settled = false;

  /**
   * @param wanted what all items come to that the NVE should have, as of the start of its session; it is the
   *   progress's from then on
   * @param version of an item as the NVE should have it now; undefined: it should not have it
   */
  constructor(
    private readonly wanted: ItemSum,
    private readonly version: (key: string) => string | undefined,
  ) {}

  /** Digest of all items the NVE should have. */
  get digest(): string {
    return this.wanted.digest;
  }

  /** Everything up to here has been tried, as the NVE says. */
  get settledRevision(): number {
    return this.#settledRevision;
  }

  /** In this session, the NVE has tried what it held at its start. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The NVE has tried all it should have. */
  get idle(): boolean {
    return this.#settled && this.#outstanding.size === 0;
  }

  /** Something of some revision has not been applied. */
  get behind(): boolean {
    return !this.#settled || this.#outstanding.size > 0 || this.#failed.size > 0;
  }

  /** The oldest revision of which something is open or failed; undefined: none. */
  get oldestOpen(): number | undefined {
    let oldest: number | undefined;
    for (const since of this.#lacking()) {
      oldest = Math.min(oldest ?? since, since);
      // Nothing is older: of all that an NVE came without, one is enough to tell.
      if (oldest === 0) break;
    }
    return oldest;
  }

  *#lacking(): Generator<number> {
    for (const { since } of this.#outstanding.values()) yield since;
    for (const { since } of this.#failed.values()) yield since;
  }

  /** The NVE is to have such an item. */
  wants(key: string): boolean {
    return this.version(key) !== undefined;
  }

  get counts(): ItemCounts {
    const wanted = this.wanted.count;
    const failed = this.#failed.size;
    const open = this.#settled ? this.#outstanding.size : wanted;
    return { wanted, applied: Math.max(0, wanted - failed - open), failed };
  }

  get failures(): ItemFailure[] {
    const result: ItemFailure[] = [];
    for (const [key, { failure }] of this.#failed) {
      if (result.length === MAX_FAILURES) break;
      result.push({ key, ...failure });
    }
    return result;
  }

  /** The item's failure; 'open' until it is reported on; undefined: it is as wanted. */
  stateOf(key: string): 'open' | 'applied' | ItemFailure {
    const failed = this.#failed.get(key);
    if (failed !== undefined) return { key, ...failed.failure };
    return !this.#settled || this.#outstanding.has(key) ? 'open' : 'applied';
  }

  /** Whether something of `revision` or before has not been applied. */
  lags(revision: number): boolean {
    if (!this.#settled) return true;
    for (const since of this.#lacking()) if (since <= revision) return true;
    return false;
  }

  /** The NVE should have something else, from `revision` on. */
  expect(delta: ItemDelta, revision: number): void {
    this.wanted.removeAll(delta.before.values());
    this.wanted.addAll(delta.upserts.values());
    for (const key of delta.removes) {
      this.#open(key, { version: '', revision, since: revision });
    }
    for (const [key, item] of delta.upserts) {
      this.#open(key, { version: item.version, revision, since: revision });
    }
  }

  /**
   * An item that the NVE turned out to lack, or to have too much: nobody knows since when. It is
   * sent what it should have as of `revision`.
   */
  reopen(key: string, version: string, revision: number): void {
    this.#open(key, { version, revision, since: 0 });
  }

  /** @returns false: it is no news, or about what is not asked of the NVE, and was dropped. */
  report({ key, version, failure }: ItemReport): boolean {
    const known = this.#outstanding.get(key) ?? this.#failed.get(key);
    // It is applied already.
    if (known === undefined && failure === undefined) return false;
    const wanted = known?.version ?? this.version(key);
    if ((wanted ?? '') !== version) return false;
    if (wanted === undefined && !this.#takesUnasked(key)) return false;
    // What was applied before, and is not now, is lacking from the beginning.
    const since = this.#since(key) ?? 0;
    this.#outstanding.delete(key);
    if (failure === undefined) this.#mended(key);
    else this.#failed.set(key, { version, failure, since });
    return true;
  }

  /** A removal fails that was asked for in an earlier session; or so the NVE says, of any key. */
  #takesUnasked(key: string): boolean {
    if (this.#unasked.size >= MAX_UNASKED || splitKey(key)[0] === undefined) return false;
    this.#unasked.add(key);
    return true;
  }

  /** The NVE has tried everything up to `revision`; what it did not report failed is applied. */
  settle(revision: number): string[] {
    this.#settled = true;
    this.#settledRevision = Math.max(this.#settledRevision, revision);
    const done: string[] = [];
    for (const [key, open] of this.#outstanding) {
      if (open.revision > revision) break;
      this.#outstanding.delete(key);
      done.push(key);
    }
    return done;
  }

  #open(key: string, { version, revision, since }: Outstanding): void {
    const first = Math.min(since, this.#since(key) ?? since);
    // Taken out first, so that the order of the map stays that of the revisions.
    this.#outstanding.delete(key);
    this.#outstanding.set(key, { version, revision, since: first });
    this.#mended(key);
  }

  #mended(key: string): void {
    this.#failed.delete(key);
    this.#unasked.delete(key);
  }

  /** Since when the NVE lacks the item; undefined: it does not. */
  #since(key: string): number | undefined {
    return this.#outstanding.get(key)?.since ?? this.#failed.get(key)?.since;
  }
}
