/**
 * A revisioned key-value store, the subset of etcd's KV and Watch that nfvd needs, so that an
 * embedded store and etcd are interchangeable. test/support/store-contract.ts is its contract.
 *
 * Guarantees: transactions are serializable, and linearizable also where several processes have
 * the store open; each takes a higher revision than all before it; a promise of `txn`
 * resolves only when the transaction would survive kill -9 and power loss; the revision never
 * goes back; a watcher sees every change after its start once, whole transactions in order; what
 * a reader or watcher has seen would itself survive kill -9 and power loss.
 *
 * Keys and values are Unicode text: a lone surrogate, a revision that is no safe integer, a
 * transaction without operations or with a key twice are INVALID_FIELD.
 */

/** Limits that every implementation keeps; beyond them STORE_LIMIT. */
export const LIMITS = {
  /** Bytes of a key in UTF-8, at least 1. */
  keyBytes: 512,
  /** Bytes of a value in UTF-8 (etcd's default request limit is 1.5 MiB). */
  valueBytes: 1024 * 1024,
  /**
   * Compares plus operations that every store takes in one transaction (etcd's --max-txn-ops
   * defaults to 128, of which the store needs 8 itself); see `Store.txnOps`.
   */
  txnOps: 120,
  /** Sum of values in one transaction, in UTF-8. */
  txnBytes: 1024 * 1024,
  /** Sum of keys and values in one answer of `range`, beyond which it stops early. */
  rangeBytes: 4 * 1024 * 1024,
} as const;

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** Revision at which the key came into being (again, after a delete). */
  readonly createRevision: number;
  /** Revision of the last change of the key. */
  readonly modRevision: number;
}

export interface RangeRequest {
  readonly prefix: string;
  /** Only keys after this one, in byte order; it need not exist. */
  readonly after?: string;
  /** At most so many, default 1000; fewer where they exceed LIMITS.rangeBytes, but at least one. */
  readonly limit?: number;
  /** As of this revision (0: before anything was written); default the latest. */
  readonly revision?: number;
}

export interface RangeResult {
  /** The revision that `kvs` shows. */
  readonly revision: number;
  /** In byte order of the keys. */
  readonly kvs: readonly KeyValue[];
  /** There are more after the last of `kvs`: go on with `after` and this `revision`. */
  readonly more: boolean;
}

/** What must hold for a transaction to happen. */
export type Compare =
  /** The key's modRevision is this; 0: it does not exist. */
  | { readonly kind: 'revision'; readonly key: string; readonly revision: number }
  /** No key has this prefix. */
  | { readonly kind: 'empty'; readonly prefix: string };

export type WriteOp =
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  /** Deleting what is absent is no error. */
  | { readonly kind: 'delete'; readonly key: string };

export interface Txn {
  readonly compare: readonly Compare[];
  /** No key twice. At least one. */
  readonly ops: readonly WriteOp[];
}

export type TxnResult =
  | {
      readonly succeeded: true;
      /** This transaction's revision; the current one if it changed nothing. */
      readonly revision: number;
    }
  | {
      readonly succeeded: false;
      readonly revision: number;
      /** Index in `compare` of the first that did not hold. */
      readonly failed: number;
    };

export type StoreEvent =
  | { readonly kind: 'put'; readonly kv: KeyValue }
  | {
      readonly kind: 'delete';
      readonly key: string;
      /** The value before, where compaction has not taken it. */
      readonly previous?: string;
    };

/** All changes of one transaction that a watcher asked for. */
export interface WatchBatch {
  readonly revision: number;
  /** In the transaction's order. */
  readonly events: readonly StoreEvent[];
}

export interface WatchRequest {
  readonly prefix: string;
  /** Changes after this revision: 0 is from the beginning of history. */
  readonly after: number;
  /** Ends the watch without an error. */
  readonly signal: AbortSignal;
}

export interface StoreStatus {
  /** Made once, when the store was created. */
  readonly storeId: string;
  /**
   * Grows with every process that opened the store for writing, before its first answer: what
   * an earlier process still sends can be told from what this one sends. Where several processes
   * have it open, it is the newest that this one knows of.
   */
  readonly epoch: number;
  /**
   * Latest revision that this process knows: that of its own last transaction, read or watch, or a
   * later one. 0: nothing was ever written.
   */
  readonly revision: number;
  /** Reads and watches before this revision are gone. */
  readonly compactRevision: number;
}

/** What can be asked of a store without changing it. */
export interface StoreReader {
  /**
   * The key's value, as of `revision` (default the latest).
   * @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE.
   */
  get(key: string, revision?: number): Promise<KeyValue | undefined>;
  /** @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE. */
  range(request: RangeRequest): Promise<RangeResult>;
  status(): StoreStatus;
  /** Completes the transactions called before; later calls, and watches, end with STORE_CLOSED. */
  close(): Promise<void>;
}

/** The processes that have the store open. */
export interface Peers {
  /** This one's name; no other ever had it. */
  readonly self: string;
  /** Where this one says that it is reached; empty: that is for nobody to know. */
  readonly address: string;
  /** As far as this one knows; one that was killed counts for some seconds more. */
  isAlive(process: string): boolean;
  /** How many there are besides this one, as far as it knows. */
  others(): number;
  /** Where the others say that they are reached, by their names; of those that say so. */
  addresses(): ReadonlyMap<string, string>;
  /** Another one says that it is reached where this one is. One that was killed there counts for some seconds more. */
  isAddressShared(): boolean;
  /** Milliseconds since the store last answered; it is asked every second. */
  silentMs(): number;
  /** Calls back whenever processes came or went. @returns what ends that */
  onChange(callback: () => void): () => void;
}

export interface Store extends StoreReader {
  /** Absent: no other process can have it open. */
  readonly peers?: Peers;
  /** Compares plus operations that this one takes in one transaction: LIMITS.txnOps or more. */
  readonly txnOps: number;
  /**
   * All or nothing. A rejection with STORE_FULL means nothing was written; one with STORE_FAILED
   * that the outcome is known only after reading it back.
   * @throws NfvError STORE_LIMIT, STORE_FULL, STORE_FAILED, STORE_DAMAGED, TOO_MANY_REQUESTS.
   */
  txn(txn: Txn): Promise<TxnResult>;
  /**
   * Batches in order of revision, until the signal. A watcher that reads slowly holds no
   * memory: it is fed from the store's own history.
   * @throws NfvError REVISION_COMPACTED when `after` is below the compact revision, also later,
   *   when the watcher fell behind it; REVISION_IN_FUTURE; STORE_CLOSED.
   */
  watch(request: WatchRequest): AsyncIterable<WatchBatch>;
  /**
   * Forgets history up to `revision`; the values as of that revision stay readable. What is
   * already forgotten is forgotten once more without an error.
   * @throws NfvError REVISION_IN_FUTURE.
   */
  compact(revision: number): Promise<void>;
}
