/** A store in memory, for unit tests that own time: nothing in it waits. It cannot be watched. */
import { NfvError } from '../../src/errors.js';
import {
  LIMITS,
  type KeyValue,
  type RangeRequest,
  type RangeResult,
  type Store,
  type StoreStatus,
  type Txn,
  type TxnResult,
} from '../../src/store/store.js';
import { StoreModel } from './store-model.js';

export class MemoryStore implements Store {
  readonly #model = new StoreModel({ revision: 0, compactRevision: 0 });
  /** All transactions that were tried. */
  readonly txns: Txn[] = [];
  /** Compactions that were tried. */
  readonly compactions: number[] = [];
  /** What `txn` and `compact` fail with, as long as it is set. */
  failure: NfvError | undefined;
  /** Called before each transaction takes place. */
  beforeTxn: () => void = () => undefined;

  get(key: string, revision?: number): Promise<KeyValue | undefined> {
    return Promise.resolve(this.#model.get(key, revision));
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return Promise.resolve(this.#model.range(request));
  }

  txn(txn: Txn): Promise<TxnResult> {
    this.txns.push(txn);
    this.beforeTxn();
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return Promise.resolve(this.#model.txn(txn));
  }

  /** Writes by somebody else. */
  put(key: string, value: string): number {
    return this.#model.txn({ compare: [], ops: [{ kind: 'put', key, value }] }).revision;
  }

  delete(key: string): void {
    this.#model.txn({ compare: [], ops: [{ kind: 'delete', key }] });
  }

  compact(revision: number): Promise<void> {
    this.compactions.push(revision);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.#model.compact(revision);
    return Promise.resolve();
  }

  watch(): never {
    throw new NfvError('INTERNAL', 'a memory store cannot be watched');
  }

  readonly txnOps = LIMITS.txnOps;

  status(): StoreStatus {
    const { revision, compactRevision } = this.#model;
    return { storeId: 'memory', epoch: 1, revision, compactRevision };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
