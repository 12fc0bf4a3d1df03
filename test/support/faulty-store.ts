/** A store whose transactions fail when the test says so. */
import type { NfvError } from '../../src/errors.js';
import type { Store, Txn, TxnResult } from '../../src/store/store.js';

export interface Fault {
  readonly error: NfvError;
  /** It happened all the same: only its answer is lost. */
  readonly isDone?: boolean;
}

export class FaultyStore implements Store {
  /** How many transactions were asked for. */
  count = 0;
  /** Asked before each transaction; undefined: it may go on. May wait. */
  judge: ((count: number, txn: Txn) => Promise<Fault | undefined> | Fault | undefined) | undefined;

  constructor(private readonly store: Store) {}

  get txnOps(): number {
    return this.store.txnOps;
  }

  async txn(txn: Txn): Promise<TxnResult> {
    const fault = await this.judge?.(++this.count, txn);
    if (fault === undefined) return await this.store.txn(txn);
    if (fault.isDone === true) await this.store.txn(txn);
    throw fault.error;
  }

  get: Store['get'] = (key, revision) => this.store.get(key, revision);
  range: Store['range'] = (request) => this.store.range(request);
  watch: Store['watch'] = (request) => this.store.watch(request);
  compact: Store['compact'] = (revision) => this.store.compact(revision);
  status: Store['status'] = () => this.store.status();
  close: Store['close'] = () => this.store.close();
}
