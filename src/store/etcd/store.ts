/** The store in etcd, for any number of processes at once. docs/store.md has the whole picture. */
import { NfvError } from '../../errors.js';
import type { EtcdApi } from '../../rpc/etcd/types.js';
import { checkKey, checkNotFuture, checkRange, checkRevision, checkTxn } from '../check-request.js';
import type {
  KeyValue,
  RangeRequest,
  RangeResult,
  Store,
  StoreStatus,
  Txn,
  TxnResult,
  WatchBatch,
  WatchRequest,
} from '../store.js';
import type { StoreIdentity } from '../copy.js';
import { learnCompacted, noteCompacted } from './compacted.js';
import { Fence } from './fence.js';
import { Layout } from './layout.js';
import { checkServer, newEpoch } from './open.js';
import { Pending } from './pending.js';
import { EtcdPeers } from './peers.js';
import { keyValue, readAt, readRange } from './read.js';
import { State } from './state.js';
import { EXTRA_OPS, txnAnswer, txnRequest } from './txn.js';
import { watchStore } from './watch.js';

export interface EtcdStoreOptions {
  /** Closed with the store, and when the store cannot be opened. */
  readonly api: EtcdApi;
  /** All of the store's keys in etcd begin with it. */
  readonly prefix: string;
  /** etcd's `--max-txn-ops`; default 128, as etcd's. */
  readonly maxTxnOps?: number;
  /** Milliseconds since 1970, for the epoch; default Date.now. */
  readonly now?: () => number;
  /** Where other processes that have the store open reach this one; default: nowhere. */
  readonly advertise?: string;
  /** See Opening. */
  readonly make?: StoreIdentity;
  /** See Opening. */
  readonly mustExist?: boolean;
  /**
   * Milliseconds for which a transaction is tried whose answer was lost, and for which it is then
   * looked for; default 20,000.
   */
  readonly patienceMs?: number;
}

/** Between two looks at what others may have changed: the epoch, whether etcd answers. */
const REFRESH_MS = 1000;
const PATIENCE_MS = 20_000;

/**
 * Opens the store, and makes it where there is none.
 * @throws NfvError STORE_UNREACHABLE, STORE_REFUSED, STORE_DAMAGED, STORE_FULL, STORE_LIMIT when
 *   the server takes less in one transaction than `maxTxnOps`
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { api, prefix, maxTxnOps = 128, now = Date.now, patienceMs = PATIENCE_MS } = options;
  const layout = new Layout(prefix);
  let state: State | undefined;
  const silence = (): number => state?.silentMs ?? 0;
  const peers = new EtcdPeers(api, layout, silence, options.advertise);
  try {
    await checkServer(api, layout, maxTxnOps);
    // First of all: a new store's first transaction is to have the revision after its making.
    await peers.beat();
    const { make, mustExist } = options;
    const meta = await newEpoch(api, layout, { now: now(), make, mustExist });
    state = new State(api, layout, meta, 0);
    await learnCompacted(api, state);
    return new EtcdStore(peers, api, state, maxTxnOps - EXTRA_OPS, patienceMs);
  } catch (error) {
    await peers.leave();
    api.close();
    throw error;
  }
}

class EtcdStore implements Store {
  readonly #fence: Fence;
  readonly #pending = new Pending();
  readonly #closed = new AbortController();
  readonly #refreshing: NodeJS.Timeout;
  #txns = 0;
  #closing: Promise<void> | undefined;

  constructor(
    readonly peers: EtcdPeers,
    private readonly api: EtcdApi,
    private readonly state: State,
    readonly txnOps: number,
    private readonly patienceMs: number,
  ) {
    this.#fence = new Fence(api, state, patienceMs);
    this.#refreshing = this.#refreshLater();
  }

  async get(key: string, revision?: number): Promise<KeyValue | undefined> {
    checkKey('key', key);
    if (revision !== undefined) checkRevision('revision', revision);
    this.#checkOpen();
    const { layout } = this.state;
    const read = await readAt(this.api, this.state, { key: layout.key(key) }, revision);
    const kv = read.result.kvs[0];
    return kv === undefined ? undefined : keyValue(layout, kv);
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    checkRange(request);
    this.#checkOpen();
    return readRange(this.api, this.state, request);
  }

  async txn(txn: Txn): Promise<TxnResult> {
    const bytes = checkTxn(txn, this.txnOps);
    this.#checkOpen();
    return this.#pending.run(bytes, () => this.#commit(txn));
  }

  watch(request: WatchRequest): AsyncIterable<WatchBatch> {
    const { api, state } = this;
    return watchStore({ api, state, closed: this.#closed.signal }, request);
  }

  async compact(revision: number): Promise<void> {
    checkRevision('revision', revision);
    this.#checkOpen();
    const { state } = this;
    if (revision > state.revision) checkNotFuture(revision, (await state.refresh()).revision);
    if (revision <= state.compacted.own) return;
    try {
      await this.api.compact(revision);
      await noteCompacted(this.api, state, revision);
    } catch (thrown) {
      if (NfvError.from(thrown).code !== 'REVISION_COMPACTED') throw thrown;
      // By somebody else, up to there or further.
      await learnCompacted(this.api, state);
    }
  }

  status(): StoreStatus {
    this.#checkOpen();
    const { revision, compacted, meta } = this.state;
    const { storeId, epoch } = meta;
    return { storeId, epoch, revision, compactRevision: compacted.own };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#refreshing);
    this.#closed.abort(new NfvError('STORE_CLOSED', 'the store is closed'));
    await this.#pending.idle();
    await this.peers.leave();
    this.api.close();
  }

  async #commit(txn: Txn): Promise<TxnResult> {
    const { api, state } = this;
    const id = `${this.peers.self}.${++this.#txns}`;
    const since = state.revision;
    const end = performance.now() + this.patienceMs;
    do {
      const { fence } = state.meta;
      let result: TxnResult | undefined;
      try {
        const answer = await api.submit(txnRequest(state.layout, txn, fence, id));
        result = txnAnswer(state, txn, fence, answer);
      } catch (thrown) {
        if (NfvError.from(thrown).code !== 'STORE_UNREACHABLE') throw thrown;
        result = await this.#fence.settle({ id, fence, since });
      }
      if (result !== undefined) return result;
    } while (performance.now() < end);
    throw new NfvError('STORE_UNREACHABLE', `not written within ${this.patienceMs} ms`);
  }

  #refreshLater(): NodeJS.Timeout {
    return setTimeout(() => {
      void this.#refresh().finally(() => {
        if (this.#closing === undefined) this.#refreshing.refresh();
      });
    }, REFRESH_MS).unref();
  }

  async #refresh(): Promise<void> {
    try {
      await this.state.refresh();
      await this.peers.beat();
    } catch {
      // Whoever asks hears what is wrong; the peers' `silentMs` tells for how long.
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new NfvError('STORE_CLOSED', 'the store is closed');
    this.state.checkIntact();
  }
}
