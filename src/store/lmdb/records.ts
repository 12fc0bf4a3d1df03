/** The store's records out of one snapshot of the data, checked and decoded. */
import { NfvError } from '../../errors.js';
import {
  afterHistory,
  currentKey,
  decodeLog,
  decodeState,
  decodeVersion,
  historyKey,
  type HistoryPlace,
  logKey,
  type LogOp,
  parseHistoryKey,
  STATE_KEY,
  type StateRecord,
  unseal,
  type Version,
} from './layout.js';

export interface Entry {
  /** LMDB's key. */
  readonly key: Buffer;
  /** As stored, checksum included. */
  readonly record: Buffer;
}

/** One change of LMDB's tree; without a record the key is removed. */
export interface Write {
  readonly key: Buffer;
  readonly record: Buffer | undefined;
}

/** One snapshot of the data: what is read while it is in hand belongs together. */
export interface View {
  /** The data file, for messages. */
  readonly file: string;
  get(key: Buffer): Buffer | undefined;
  /** From `from`, up to but without `to`, in byte order. */
  entries(from: Buffer, to: Buffer): Iterable<Entry>;
}

/** A key with its latest value. */
export interface Current {
  readonly key: Buffer;
  readonly version: Version;
}

/** A value that a key had, not decoded yet. */
export interface Past {
  readonly place: HistoryPlace;
  readonly version: () => Version;
}

/** Every method throws NfvError STORE_DAMAGED where a record is not what it should be. */
export class Records {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  state(): StateRecord {
    const record = this.#view.get(STATE_KEY) ?? this.#damaged(STATE_KEY, 'is missing');
    return this.#decode(STATE_KEY, record, decodeState);
  }

  current(key: Buffer): Version | undefined {
    return this.#version(currentKey(key));
  }

  /** The value that ended at revision `until`. */
  ended(key: Buffer, until: number): Version | undefined {
    return this.#version(historyKey(key, until));
  }

  /** The value that the key had at `revision`, which is not compacted; `current`: its latest. */
  at(key: Buffer, revision: number, current: Version | undefined): Version | undefined {
    if (current !== undefined && current.modRevision <= revision) return current;
    const from = historyKey(key, revision + 1);
    for (const { key: found, record } of this.#view.entries(from, afterHistory(key))) {
      const version = this.#decode(found, record, decodeVersion);
      return version.modRevision <= revision ? version : undefined;
    }
    return undefined;
  }

  /** The value that was put at `revision`, which the log says and which is not compacted. */
  put(key: Buffer, revision: number): Version {
    const version = this.at(key, revision, this.current(key));
    if (version?.modRevision === revision) return version;
    return this.#damaged(currentKey(key), `has no value of revision ${revision}`);
  }

  log(revision: number): LogOp[] {
    const key = logKey(revision);
    return this.#decode(key, this.#view.get(key) ?? this.#damaged(key, 'is missing'), decodeLog);
  }

  /** Between two keys of the table `current`. */
  *currents(from: Buffer, to: Buffer): Generator<Current> {
    for (const { key, record } of this.#view.entries(from, to)) {
      yield { key: key.subarray(1), version: this.#decode(key, record, decodeVersion) };
    }
  }

  /** Between two keys of the table `history`; `version` decodes. */
  *history(from: Buffer, to: Buffer): Generator<Past> {
    for (const { key, record } of this.#view.entries(from, to)) {
      const place = parseHistoryKey(key) ?? this.#damaged(key, 'has a malformed key');
      yield { place, version: () => this.#decode(key, record, decodeVersion) };
    }
  }

  /** There is a record between two keys of LMDB. */
  any(from: Buffer, to: Buffer): boolean {
    for (const _ of this.#view.entries(from, to)) return true;
    return false;
  }

  *keys(from: Buffer, to: Buffer): Generator<Buffer> {
    for (const { key } of this.#view.entries(from, to)) yield key;
  }

  #version(key: Buffer): Version | undefined {
    const record = this.#view.get(key);
    return record === undefined ? undefined : this.#decode(key, record, decodeVersion);
  }

  #decode<T>(key: Buffer, record: Buffer, decode: (payload: Buffer) => T | undefined): T {
    const payload = unseal(key, record) ?? this.#damaged(key, 'has a wrong checksum');
    return decode(payload) ?? this.#damaged(key, 'is malformed');
  }

  #damaged(key: Buffer, what: string): never {
    const { file } = this.#view;
    throw new NfvError('STORE_DAMAGED', `${file}: record ${key.toString('hex', 0, 40)} ${what}`, {
      metadata: { file },
    });
  }
}
