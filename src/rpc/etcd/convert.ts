/** Our types <-> etcd's messages. */
import type { Compare } from '../gen/etcdserverpb/Compare.js';
import type { Event__Output } from '../gen/etcdserverpb/Event.js';
import type { KeyValue__Output } from '../gen/etcdserverpb/KeyValue.js';
import type { RangeRequest } from '../gen/etcdserverpb/RangeRequest.js';
import type { RangeResponse__Output } from '../gen/etcdserverpb/RangeResponse.js';
import type { RequestOp } from '../gen/etcdserverpb/RequestOp.js';
import type { TxnRequest } from '../gen/etcdserverpb/TxnRequest.js';
import type { TxnResponse__Output } from '../gen/etcdserverpb/TxnResponse.js';
import type {
  EtcdCompare,
  EtcdEvent,
  EtcdKeyValue,
  EtcdOp,
  EtcdRange,
  EtcdRangeResult,
  EtcdTxn,
  EtcdTxnResult,
} from './types.js';

export function txnToWire(txn: EtcdTxn): TxnRequest {
  return {
    compare: txn.compare.map(compareToWire),
    success: txn.success.map(opToWire),
    failure: txn.failure.map(opToWire),
  };
}

function compareToWire({ of, key, end, revision }: EtcdCompare): Compare {
  return {
    result: 'EQUAL',
    key,
    ...(end === undefined ? {} : { range_end: end }),
    ...(of === 'create'
      ? { target: 'CREATE', create_revision: revision }
      : { target: 'MOD', mod_revision: revision }),
  };
}

function opToWire(op: EtcdOp): RequestOp {
  switch (op.kind) {
    case 'range':
      return { request_range: rangeToWire(op.range) };
    case 'put':
      return { request_put: { key: op.key, value: op.value, lease: op.lease ?? 0 } };
    case 'delete':
      return { request_delete_range: { key: op.key } };
    case 'txn':
      return { request_txn: txnToWire(op.txn) };
  }
}

function rangeToWire({ key, end, limit = 0, revision = 0, keysOnly }: EtcdRange): RangeRequest {
  return {
    key,
    ...(end === undefined ? {} : { range_end: end }),
    limit,
    revision,
    keys_only: keysOnly === true,
  };
}

export function txnFromWire(wire: TxnResponse__Output): EtcdTxnResult {
  return {
    succeeded: wire.succeeded,
    revision: wire.header?.revision ?? 0,
    ranges: wire.responses.flatMap(({ response_range: range }) =>
      range === null || range === undefined ? [] : [rangeFromWire(range)],
    ),
  };
}

function rangeFromWire({ kvs, more }: RangeResponse__Output): EtcdRangeResult {
  return { kvs: kvs.map(kvFromWire), more };
}

function kvFromWire(wire: KeyValue__Output): EtcdKeyValue {
  const { key, value, create_revision: createRevision, mod_revision: modRevision } = wire;
  return { key, value, createRevision, modRevision };
}

export function eventFromWire({ type, kv, prev_kv: previous }: Event__Output): EtcdEvent[] {
  if (kv === null) return [];
  if (type === 'PUT') return [{ kind: 'put', kv: kvFromWire(kv) }];
  const { key, mod_revision: modRevision } = kv;
  return [{ kind: 'delete', key, modRevision, previous: previous?.value }];
}
