/** A store whose operations somebody else is told of, for metrics and traces. */
import type { Store, Txn, TxnResult } from './store.js';

export type StoreOperation = 'txn' | 'get' | 'range';

/** How an operation ended; `result` is that of a transaction that was decided. */
export interface StoreEnd {
  readonly ok: boolean;
  readonly result?: TxnResult;
}

/** Is told of the beginning; what it answers with is told of the end. Neither may throw. */
export type StoreObserver = (operation: StoreOperation, txn?: Txn) => (end: StoreEnd) => void;

/** Does what `store` does. */
export function observedStore(store: Store, began: StoreObserver): Store {
  return {
    ...(store.peers === undefined ? {} : { peers: store.peers }),
    txnOps: store.txnOps,
    async txn(txn) {
      const ended = began('txn', txn);
      try {
        const result = await store.txn(txn);
        ended({ ok: true, result });
        return result;
      } catch (error) {
        ended({ ok: false });
        throw error;
      }
    },
    get: (key, revision) => observed(began('get'), store.get(key, revision)),
    range: (request) => observed(began('range'), store.range(request)),
    watch: (request) => store.watch(request),
    compact: (revision) => store.compact(revision),
    status: () => store.status(),
    close: () => store.close(),
  };
}

async function observed<T>(ended: (end: StoreEnd) => void, answer: Promise<T>): Promise<T> {
  try {
    const result = await answer;
    ended({ ok: true });
    return result;
  } catch (error) {
    ended({ ok: false });
    throw error;
  }
}
