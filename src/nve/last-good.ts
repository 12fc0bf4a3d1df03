/**
 * The agent's last good configuration, on disk: what it works from with no NVA in sight. It is
 * written before it is applied.
 */
import { z } from 'zod';
import { NfvError } from '../errors.js';
import type { Item } from '../model/item.js';
import { Digest, type Delta, type Epoch } from '../model/southbound.js';
import { LIMITS, type Store, type StoreReader, type WriteOp } from '../store/store.js';
import { decodeItem, encodeItem } from './item-record.js';

const META = '/nfvd/meta';
const ITEMS = '/nfvd/item/';
const CHUNK = 1000;
const KEEP_REVISIONS = 1000;

const meta = z.object({
  /** Identity of this directory, sent to the NVA. */
  nodeUuid: z.string(),
  storeId: z.string(),
  epoch: z.number(),
  revision: z.number(),
  /** All that an NVA wanted us to have was here once: what else is found may be removed. */
  complete: z.boolean(),
});
type Meta = z.infer<typeof meta>;

/** The part of it that says where the configuration is from. */
const NOTHING = { storeId: '', epoch: 0, revision: 0, complete: false };

interface ItemChange {
  readonly key: string;
  /** undefined: it goes. */
  readonly item: Item | undefined;
}

export class LastGood {
  readonly #store: Store;
  readonly #versions = new Map<string, string>();
  readonly #digest = new Digest();
  #meta: Meta;

  /**
   * Reads what is there.
   * @param makeUuid names a directory that is used for the first time
   * @returns it, and all items; the caller keeps those
   * @throws NfvError of the store, STORE_DAMAGED
   */
  static async open(
    store: Store,
    makeUuid: () => string,
  ): Promise<{ lastGood: LastGood; items: Item[] }> {
    const kv = await store.get(META);
    const lastGood = new LastGood(
      store,
      kv === undefined ? { ...NOTHING, nodeUuid: makeUuid() } : decodeMeta(kv.value),
    );
    if (kv === undefined) await lastGood.#write([], lastGood.#meta);
    const items = await readItems(store);
    for (const { key, version } of items) lastGood.#remember(key, version);
    return { lastGood, items };
  }

  private constructor(store: Store, initial: Meta) {
    this.#store = store;
    this.#meta = initial;
  }

  get nodeUuid(): string {
    return this.#meta.nodeUuid;
  }

  /** Where the configuration is from; an empty storeId: from nowhere yet. */
  get epoch(): Epoch {
    return { storeId: this.#meta.storeId, number: this.#meta.epoch };
  }

  get revision(): number {
    return this.#meta.revision;
  }

  get complete(): boolean {
    return this.#meta.complete;
  }

  get size(): number {
    return this.#versions.size;
  }

  get digest(): string {
    return this.#digest.text;
  }

  /** Keys and versions of all items. */
  entries(): IterableIterator<[string, string]> {
    return this.#versions.entries();
  }

  /** The NVA of this epoch says that we hold all we should. */
  async confirm(epoch: Epoch): Promise<void> {
    const { storeId, number } = epoch;
    const { storeId: held, epoch: heldNumber, complete } = this.#meta;
    if (held === storeId && heldNumber === number && complete) return;
    await this.#write([], { ...this.#meta, storeId, epoch: number, complete: true });
  }

  /** Stores a delta durably; after a failure in between, some of its items may be there. */
  async apply(storeId: string, delta: Delta): Promise<void> {
    const changes = [
      ...delta.upserts.map((item) => ({ key: item.key, item })),
      ...delta.removes.map((key) => ({ key, item: undefined })),
    ];
    await this.#write(changes, {
      ...this.#meta,
      storeId,
      epoch: delta.epoch,
      revision: delta.revision,
      complete: this.#meta.complete || delta.complete,
    });
  }

  /** Drops the configuration and where it came from; the identity stays. */
  async forget(): Promise<void> {
    const changes = [...this.#versions.keys()].map((key) => ({ key, item: undefined }));
    await this.#write(changes, { ...NOTHING, nodeUuid: this.nodeUuid });
  }

  /** In bounded transactions; the last one has the meta record, and what that says is then there. */
  async #write(changes: readonly ItemChange[], next: Meta): Promise<void> {
    const chunks = chunksOf(changes);
    const last = chunks.pop() ?? [];
    for (const chunk of chunks) await this.#commit(chunk, []);
    await this.#commit(last, [{ kind: 'put', key: META, value: JSON.stringify(next) }]);
    this.#meta = next;
    const { revision, compactRevision } = this.#store.status();
    // Nobody reads this store's history.
    if (revision - compactRevision > KEEP_REVISIONS) await this.#store.compact(revision);
  }

  async #commit(changes: readonly ItemChange[], more: readonly WriteOp[]): Promise<void> {
    const ops: WriteOp[] = changes.map(({ key, item }) =>
      item === undefined
        ? { kind: 'delete', key: ITEMS + key }
        : { kind: 'put', key: ITEMS + key, value: encodeItem(item) },
    );
    await this.#store.txn({ compare: [], ops: [...ops, ...more] });
    for (const { key, item } of changes) {
      if (item === undefined) this.#forget(key);
      else this.#remember(key, item.version);
    }
  }

  #remember(key: string, version: string): void {
    this.#forget(key);
    this.#versions.set(key, version);
    this.#digest.toggle(key, version);
  }

  #forget(key: string): void {
    const version = this.#versions.get(key);
    if (version === undefined) return;
    this.#versions.delete(key);
    this.#digest.toggle(key, version);
  }
}

/** The items of a store, and whether they are all there should be; the store may be in use. */
export async function readLastGood(
  store: StoreReader,
): Promise<{ items: Item[]; complete: boolean; revision: number }> {
  const kv = await store.get(META);
  if (kv === undefined) return { items: [], complete: false, revision: 0 };
  const { complete, revision } = decodeMeta(kv.value);
  return { items: await readItems(store), complete, revision };
}

async function readItems(store: StoreReader): Promise<Item[]> {
  const items: Item[] = [];
  let after = ITEMS;
  for (;;) {
    const { kvs, more } = await store.range({ prefix: ITEMS, after, limit: CHUNK });
    for (const { key, value } of kvs) items.push(decodeItem(key.slice(ITEMS.length), value));
    const last = kvs.at(-1);
    if (!more || last === undefined) return items;
    after = last.key;
  }
}

function decodeMeta(value: string): Meta {
  try {
    return meta.parse(JSON.parse(value));
  } catch (cause) {
    throw new NfvError('STORE_DAMAGED', `${META} does not hold what an agent writes`, { cause });
  }
}

/** One operation of a transaction is the meta record's; an item takes far less than 4 KiB. */
function chunksOf(changes: readonly ItemChange[]): ItemChange[][] {
  const size = LIMITS.txnOps - 1;
  const count = Math.ceil(changes.length / size);
  return Array.from({ length: count }, (_, i) => changes.slice(i * size, (i + 1) * size));
}
