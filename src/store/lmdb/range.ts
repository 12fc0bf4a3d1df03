/** Reads as of one revision; many keys in steps, each of them one turn of the event loop. */
import { setImmediate as turn } from 'node:timers/promises';
import { NfvError } from '../../errors.js';
import { checkReadable, DEFAULT_LIMIT } from '../check-request.js';
import { type Found, keysAt, type Ranges } from './historic.js';
import {
  afterHistory,
  afterKey,
  afterPrefix,
  currentKey,
  historyPrefix,
  utf8,
  type Version,
} from './layout.js';
import type { Records } from './records.js';
import { type KeyValue, LIMITS, type RangeRequest, type RangeResult } from '../store.js';

/**
 * Runs `read` on one snapshot, and may run it again on another if that one did not last; `keys` is
 * how many it may look at.
 */
export type Read = <T>(read: (records: Records, keys: number) => T) => Promise<T>;

/** Keys looked at in one turn of the event loop. */
export const STEP_KEYS = 512;

export function keyValue(key: Buffer, version: Version): KeyValue {
  const { createRevision, modRevision } = version;
  return {
    key: key.toString('utf8'),
    value: version.value.toString('utf8'),
    createRevision,
    modRevision,
  };
}

/** @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE, STORE_DAMAGED, STORE_FAILED */
export function readKey(
  read: Read,
  key: string,
  revision: number | undefined,
): Promise<KeyValue | undefined> {
  const bytes = utf8(key);
  return read((records) => {
    let version = records.current(bytes);
    if (revision !== undefined) {
      const state = records.state();
      checkReadable(revision, state.revision, state.compactRevision);
      // As of the latest there is no history to look into.
      if (revision < state.revision) version = records.at(bytes, revision, version);
    }
    return version === undefined ? undefined : keyValue(bytes, version);
  });
}

/** @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE, STORE_DAMAGED, STORE_FAILED */
export async function readRange(read: Read, request: RangeRequest): Promise<RangeResult> {
  const range = new Range(request);
  try {
    for (;;) {
      const step = await read((records, keys) => range.step(records, keys));
      if (!range.take(step)) return range.result(step.full);
      await turn();
    }
  } catch (error) {
    const compacted = error instanceof NfvError && error.code === 'REVISION_COMPACTED';
    if (!compacted || request.revision !== undefined) throw error;
    // The latest revision of the first step was compacted underneath: what it found is right.
    return range.result(true);
  }
}

interface Step {
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  readonly bytes: number;
  /** The last key looked at; undefined: there are no more. */
  readonly last: Buffer | undefined;
  /** There was one more that the answer has no room for. */
  readonly full: boolean;
}

class Range {
  readonly #prefix: Buffer;
  readonly #limit: number;
  readonly #kvs: KeyValue[] = [];
  #after: Buffer | undefined;
  #revision: number | undefined;
  #bytes = 0;

  constructor({ prefix, after, limit = DEFAULT_LIMIT, revision }: RangeRequest) {
    this.#prefix = utf8(prefix);
    this.#after = after === undefined ? undefined : utf8(after);
    this.#limit = limit;
    this.#revision = revision;
  }

  /** Looks at some keys; changes nothing here, so that it can be done again. */
  step(records: Records, keys: number): Step {
    const state = records.state();
    const revision = this.#revision ?? state.revision;
    checkReadable(revision, state.revision, state.compactRevision);
    const ranges = this.#ranges();
    const found: Iterable<Found> =
      revision === state.revision
        ? records.currents(...ranges.current)
        : keysAt(records, revision, ranges);
    const kvs: KeyValue[] = [];
    let bytes = this.#bytes;
    let last: Buffer | undefined;
    let looked = 0;
    for (const { key, version } of found) {
      if (version !== undefined) {
        const size = key.length + version.value.length;
        const count = this.#kvs.length + kvs.length;
        const fits = count < this.#limit && bytes + size <= LIMITS.rangeBytes;
        if (count > 0 && !fits) return { revision, kvs, bytes, last, full: true };
        kvs.push(keyValue(key, version));
        bytes += size;
      }
      last = key;
      if (++looked === keys) return { revision, kvs, bytes, last, full: false };
    }
    return { revision, kvs, bytes, last: undefined, full: false };
  }

  /** Takes what a step found; true: go on. */
  take(step: Step): boolean {
    this.#kvs.push(...step.kvs);
    this.#revision = step.revision;
    this.#bytes = step.bytes;
    this.#after = step.last;
    return !step.full && step.last !== undefined;
  }

  result(more: boolean): RangeResult {
    return { revision: this.#revision ?? 0, kvs: this.#kvs, more };
  }

  #ranges(): Ranges {
    const current = currentKey(this.#prefix);
    const history = historyPrefix(this.#prefix);
    const after = this.#after;
    const [currentFrom, historyFrom] =
      after === undefined
        ? [current, history]
        : [later(current, afterKey(currentKey(after))), later(history, afterHistory(after))];
    return {
      current: [currentFrom, afterPrefix(current)],
      history: [historyFrom, afterPrefix(history)],
    };
  }
}

const later = (a: Buffer, b: Buffer): Buffer => (a.compare(b) >= 0 ? a : b);
