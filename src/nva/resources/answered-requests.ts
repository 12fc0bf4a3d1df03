/** AIP-155: the repeat of a request gets the first answer. It is who asked that gets it, and nobody else. */
import { NfvError } from '../../errors.js';
import type { Call } from '../../model/api.js';
import type { Store, WriteOp } from '../../store/store.js';
import { whoOf } from '../changes/record.js';
import { requestKey } from '../keys.js';
import { decodeKv, REQUEST_RECORD, type RequestRecord, type Versioned } from '../records.js';
import type { Guard } from './resource-rules.js';

export interface Asked {
  /** Empty: it has none, and is never answered again. */
  readonly requestId: string;
  /** SHA-256 of the request's body. */
  readonly hash: string;
}

/**
 * What the request was answered, and the revision of what it did; undefined: it has not been made yet. What an earlier
 * version wrote does not say who asked: that is for the caller to find out.
 * @throws NfvError REQUEST_ID_REUSED: the id is that of another request, or of somebody else's
 */
export async function answerTo(
  store: Pick<Store, 'get'>,
  { requestId, hash }: Asked,
  call: Call,
): Promise<Versioned<RequestRecord> | undefined> {
  if (requestId === '') return undefined;
  const kv = await store.get(requestKey(requestId));
  if (kv === undefined) return undefined;
  const answered = decodeKv(REQUEST_RECORD, kv);
  const { who, collection, id } = answered.value;
  const isOwn = who === whoOf(call);
  if (answered.value.hash === hash && (isOwn || who === undefined)) return answered;
  throw isOwn
    ? reused(requestId, `for ${collection}/${id} with another body`)
    : notTheirs(requestId);
}

/**
 * The answer that there is, or else that of `make`. What goes wrong in that may be that the same request was carried out
 * meanwhile, by another replica say: then its answer is this one's, too.
 * @throws NfvError of both
 */
export async function answeredOr<T>(
  answered: () => Promise<T | undefined>,
  make: () => Promise<T>,
): Promise<T> {
  const before = await answered();
  if (before !== undefined) return before;
  try {
    return await make();
  } catch (thrown) {
    const meanwhile = await answered();
    if (meanwhile !== undefined) return meanwhile;
    throw thrown;
  }
}

/** It says nothing of the other request, which may be of what the caller may not read. */
export function notTheirs(requestId: string): NfvError {
  return reused(requestId, 'for another request');
}

function reused(requestId: string, what: string): NfvError {
  return new NfvError('REQUEST_ID_REUSED', `request id ${requestId} was used ${what}`);
}

/** What makes the repeat of a request harmless. */
export function remember(
  { requestId, hash }: Asked,
  answer: Omit<RequestRecord, 'hash' | 'who'>,
  who: string,
): { readonly guards: Guard[]; readonly ops: WriteOp[] } {
  if (requestId === '') return { guards: [], ops: [] };
  const key = requestKey(requestId);
  const value = REQUEST_RECORD.encode({ ...answer, hash, who });
  return {
    guards: [{ compare: { kind: 'revision', key, revision: 0 }, onFail: 'retry' }],
    ops: [{ kind: 'put', key, value }],
  };
}
