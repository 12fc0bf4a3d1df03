/** What this process knows of the store, learnt from etcd's answers; it never goes back. */
import { NfvError } from '../../errors.js';
import type { EtcdApi, EtcdKeyValue, EtcdOp, EtcdTxnResult } from '../../rpc/etcd/types.js';
import type { Layout } from './layout.js';
import { decodeMeta, type Meta } from './meta.js';

/** Up to where history is gone. */
export interface Compacted {
  /** The oldest revision that etcd can still read. */
  readonly cluster: number;
  /** The store's own revision that is read there. */
  readonly own: number;
}

export class State {
  #meta: Meta;
  #revision: number;
  #compacted: Compacted = { cluster: 0, own: 0 };
  #damage: NfvError | undefined;
  #heard = performance.now();

  constructor(
    private readonly api: EtcdApi,
    readonly layout: Layout,
    meta: Meta,
    revision: number,
  ) {
    this.#meta = meta;
    this.#revision = revision;
  }

  get meta(): Meta {
    return this.#meta;
  }

  /** The store's latest revision that this process knows. */
  get revision(): number {
    return this.#revision;
  }

  get compacted(): Compacted {
    return this.#compacted;
  }

  /** Milliseconds since etcd last told something new or confirmed the old. */
  get silentMs(): number {
    return performance.now() - this.#heard;
  }

  /** @throws NfvError what is wrong with the store for good */
  checkIntact(): void {
    if (this.#damage !== undefined) throw this.#damage;
  }

  reached(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  compactedTo(compacted: Compacted): void {
    if (compacted.cluster > this.#compacted.cluster) this.#compacted = compacted;
  }

  /** @throws NfvError STORE_DAMAGED: it is gone, or another store's */
  learnMeta(kv: EtcdKeyValue | undefined): Meta {
    try {
      if (kv === undefined) throw this.#gone();
      const meta = decodeMeta(kv);
      if (meta.storeId !== this.#meta.storeId) throw this.#replaced(meta);
      if (meta.fence > this.#meta.fence) this.#meta = meta;
    } catch (error) {
      this.#damage ??= NfvError.from(error);
      throw error;
    }
    return this.#meta;
  }

  /**
   * Asks etcd for the latest of meta and head; linearizable.
   * @throws NfvError as EtcdApi.ask, STORE_DAMAGED
   */
  async refresh(): Promise<{ readonly revision: number; readonly clusterRevision: number }> {
    const before = this.#revision;
    const ops = [this.layout.meta, this.layout.head].map((key): EtcdOp => ({
      kind: 'range',
      range: { key },
    }));
    const answer = await this.api.ask({ compare: [], success: ops, failure: [] });
    const revision = this.learnHead(answer, 1, before);
    this.learnMeta(firstOf(answer, 0));
    this.#heard = performance.now();
    return { revision, clusterRevision: answer.revision };
  }

  /** The head's revision out of an answer; `before` is what was known when it was asked for. */
  learnHead(answer: EtcdTxnResult, index: number, before = 0): number {
    const revision = firstOf(answer, index)?.modRevision ?? 0;
    if (revision < before || revision === 0) {
      this.#damage ??= this.#wentBack(revision, before);
      throw this.#damage;
    }
    this.reached(revision);
    return revision;
  }

  #gone(): NfvError {
    const key = this.layout.meta.toString();
    return new NfvError('STORE_DAMAGED', `etcd's key ${key} is gone`, { remedy: RESTORED });
  }

  #replaced({ storeId }: Meta): NfvError {
    const text = `etcd has another store, ${storeId}, where ${this.#meta.storeId} was`;
    return new NfvError('STORE_DAMAGED', text, { remedy: RESTORED });
  }

  #wentBack(revision: number, before: number): NfvError {
    const text = `etcd went back from revision ${before} to ${revision}`;
    return new NfvError('STORE_DAMAGED', text, { remedy: RESTORED });
  }
}

const RESTORED =
  'if etcd was restored from a backup, restart every "nfvd nva"; see docs/operations.md';

/** The first key of a range of an answer. */
export function firstOf(answer: EtcdTxnResult, index: number): EtcdKeyValue | undefined {
  return answer.ranges[index]?.kvs[0];
}
