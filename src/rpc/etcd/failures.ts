/** What etcd and gRPC say, as our errors. etcd's texts are in its api/v3rpc/rpctypes/error.go. */
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { NfvError, type ErrorCode } from '../../errors.js';
import { connectFailure, isOfTls, TLS_REMEDY } from '../connect-failure.js';

interface Meaning {
  readonly code: ErrorCode;
  readonly remedy?: string;
}

const ETCD = 'etcdserver: ';

/** By etcd's own text; the same status has many meanings. */
const BY_TEXT: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['mvcc: required revision has been compacted', { code: 'REVISION_COMPACTED' }],
  ['mvcc: required revision is a future revision', { code: 'REVISION_IN_FUTURE' }],
  [
    'mvcc: database space exceeded',
    {
      code: 'STORE_FULL',
      remedy:
        'make room in etcd: compact, "etcdctl defrag", then "etcdctl alarm disarm"; see docs/operations.md',
    },
  ],
  ['too many operations in txn request', { code: 'STORE_LIMIT' }],
  [
    'request is too large',
    {
      code: 'STORE_LIMIT',
      remedy: 'write less at once, or start every member of etcd with more --max-request-bytes',
    },
  ],
  ['too many requests', { code: 'TOO_MANY_REQUESTS' }],
  ['authentication failed, invalid user ID or password', { code: 'STORE_REFUSED' }],
  ['user name is empty', { code: 'STORE_REFUSED', remedy: 'configure a user: store.user' }],
  [
    'authentication is not enabled',
    {
      code: 'STORE_REFUSED',
      remedy: 'leave out store.user, or enable authentication: "etcdctl auth enable"',
    },
  ],
  ['lease already exists', { code: 'ALREADY_EXISTS' }],
  ['requested lease not found', { code: 'NOT_FOUND' }],
  ['corrupt cluster', { code: 'STORE_DAMAGED', remedy: 'see "etcdctl alarm list"' }],
]);

const BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [status.UNAVAILABLE, 'STORE_UNREACHABLE'],
  [status.DEADLINE_EXCEEDED, 'STORE_UNREACHABLE'],
  // A member that is killed makes gRPC say these.
  [status.CANCELLED, 'STORE_UNREACHABLE'],
  [status.INTERNAL, 'STORE_UNREACHABLE'],
  [status.UNKNOWN, 'STORE_UNREACHABLE'],
  [status.ABORTED, 'STORE_UNREACHABLE'],
  [status.DATA_LOSS, 'STORE_DAMAGED'],
  [status.PERMISSION_DENIED, 'STORE_REFUSED'],
  [status.UNAUTHENTICATED, 'STORE_REFUSED'],
  // A learner, or an older one than the cluster: another member may do it.
  [status.FAILED_PRECONDITION, 'STORE_UNREACHABLE'],
  // Of our own end: an answer that is larger than it takes.
  [status.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE'],
]);

/** `target` is the member's address, for people. */
export function etcdError(thrown: unknown, target: string): NfvError {
  if (!isServiceError(thrown)) return NfvError.from(thrown);
  const text = thrown.details.startsWith(ETCD) ? thrown.details.slice(ETCD.length) : undefined;
  const meaning = text === undefined ? undefined : BY_TEXT.get(text);
  const code = meaning?.code ?? BY_STATUS.get(thrown.code) ?? 'INTERNAL';
  const said = saidOf(thrown);
  const remedy = meaning?.remedy ?? (isOfTls(said) ? `store.tls: ${TLS_REMEDY}` : undefined);
  return new NfvError(code, `etcd ${target}: ${said}`, {
    cause: thrown,
    ...(remedy !== undefined && { remedy }),
  });
}

/**
 * What to say when no member could be reached: of each its own reason, since the last one that was tried is not the one that
 * could have answered. @param failures of each member the latest, one at least; the last of them is what all go by
 */
export function noneReached(failures: readonly NfvError[]): NfvError {
  const last = failures.at(-1) ?? new NfvError('STORE_UNREACHABLE', 'etcd: no member');
  if (failures.length < 2) return last;
  const ofTls = failures.find(({ remedy }) => remedy.startsWith('store.tls'));
  return new NfvError(last.code, failures.map(({ message }) => message).join('; '), {
    cause: last.cause,
    remedy: (ofTls ?? last).remedy,
  });
}

/** In one line, without what grpc-js says around it. */
function saidOf({ code, details }: ServiceError): string {
  if (code === status.DEADLINE_EXCEEDED) return 'no answer in time';
  return connectFailure(details).replace(ETCD, '');
}

/** It never left this process, so that it was not done for sure. */
export function wasNotSent(error: NfvError): boolean {
  const { cause } = error;
  return isServiceError(cause) && cause.details.startsWith('No connection established');
}

/** The token is not, or no longer, good; nothing was done. */
export function wantsToken(error: NfvError): boolean {
  const { cause } = error;
  if (!isServiceError(cause)) return false;
  if (cause.code === status.UNAUTHENTICATED) return true;
  return /user name is empty|revision of auth store is old/.test(cause.details);
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'number' &&
    'details' in thrown &&
    typeof thrown.details === 'string' &&
    'metadata' in thrown &&
    thrown.metadata instanceof Metadata
  );
}
