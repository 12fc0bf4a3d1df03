/** What is asked of etcd and what it answers, in our own terms. Revisions are etcd's. */

export interface EtcdKeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
}

export interface EtcdRange {
  readonly key: Buffer;
  /** The first key after the range; absent: `key` alone. */
  readonly end?: Buffer;
  readonly limit?: number;
  /** Default the latest. */
  readonly revision?: number;
  readonly keysOnly?: boolean;
}

export interface EtcdRangeResult {
  readonly kvs: readonly EtcdKeyValue[];
  readonly more: boolean;
}

export type EtcdOp =
  | { readonly kind: 'range'; readonly range: EtcdRange }
  | {
      readonly kind: 'put';
      readonly key: Buffer;
      readonly value: Buffer;
      /** The key goes with it. */
      readonly lease?: number;
    }
  | { readonly kind: 'delete'; readonly key: Buffer }
  | { readonly kind: 'txn'; readonly txn: EtcdTxn };

/** That a revision of a key is equal to one; with `end` those of all keys of the range. */
export interface EtcdCompare {
  readonly of: 'create' | 'mod';
  readonly key: Buffer;
  readonly end?: Buffer;
  /** 0: there is no such key. */
  readonly revision: number;
}

export interface EtcdTxn {
  readonly compare: readonly EtcdCompare[];
  readonly success: readonly EtcdOp[];
  readonly failure: readonly EtcdOp[];
}

export interface EtcdTxnResult {
  readonly succeeded: boolean;
  /** The cluster's, after the transaction. */
  readonly revision: number;
  /** Of the ranges among the operations that were done, in their order; not of nested ones. */
  readonly ranges: readonly EtcdRangeResult[];
}

export interface EtcdWatchRequest {
  readonly key: Buffer;
  /** As of a range. */
  readonly end?: Buffer;
  /** The first revision to be told; at least 1. */
  readonly start: number;
}

export type EtcdEvent =
  | { readonly kind: 'put'; readonly kv: EtcdKeyValue }
  | {
      readonly kind: 'delete';
      readonly key: Buffer;
      readonly modRevision: number;
      /** The value before; undefined: compacted. */
      readonly previous: Buffer | undefined;
    };

export type EtcdWatchAnswer =
  | {
      readonly kind: 'events';
      readonly events: readonly EtcdEvent[];
      /** Events of the last revision may follow in the next answer. */
      readonly isPart: boolean;
    }
  /** History before this revision is gone, and with it what was to be told first. */
  | { readonly kind: 'compacted'; readonly compactRevision: number };

/** etcd's API as far as the store needs it. All calls have a deadline. */
export interface EtcdApi {
  /**
   * A transaction that may write. It is sent once: UNREACHABLE means that nobody knows whether it
   * was, or will be, done.
   * @throws NfvError as `ask`, and STORE_FULL, STORE_LIMIT
   */
  submit(txn: EtcdTxn): Promise<EtcdTxnResult>;
  /**
   * A transaction that only reads, or that may be done twice; linearizable. Goes from one member
   * to the next.
   * @throws NfvError STORE_UNREACHABLE, STORE_REFUSED, REVISION_COMPACTED, REVISION_IN_FUTURE,
   *   MESSAGE_TOO_LARGE when the answer is, STORE_CLOSED
   */
  ask(txn: EtcdTxn): Promise<EtcdTxnResult>;
  /** @throws NfvError as `ask` */
  compact(revision: number): Promise<void>;
  /**
   * Ends by the signal, or when the member has said that history is gone. What is not read is held
   * back by the member.
   * @throws NfvError STORE_UNREACHABLE when the stream broke, or its member lost the leader
   */
  watch(request: EtcdWatchRequest, signal: AbortSignal): AsyncIterable<EtcdWatchAnswer>;
  /** Makes a lease with an id of ours. @throws NfvError as `ask`, ALREADY_EXISTS */
  grantLease(id: number, seconds: number): Promise<void>;
  /** @returns whether it was still there. @throws NfvError STORE_UNREACHABLE, STORE_REFUSED */
  keepLease(id: number): Promise<boolean>;
  /** Ends it, and its keys. @throws NfvError as `ask`, NOT_FOUND */
  revokeLease(id: number): Promise<void>;
  /** Of the member that answers first. @throws NfvError as `ask` */
  version(): Promise<string>;
  close(): void;
}
