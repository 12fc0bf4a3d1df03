/**
 * The agent's records in its store. A change of them is there as a whole or not at all: one that is
 * too large for a transaction is written to a journal first, and counts from the moment that the
 * meta record says so. A journal that was left is carried out by whoever opens the store next.
 */
import { z } from 'zod';
import { NfvError } from '../errors.js';
import type { Item } from '../model/item.js';
import { LIMITS, type Store, type StoreReader, type WriteOp } from '../store/store.js';
import { decodeItem, encodeItem, FORGET } from './item-record.js';

const META = '/nfvd/meta';
const ITEMS = '/nfvd/item/';
const JOURNAL = '/nfvd/journal/';
const PAGE = 1000;
/** UTF-8 bytes of the values of one transaction; a single one may have more. */
const MAX_BYTES = LIMITS.txnBytes / 2;
/** Of a history that nobody reads: it is made, but not kept. */
const KEEP_REVISIONS = 100;
/** Times a reader begins again because the writer has compacted what it was reading. */
const ATTEMPTS = 5;

const origin = z.object({
  /** The NVE it is of; empty: whoever takes it next. */
  nve: z.string(),
  /** Identity of this directory, sent to the NVA. */
  nodeUuid: z.string(),
  storeId: z.string(),
  epoch: z.number(),
  revision: z.number(),
  /** All that an NVA wanted us to have was here once: what else is found may be removed. */
  complete: z.boolean(),
});
/** Where a configuration is from. */
export type Origin = z.infer<typeof origin>;

/** `journal`: so many parts of it are to be carried out. */
const meta = origin.extend({ journal: z.int().min(0) });

/** `value` absent: the item goes. */
const change = z.object({ key: z.string(), value: z.string().exactOptional() });
type Change = z.infer<typeof change>;

export interface ItemChange {
  readonly key: string;
  /** undefined: it goes. */
  readonly item: Item | undefined;
}

export class StateRecords {
  readonly #store: Store;
  /** Parts of a journal that may be on the disk. */
  #parts = 0;
  /** What the journal has and the items have not. */
  #owed: { readonly changes: readonly Change[]; readonly from: Origin } | undefined;
  /** It is not known which meta record is on the disk; this one should be. */
  #doubted: Origin | undefined;
  #current: Origin | undefined;

  /**
   * Carries out a journal that was left, and reads what is there.
   * @throws NfvError of the store, STORE_DAMAGED
   */
  static async open(store: Store): Promise<{
    readonly records: StateRecords;
    /** undefined: the store is new. */
    readonly from: Origin | undefined;
    readonly items: Item[];
  }> {
    const records = new StateRecords(store);
    const { revision } = store.status();
    const found = await readMeta(store, revision);
    const parts = await readAll(store, JOURNAL, revision);
    records.#parts = parts.size;
    if (found !== undefined && (found.journal > 0 || parts.size > 0)) {
      const { journal, ...from } = found;
      records.#owed = { changes: changesOf(parts, journal), from };
      await records.#settleJournal();
    }
    const items = await readAll(store, ITEMS, store.status().revision);
    const from = found === undefined ? undefined : originOf(found);
    records.#current = from;
    return { records, from, items: decodeAll(items) };
  }

  private constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Stores the changes and where the configuration is from now, all or nothing.
   * @throws NfvError of the store, and nothing counts
   */
  async write(changes: readonly ItemChange[], from: Origin): Promise<void> {
    await this.#compact();
    await this.#settleJournal();
    await this.#settleDoubt();
    const records = changes.map(recordOf);
    const [only = [], ...more] = chunksOf(records, this.#maxOps);
    if (more.length === 0) {
      await this.#writeMeta(only.map(toOp), from, 0);
      return;
    }
    await this.#writeMeta([], from, await this.#writeJournal(records));
    this.#owed = { changes: records, from };
    // It counts already; what cannot be done now is done before the next write, or told by it.
    await this.#settleJournal().catch(() => undefined);
  }

  /** @returns how many parts it has */
  async #writeJournal(changes: readonly Change[]): Promise<number> {
    const parts = chunksOf(changes, Infinity).map((chunk) => JSON.stringify(chunk));
    await this.#dropJournal([], parts.length);
    this.#parts = parts.length;
    await this.#commitAll(parts.map((value, i) => [{ kind: 'put', key: journalKey(i), value }]));
    return parts.length;
  }

  async #settleJournal(): Promise<void> {
    if (this.#owed === undefined) return;
    const { changes, from } = this.#owed;
    await this.#commitAll(chunksOf(changes, this.#maxOps).map((chunk) => chunk.map(toOp)));
    await this.#dropJournal([putMeta(from, 0)], 0);
    this.#owed = undefined;
  }

  /** Removes the parts from `first` on, the last of them together with `more`. */
  async #dropJournal(more: readonly WriteOp[], first: number): Promise<void> {
    while (this.#parts - first > this.#maxOps) {
      const keys = Array.from({ length: this.#maxOps }, (_, i) => journalKey(this.#parts - 1 - i));
      await this.#commit(keys.map((key) => ({ kind: 'delete', key })));
      this.#parts -= this.#maxOps;
    }
    const ops = [...more];
    for (let i = first; i < this.#parts; i++) ops.push({ kind: 'delete', key: journalKey(i) });
    if (ops.length > 0) await this.#commit(ops);
    this.#parts = Math.min(this.#parts, first);
  }

  async #writeMeta(ops: readonly WriteOp[], from: Origin, journal: number): Promise<void> {
    this.#doubted = this.#current;
    await this.#commit([...ops, putMeta(from, journal)]);
    this.#doubted = undefined;
    this.#current = from;
  }

  /** A write whose outcome is not known may have left a meta record that vouches for a journal. */
  async #settleDoubt(): Promise<void> {
    if (this.#doubted === undefined) return;
    await this.#commit([putMeta(this.#doubted, 0)]);
    this.#doubted = undefined;
  }

  async #commit(ops: readonly WriteOp[]): Promise<void> {
    await this.#store.txn({ compare: [], ops });
  }

  /** Side by side, so that they share their syncs; waits for all, whatever becomes of one. */
  async #commitAll(txns: readonly (readonly WriteOp[])[]): Promise<void> {
    const results = await Promise.allSettled(txns.map((ops) => this.#commit(ops)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Changes of one transaction; one more operation is the meta record's. */
  get #maxOps(): number {
    return this.#store.txnOps - 1;
  }

  async #compact(): Promise<void> {
    const { revision, compactRevision } = this.#store.status();
    if (revision - compactRevision > KEEP_REVISIONS) await this.#store.compact(revision);
  }
}

/**
 * The records of a store that may be in use, as of one instant.
 * @throws NfvError of the store, STORE_DAMAGED
 */
export async function readRecords(
  store: StoreReader,
): Promise<{ readonly from: Origin; readonly items: Item[] } | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readAt(store, store.status().revision);
    } catch (error) {
      const isGone = error instanceof NfvError && error.code === 'REVISION_COMPACTED';
      if (!isGone || attempt === ATTEMPTS) throw error;
    }
  }
}

async function readAt(
  store: StoreReader,
  revision: number,
): Promise<{ readonly from: Origin; readonly items: Item[] } | undefined> {
  const found = await readMeta(store, revision);
  if (found === undefined) return undefined;
  const items = await readAll(store, ITEMS, revision);
  const parts = await readAll(store, JOURNAL, revision);
  for (const { key, value } of changesOf(parts, found.journal)) {
    if (value === undefined) items.delete(key);
    else items.set(key, value);
  }
  return { from: originOf(found), items: decodeAll(items) };
}

/**
 * Drops the configuration, whatever state its records are in. The identity of the directory stays
 * if it can still be read.
 * @returns whether it could
 * @throws NfvError of the store; then it is to be done again
 */
export async function dropConfiguration(store: Store, makeUuid: () => string): Promise<boolean> {
  const found = await readMeta(store, store.status().revision).catch(ifDamaged);
  const from = {
    nve: '',
    nodeUuid: found?.nodeUuid ?? makeUuid(),
    storeId: '',
    epoch: 0,
    revision: 0,
    complete: false,
  };
  await store.txn({ compare: [], ops: [putMeta(from, 0)] });
  for (const prefix of [ITEMS, JOURNAL]) {
    for (;;) {
      const { kvs } = await store.range({ prefix, limit: store.txnOps });
      if (kvs.length === 0) break;
      await store.txn({ compare: [], ops: kvs.map(({ key }) => ({ kind: 'delete', key })) });
    }
  }
  return found !== undefined;
}

function ifDamaged(error: unknown): undefined {
  if (!(error instanceof NfvError && error.code === 'STORE_DAMAGED')) throw error;
}

function putMeta(from: Origin, journal: number): WriteOp {
  return { kind: 'put', key: META, value: JSON.stringify({ ...from, journal }) };
}

function recordOf({ key, item }: ItemChange): Change {
  return item === undefined ? { key } : { key, value: encodeItem(item) };
}

function toOp({ key, value }: Change): WriteOp {
  return value === undefined
    ? { kind: 'delete', key: ITEMS + key }
    : { kind: 'put', key: ITEMS + key, value };
}

const journalKey = (part: number): string => JOURNAL + String(part).padStart(6, '0');

/** Each of them has at most so many changes, and fits one transaction. */
function chunksOf(changes: readonly Change[], most: number): Change[][] {
  const chunks: Change[][] = [];
  let chunk: Change[] = [];
  let bytes = 0;
  for (const one of changes) {
    const size = Buffer.byteLength(JSON.stringify(one));
    if (chunk.length === most || (chunk.length > 0 && bytes + size > MAX_BYTES)) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(one);
    bytes += size;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

async function readMeta(
  store: StoreReader,
  revision: number,
): Promise<z.infer<typeof meta> | undefined> {
  const kv = await store.get(META, revision);
  if (kv === undefined) return undefined;
  return parseRecord(META, kv.value, meta);
}

function originOf({ nve, nodeUuid, storeId, epoch, revision, complete }: Origin): Origin {
  return { nve, nodeUuid, storeId, epoch, revision, complete };
}

/** The first `count` parts of the journal, put together. */
function changesOf(parts: ReadonlyMap<string, string>, count: number): Change[] {
  return Array.from({ length: count }, (_, i) => journalKey(i).slice(JOURNAL.length)).flatMap(
    (name) => parseRecord(JOURNAL + name, parts.get(name) ?? '', z.array(change)),
  );
}

function parseRecord<T>(key: string, value: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(value));
  } catch (cause) {
    throw new NfvError('STORE_DAMAGED', `${key} does not hold what an agent writes`, {
      cause,
      remedy: FORGET,
    });
  }
}

/** All values under a prefix, by what comes after it. */
async function readAll(
  store: StoreReader,
  prefix: string,
  revision: number,
): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  let after = prefix;
  for (;;) {
    const { kvs, more } = await store.range({ prefix, after, limit: PAGE, revision });
    for (const { key, value } of kvs) values.set(key.slice(prefix.length), value);
    const last = kvs.at(-1);
    if (!more || last === undefined) return values;
    after = last.key;
  }
}

function decodeAll(values: ReadonlyMap<string, string>): Item[] {
  return [...values].map(([key, value]) => decodeItem(key, value));
}
