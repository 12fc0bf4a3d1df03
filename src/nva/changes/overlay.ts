/**
 * What the store would hold if some writes were made: a state as of one revision with changes on top. What
 * was relied on of the state below is gathered, so that one transaction can make the writes if nothing of it
 * has moved.
 */
import { NfvError } from '../../errors.js';
import type { Compare, KeyValue, RangeRequest, RangeResult, WriteOp } from '../../store/store.js';
import { generationOf } from '../keys.js';
import type { Reads } from '../reads.js';
import type { Claim, Guard } from '../resources/resource-rules.js';

/** A key that was written; undefined value: deleted. */
interface Entry {
  readonly value: string | undefined;
  /**
   * Written even where it is the same below: a generation, so that its revision moves; a status, which nobody
   * relies on, so that none is left that is written until then.
   */
  readonly always: boolean;
  /** It is a claim of a resource, which may be held back when it is given up. */
  readonly claim: boolean;
}

/** The revision that keys of the overlay show: none of the store's. */
const UNWRITTEN = -1;

export interface Gathered {
  readonly compare: readonly Compare[];
  readonly ops: readonly WriteOp[];
  /** Claims that are given up, and not in `ops`. */
  readonly retained: readonly string[];
}

export class Overlay implements Reads {
  readonly #entries = new Map<string, Entry>();
  readonly #below = new Map<string, Promise<KeyValue | undefined>>();
  readonly #compares = new Map<string, Compare>();

  constructor(
    private readonly store: Reads,
    /** Of the state below. */
    readonly revision: number,
  ) {}

  async get(key: string): Promise<KeyValue | undefined> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return this.below(key);
    return entry.value === undefined ? undefined : written(key, entry.value);
  }

  /** As if nothing had been written. */
  below(key: string): Promise<KeyValue | undefined> {
    const known = this.#below.get(key) ?? this.store.get(key, this.revision);
    this.#below.set(key, known);
    return known;
  }

  async range({ prefix, after = '', limit = 1000 }: RangeRequest): Promise<RangeResult> {
    const { revision } = this;
    const page = await this.store.range({ prefix, after, limit, revision });
    const end = page.more ? page.kvs.at(-1)?.key : undefined;
    const kvs = new Map(page.kvs.map((kv) => [kv.key, kv]));
    for (const [key, { value }] of this.#entries) {
      const inPage = key.startsWith(prefix) && key > after && (end === undefined || key <= end);
      if (!inPage) continue;
      if (value === undefined) kvs.delete(key);
      else kvs.set(key, written(key, value));
    }
    const sorted = [...kvs.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    // What is left of a page may be nothing at all, with more after it.
    if (sorted.length === 0 && end !== undefined) return this.range({ prefix, after: end, limit });
    return { revision, kvs: sorted, more: page.more };
  }

  put(key: string, value: string): void {
    this.#entries.set(key, { value, always: false, claim: false });
  }

  delete(key: string): void {
    this.#entries.set(key, { value: undefined, always: false, claim: false });
  }

  /** Also if it is not there: somebody may write it until all of this is done. */
  forget(key: string): void {
    this.#entries.set(key, { value: undefined, always: true, claim: false });
  }

  /** Its revision moves. */
  touch(key: string): void {
    this.#entries.set(key, { value: '', always: true, claim: false });
  }

  release(claims: readonly Claim[]): void {
    for (const { key } of claims) {
      this.#entries.set(key, { value: undefined, always: false, claim: true });
    }
  }

  /** @throws NfvError that another resource has it */
  async acquire(owner: string, claims: readonly Claim[]): Promise<void> {
    for (const { key, taken, excludes } of claims) {
      if (excludes !== undefined) {
        if ((await this.get(excludes.key)) !== undefined) throw excludes.found();
        await this.#rely(excludes.key);
      }
      if (taken !== undefined) {
        if ((await this.get(key)) !== undefined) throw taken();
        await this.#rely(key);
      }
      this.#entries.set(key, { value: owner, always: false, claim: true });
    }
  }

  /** Whether all of them hold here. @throws NfvError of one that does not; 'retry' is an answer */
  async hold(guards: readonly Guard[]): Promise<'held' | 'retry'> {
    for (const { compare, onFail } of guards) {
      if (await this.#holds(compare)) continue;
      if (onFail === 'retry') return 'retry';
      throw typeof onFail === 'function' ? await onFail() : onFail;
    }
    for (const { compare } of guards) {
      if (compare.kind === 'revision') await this.#rely(compare.key);
      else await this.#relyOnEmpty(compare.prefix);
    }
    return 'held';
  }

  async #holds(compare: Compare): Promise<boolean> {
    if (compare.kind === 'revision') {
      return ((await this.get(compare.key))?.modRevision ?? 0) === compare.revision;
    }
    return (await this.range({ prefix: compare.prefix, limit: 1 })).kvs.length === 0;
  }

  /** The state below is to be as it is. */
  async #rely(key: string): Promise<void> {
    const revision = (await this.below(key))?.modRevision ?? 0;
    this.#compares.set(key, { kind: 'revision', key, revision });
  }

  /** What is empty here need not be so below, where changes take away what is there. */
  async #relyOnEmpty(prefix: string): Promise<void> {
    const { revision } = this;
    const { kvs } = await this.store.range({ prefix, limit: 1, revision });
    if (kvs.length === 0) {
      this.#compares.set(prefix, { kind: 'empty', prefix });
      return;
    }
    const generation = generationOf(prefix);
    if (generation === undefined) throw new NfvError('INTERNAL', `${prefix} has no generation`);
    await this.#rely(generation);
  }

  /** Relies on the key, whatever the rules say of it. */
  rely(key: string): Promise<void> {
    return this.#rely(key);
  }

  /** @param retain claims that are given up stay with who has them */
  async gather(retain: boolean): Promise<Gathered> {
    const ops: WriteOp[] = [];
    const retained: string[] = [];
    for (const [key, { value, always, claim }] of this.#entries) {
      const before = (await this.below(key))?.value;
      if (before === value && !always) continue;
      if (value !== undefined) ops.push({ kind: 'put', key, value });
      else if (claim && retain) retained.push(key);
      else ops.push({ kind: 'delete', key });
    }
    return { compare: [...this.#compares.values()], ops, retained };
  }
}

function written(key: string, value: string): KeyValue {
  return { key, value, createRevision: UNWRITTEN, modRevision: UNWRITTEN };
}
