/** The store as it would be if nothing could go wrong: every revision kept whole, in memory. */
import { NfvError } from '../../src/errors.js';
import type {
  Compare,
  KeyValue,
  RangeRequest,
  RangeResult,
  StoreEvent,
  Txn,
  TxnResult,
  WatchBatch,
} from '../../src/store/store.js';

type Snapshot = ReadonlyMap<string, KeyValue>;

const compareUtf8 = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

export class StoreModel {
  readonly #snapshots = new Map<number, Snapshot>();
  readonly #batches: WatchBatch[] = [];
  #revision: number;
  #compacted: number;

  constructor(start: { readonly revision: number; readonly compactRevision: number }) {
    this.#revision = start.revision;
    this.#compacted = start.compactRevision;
    this.#snapshots.set(start.revision, new Map());
  }

  get revision(): number {
    return this.#revision;
  }

  get compactRevision(): number {
    return this.#compacted;
  }

  /** Revisions up to this one were taken by something that changed no key. */
  skip(revision: number): void {
    const now = this.#at(this.#revision);
    while (this.#revision < revision) this.#snapshots.set(++this.#revision, now);
  }

  get(key: string, revision = this.#revision): KeyValue | undefined {
    return this.#at(revision).get(key);
  }

  range({ prefix, after, limit = 1000, revision = this.#revision }: RangeRequest): RangeResult {
    const all = [...this.#at(revision).values()]
      .filter((kv) => kv.key.startsWith(prefix))
      .filter((kv) => after === undefined || compareUtf8(kv.key, after) > 0)
      .sort((a, b) => compareUtf8(a.key, b.key));
    return { revision, kvs: all.slice(0, limit), more: all.length > limit };
  }

  txn({ compare, ops }: Txn): TxnResult {
    const now = this.#at(this.#revision);
    const failed = compare.findIndex((c) => !holds(now, c));
    if (failed >= 0) return { succeeded: false, revision: this.#revision, failed };
    const revision = this.#revision + 1;
    const after = new Map(now);
    const events: StoreEvent[] = [];
    for (const op of ops) {
      const before = now.get(op.key);
      if (op.kind === 'put') {
        const createRevision = before?.createRevision ?? revision;
        const kv = { key: op.key, value: op.value, createRevision, modRevision: revision };
        after.set(op.key, kv);
        events.push({ kind: 'put', kv });
      } else if (before !== undefined) {
        after.delete(op.key);
        events.push({ kind: 'delete', key: op.key, previous: before.value });
      }
    }
    if (events.length === 0) return { succeeded: true, revision: this.#revision };
    this.#revision = revision;
    this.#snapshots.set(revision, after);
    this.#batches.push({ revision, events });
    return { succeeded: true, revision };
  }

  /** All that a watch would bring by now. */
  watch(prefix: string, after: number): WatchBatch[] {
    this.#check(after);
    return this.#batches
      .filter((batch) => batch.revision > after)
      .map(({ revision, events }) => ({
        revision,
        events: events.filter((e) => (e.kind === 'put' ? e.kv.key : e.key).startsWith(prefix)),
      }))
      .filter((batch) => batch.events.length > 0);
  }

  compact(revision: number): void {
    if (revision > this.#revision) throw new NfvError('REVISION_IN_FUTURE', 'model');
    // Nothing was there to forget at a revision that changed no key.
    let last = revision;
    while (last > 0 && this.#snapshots.get(last) === this.#snapshots.get(last - 1)) last--;
    this.#compacted = Math.max(this.#compacted, last);
  }

  #at(revision: number): Snapshot {
    this.#check(revision);
    return this.#snapshots.get(revision) ?? new Map<string, KeyValue>();
  }

  #check(revision: number): void {
    if (revision > this.#revision) throw new NfvError('REVISION_IN_FUTURE', 'model');
    if (revision < this.#compacted) throw new NfvError('REVISION_COMPACTED', 'model');
  }
}

function holds(now: Snapshot, compare: Compare): boolean {
  return compare.kind === 'empty'
    ? ![...now.keys()].some((key) => key.startsWith(compare.prefix))
    : (now.get(compare.key)?.modRevision ?? 0) === compare.revision;
}
