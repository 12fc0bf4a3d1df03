/** What the deltas of one session have to be like: an NVE takes no NVA's word for it. */
import { NfvError } from '../errors.js';
import { MAX_KEY } from '../model/item.js';
import type { BadDelta, Delta, Welcome } from '../model/southbound.js';

export class DeltaOrder {
  readonly #epoch: number;
  /** Of the whole configuration, when the session began. */
  readonly #complete: number;
  #revision: number;
  #sequence = 0;
  #hasGap = false;

  /** Of the session that this message opens. */
  constructor({ epoch, revision, sendHeldItems }: Welcome) {
    this.#epoch = epoch.number;
    this.#complete = revision;
    // While it sends what differs, no revision is claimed before the last delta.
    this.#revision = sendHeldItems ? 0 : revision;
  }

  /** A delta was refused, so that what the NVA calls complete is not. */
  get hasGap(): boolean {
    return this.#hasGap;
  }

  /** Some delta came twice or got lost. @throws NfvError PROTOCOL_VIOLATION: the session is over */
  follow(sequence: number): void {
    const expected = this.#sequence + 1;
    if (sequence !== expected) {
      throw new NfvError('PROTOCOL_VIOLATION', `delta ${sequence}, not ${expected}`);
    }
    this.#sequence = sequence;
  }

  /** @throws NfvError STALE_EPOCH, PROTOCOL_VIOLATION, that of a bad delta: it is to be refused */
  check(message: Delta | BadDelta): Delta {
    if (message.kind === 'bad_delta') throw message.error;
    const { epoch, revision, complete } = message;
    if (epoch !== this.#epoch) {
      throw new NfvError(
        'STALE_EPOCH',
        `a delta of epoch ${epoch} in a session of epoch ${this.#epoch}`,
      );
    }
    const least = complete ? Math.max(this.#revision, this.#complete) : this.#revision;
    if (revision < least) {
      throw new NfvError('PROTOCOL_VIOLATION', `a delta of revision ${revision} after ${least}`);
    }
    checkKeys(message);
    return message;
  }

  taken({ revision }: Delta): void {
    this.#revision = revision;
  }

  refused(): void {
    this.#hasGap = true;
  }
}

function checkKeys({ upserts, removes }: Delta): void {
  const keys = new Set<string>();
  for (const key of [...upserts.map((item) => item.key), ...removes]) {
    if (key === '' || key.length > MAX_KEY) {
      throw new NfvError(
        'PROTOCOL_VIOLATION',
        `a key of ${key.length} characters, not 1-${MAX_KEY}`,
      );
    }
    if (keys.has(key)) throw new NfvError('PROTOCOL_VIOLATION', `${key} is twice in a delta`);
    keys.add(key);
  }
}
