/**
 * The agent's last good configuration, on disk: what it works from with no NVA in sight. It is
 * written before it is applied.
 */
import { NfvError } from '../errors.js';
import type { Item } from '../model/item.js';
import { Digest, type Delta, type Epoch } from '../model/southbound.js';
import type { Store, StoreReader } from '../store/store.js';
import { readRecords, StateRecords, type ItemChange, type Origin } from './state-records.js';

/** The part of an origin that says which NVA it is from, of a directory that has nothing yet. */
const NOTHING = { storeId: '', epoch: 0, revision: 0, complete: false };

export interface LastGoodOptions {
  readonly store: Store;
  /** The NVE's id. */
  readonly nve: string;
  /** Names a directory that is used for the first time. */
  readonly makeUuid: () => string;
}

export class LastGood {
  readonly #records: StateRecords;
  readonly #versions = new Map<string, string>();
  readonly #digest = new Digest();
  #from: Origin;

  /**
   * Reads what is there.
   * @returns it, and all items; the caller keeps those
   * @throws NfvError of the store; STORE_DAMAGED; NVE_IDENTITY_MISMATCH when it is another NVE's
   */
  static async open({
    store,
    nve,
    makeUuid,
  }: LastGoodOptions): Promise<{ lastGood: LastGood; items: Item[] }> {
    const { records, from, items } = await StateRecords.open(store);
    if (from !== undefined) checkOwner(from, nve);
    const owned = { ...NOTHING, nodeUuid: makeUuid(), ...from, nve };
    if (from?.nve !== nve) await records.write([], owned);
    const lastGood = new LastGood(records, owned);
    for (const { key, version } of items) lastGood.#remember(key, version);
    return { lastGood, items };
  }

  private constructor(records: StateRecords, from: Origin) {
    this.#records = records;
    this.#from = from;
  }

  get nodeUuid(): string {
    return this.#from.nodeUuid;
  }

  /** Where the configuration is from; an empty storeId: from nowhere yet. */
  get epoch(): Epoch {
    return { storeId: this.#from.storeId, number: this.#from.epoch };
  }

  get revision(): number {
    return this.#from.revision;
  }

  get complete(): boolean {
    return this.#from.complete;
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

  /** The NVA of this epoch says that we hold all we should. @throws NfvError of the store */
  async confirm({ storeId, number }: Epoch): Promise<void> {
    const { storeId: held, epoch, complete } = this.#from;
    if (held === storeId && epoch === number && complete) return;
    await this.#write([], { ...this.#from, storeId, epoch: number, complete: true });
  }

  /** Stores a delta durably, as a whole. @throws NfvError of the store, and nothing has changed */
  async apply(storeId: string, delta: Delta): Promise<void> {
    const changes = [
      ...delta.upserts.map((item) => ({ key: item.key, item })),
      ...delta.removes.map((key) => ({ key, item: undefined })),
    ];
    await this.#write(changes, {
      ...this.#from,
      storeId,
      epoch: delta.epoch,
      revision: delta.revision,
      complete: this.#from.complete || delta.complete,
    });
  }

  async #write(changes: readonly ItemChange[], from: Origin): Promise<void> {
    await this.#records.write(changes, from);
    this.#from = from;
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

/**
 * The configuration of an NVE in a store that may be in use, as of one instant.
 * @throws NfvError of the store; STORE_DAMAGED; NVE_IDENTITY_MISMATCH when it is another NVE's
 */
export async function readLastGood(
  store: StoreReader,
  nve: string,
): Promise<{ items: Item[]; complete: boolean; revision: number }> {
  const found = await readRecords(store);
  if (found === undefined) return { items: [], complete: false, revision: 0 };
  const { from, items } = found;
  checkOwner(from, nve);
  return { items, complete: from.complete, revision: from.revision };
}

/** What is another host's must not be applied here. */
function checkOwner({ nve: owner }: Origin, nve: string): void {
  if (owner === '' || owner === nve) return;
  throw new NfvError(
    'NVE_IDENTITY_MISMATCH',
    `the state directory is that of the NVE ${owner}, not ${nve}`,
    {
      remedy:
        'correct name or stateDir in the configuration; if this NVE is to take the directory over, run "nfvd nve forget" first',
    },
  );
}
