/** Checks the store's own records, fed in LMDB's order, which is by table. */
import { crc32 } from './crc32.js';
import {
  decodeLog,
  decodeState,
  decodeVersion,
  type HistoryPlace,
  parseHistoryKey,
  parseLogKey,
  STATE_KEY,
  type StateRecord,
  TABLE,
  unseal,
  writeU64,
} from './layout.js';

/** A set of (key, revision) by count and two sums of its hashes: equal for equal sets. */
class Tally {
  readonly #revision = Buffer.alloc(8);
  #count = 0;
  #sum = 0;
  #squares = 0;

  add(key: Buffer, revision: number): void {
    writeU64(this.#revision, 0, revision);
    const hash = crc32(this.#revision, crc32(key));
    this.#count++;
    this.#sum = (this.#sum + hash) >>> 0;
    this.#squares = (this.#squares + Math.imul(hash, hash)) >>> 0;
  }

  equals(other: Tally): boolean {
    return (
      this.#count === other.#count && this.#sum === other.#sum && this.#squares === other.#squares
    );
  }
}

export class RecordCheck {
  readonly #damaged: (what: string) => never;
  #state: StateRecord | undefined;
  #nextLog = 0;
  #lastHistory: HistoryPlace | undefined;
  /** Of what the log tells: when a key got a value, and when it lost one. */
  readonly #logPuts = new Tally();
  readonly #logEnds = new Tally();
  /** The same of what `current` and `history` hold. */
  readonly #begun = new Tally();
  readonly #ended = new Tally();

  constructor(damaged: (what: string) => never) {
    this.#damaged = damaged;
  }

  add(key: Buffer, record: Buffer): void {
    const payload = unseal(key, record);
    if (payload === undefined) return this.#bad(key, 'the checksum is wrong');
    const state = this.#state;
    if (key.equals(STATE_KEY)) {
      this.#state = decodeState(payload) ?? this.#bad(key, 'malformed');
      this.#nextLog = this.#state.purgedRevision + 1;
    } else if (state === undefined) {
      this.#bad(key, 'there is no state record before it');
    } else if (key[0] === TABLE.current) {
      this.#current(key, payload, state);
    } else if (key[0] === TABLE.history) {
      this.#history(key, payload, state);
    } else if (key[0] === TABLE.log) {
      this.#log(key, payload);
    } else {
      this.#bad(key, 'of no known table');
    }
  }

  /** What can only be said when all records were seen. */
  finish(): StateRecord {
    const state = this.#state ?? this.#damaged('the state record is missing');
    if (this.#nextLog !== state.revision + 1) {
      this.#damaged(`the log ends before ${this.#nextLog}, the revision is ${state.revision}`);
    }
    if (!this.#begun.equals(this.#logPuts) || !this.#ended.equals(this.#logEnds)) {
      this.#damaged('log and values do not belong together: records are missing or stale');
    }
    return state;
  }

  #current(key: Buffer, payload: Buffer, state: StateRecord): void {
    const version = decodeVersion(payload) ?? this.#bad(key, 'malformed');
    if (key.length < 2 || version.modRevision > state.revision) this.#bad(key, 'impossible');
    if (version.modRevision > state.purgedRevision) {
      this.#begun.add(key.subarray(1), version.modRevision);
    }
  }

  #history(key: Buffer, payload: Buffer, state: StateRecord): void {
    const place = parseHistoryKey(key) ?? this.#bad(key, 'malformed key');
    const version = decodeVersion(payload) ?? this.#bad(key, 'malformed');
    const { modRevision } = version;
    if (place.until > state.revision || place.until <= modRevision) this.#bad(key, 'impossible');
    if (place.until <= state.purgedRevision) this.#bad(key, 'should be purged');
    const last = this.#lastHistory;
    if (last?.key.equals(place.key) === true && last.until > modRevision) {
      this.#bad(key, 'overlaps the one before');
    }
    this.#lastHistory = place;
    if (modRevision > state.purgedRevision) this.#begun.add(place.key, modRevision);
    this.#ended.add(place.key, place.until);
  }

  #log(key: Buffer, payload: Buffer): void {
    const revision = parseLogKey(key) ?? this.#bad(key, 'malformed key');
    if (revision !== this.#nextLog) this.#bad(key, `revision ${this.#nextLog} should be here`);
    this.#nextLog = revision + 1;
    for (const op of decodeLog(payload) ?? this.#bad(key, 'malformed')) {
      if (op.kind === 'put') this.#logPuts.add(op.key, revision);
      if (op.replaced) this.#logEnds.add(op.key, revision);
    }
  }

  #bad(key: Buffer, what: string): never {
    const shown = key.length > 40 ? `${key.toString('hex', 0, 40)}...` : key.toString('hex');
    return this.#damaged(`record ${shown}: ${what}`);
  }
}
