/** What every store refuses in the same words, before it does anything. */
import { invalidField, NfvError } from '../errors.js';
import { LIMITS, type Compare, type RangeRequest, type Txn, type WatchRequest } from './store.js';

const LONE_SURROGATE = /\p{Surrogate}/u;

export const DEFAULT_LIMIT = 1000;

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

function checkText(field: string, text: string): void {
  if (LONE_SURROGATE.test(text)) {
    throw invalidField(field, text, 'has a lone surrogate', 'write well-formed Unicode');
  }
}

function limit(field: string, actual: number, most: number, what: string): NfvError {
  return new NfvError('STORE_LIMIT', `${field}: ${actual} ${what}, at most ${most} are allowed`);
}

export function checkKey(field: string, key: string): void {
  const bytes = bytesOf(key);
  if (bytes === 0) throw new NfvError('STORE_LIMIT', `${field}: empty, a key has at least 1 byte`);
  if (bytes > LIMITS.keyBytes) throw limit(field, bytes, LIMITS.keyBytes, 'bytes');
  checkText(field, key);
}

export function checkPrefix(field: string, prefix: string): void {
  if (prefix !== '') checkKey(field, prefix);
}

export function checkRevision(field: string, revision: number): void {
  if (!Number.isSafeInteger(revision) || revision < 0) {
    throw invalidField(field, revision, 'is no revision', 'write a whole number from 0');
  }
}

export function checkRange(request: RangeRequest): void {
  checkPrefix('prefix', request.prefix);
  if (request.after !== undefined) checkPrefix('after', request.after);
  if (request.revision !== undefined) checkRevision('revision', request.revision);
  const { limit: most = DEFAULT_LIMIT } = request;
  if (!Number.isSafeInteger(most) || most < 1) {
    throw invalidField('limit', most, 'is no limit', 'write a whole number from 1');
  }
}

export function checkWatch(request: WatchRequest): void {
  checkPrefix('prefix', request.prefix);
  checkRevision('after', request.after);
}

/** As of `revision`, seen from a store that is at `latest` and compacted up to `compact`. */
export function checkReadable(revision: number, latest: number, compact: number): void {
  checkNotFuture(revision, latest);
  if (revision < compact) {
    throw new NfvError(
      'REVISION_COMPACTED',
      `revision ${revision} was compacted; the oldest readable one is ${compact}`,
      { metadata: { compactRevision: String(compact) } },
    );
  }
}

export function checkNotFuture(revision: number, latest: number): void {
  if (revision > latest) {
    throw new NfvError(
      'REVISION_IN_FUTURE',
      `revision ${revision} is not reached yet; the latest is ${latest}`,
      { metadata: { revision: String(latest) } },
    );
  }
}

function checkCompare(field: string, compare: Compare): void {
  if (compare.kind === 'empty') {
    checkPrefix(`${field}.prefix`, compare.prefix);
  } else {
    checkKey(`${field}.key`, compare.key);
    checkRevision(`${field}.revision`, compare.revision);
  }
}

/**
 * Checks a transaction for a store that takes so many compares and operations; answers the sum of
 * its keys and values in bytes.
 */
export function checkTxn(txn: Txn, txnOps: number): number {
  const count = txn.compare.length + txn.ops.length;
  if (count > txnOps) throw limit('txn', count, txnOps, 'compares and operations');
  if (txn.ops.length === 0) {
    throw invalidField('ops', '', 'is empty', 'write at least one operation');
  }
  txn.compare.forEach((compare, i) => {
    checkCompare(`compare[${i}]`, compare);
  });
  const keys = new Set<string>();
  let keyBytes = 0;
  let valueBytes = 0;
  txn.ops.forEach((op, i) => {
    checkKey(`ops[${i}].key`, op.key);
    if (keys.has(op.key)) {
      throw invalidField(`ops[${i}].key`, op.key, 'is there twice', 'write each key once');
    }
    keys.add(op.key);
    keyBytes += bytesOf(op.key);
    if (op.kind === 'put') valueBytes += checkValue(`ops[${i}].value`, op.value);
  });
  if (valueBytes > LIMITS.txnBytes) {
    throw limit('ops', valueBytes, LIMITS.txnBytes, 'bytes of values');
  }
  return keyBytes + valueBytes;
}

function checkValue(field: string, value: string): number {
  const bytes = bytesOf(value);
  if (bytes > LIMITS.valueBytes) throw limit(field, bytes, LIMITS.valueBytes, 'bytes');
  checkText(field, value);
  return bytes;
}
