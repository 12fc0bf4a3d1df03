/**
 * A store that is read while its file is still being checked. Whoever reads it relies on that only once the
 * check is over; whatever is more than reading waits for it.
 */
import type {
  KeyValue,
  RangeRequest,
  RangeResult,
  Store,
  StoreReader,
  StoreStatus,
  Txn,
  TxnResult,
  WatchBatch,
  WatchRequest,
} from './store.js';

export class EarlyStore implements Store {
  #store: Store | undefined;
  readonly #opened: Promise<Store>;

  /**
   * @param reader of the same data; closed with the store
   * @param opened rejects when the check fails
   */
  constructor(
    private readonly reader: StoreReader,
    opened: Promise<Store>,
    readonly txnOps: number,
  ) {
    this.#opened = opened.then((store) => (this.#store = store));
    // Told by `checked`, and to whoever is not content with reading.
    this.#opened.catch(() => undefined);
  }

  /** Resolves when the check is over. @throws NfvError STORE_DAMAGED, STORE_FAILED, STORE_FULL */
  async checked(): Promise<void> {
    await this.#opened;
  }

  get(key: string, revision?: number): Promise<KeyValue | undefined> {
    return (this.#store ?? this.reader).get(key, revision);
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return (this.#store ?? this.reader).range(request);
  }

  status(): StoreStatus {
    return (this.#store ?? this.reader).status();
  }

  async txn(txn: Txn): Promise<TxnResult> {
    return (this.#store ?? (await this.#opened)).txn(txn);
  }

  async *watch(request: WatchRequest): AsyncGenerator<WatchBatch> {
    yield* (this.#store ?? (await this.#opened)).watch(request);
  }

  async compact(revision: number): Promise<void> {
    await (this.#store ?? (await this.#opened)).compact(revision);
  }

  async close(): Promise<void> {
    await this.reader.close();
    await this.#opened.then(
      (store) => store.close(),
      () => undefined,
    );
  }
}
