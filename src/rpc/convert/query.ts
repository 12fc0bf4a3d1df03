import { isIP } from 'node:net';
import { clip, NfvError } from '../../errors.js';
import {
  MAX_QUERY_KEYS,
  MAX_QUERY_PATHS,
  QUERY_KINDS,
  REACH_STATES,
  SIGHT_STATES,
  type Query,
  type QueryReply,
} from '../../model/query.js';
import type { Query as WireQuery, Query__Output } from '../gen/nfv/v1/Query.js';
import type { QueryReply as WireReply, QueryReply__Output } from '../gen/nfv/v1/QueryReply.js';
import { EnumTable, fromInteger } from './common.js';
import { bounded, clippedText, errorFromWire, keyFromWire, nameFromWire } from './limits.js';

const KINDS = new EnumTable(QUERY_KINDS, {
  LOOK: 'WHAT_LOOK',
  COUNTERS: 'WHAT_COUNTERS',
  REACH: 'WHAT_REACH',
} as const);

const STATES = new EnumTable(SIGHT_STATES, {
  AS_WANTED: 'STATE_AS_WANTED',
  DIFFERS: 'STATE_DIFFERS',
  MISSING: 'STATE_MISSING',
  OBSTRUCTED: 'STATE_OBSTRUCTED',
  UNWANTED: 'STATE_UNWANTED',
} as const);

const REACHES = new EnumTable(REACH_STATES, {
  REACHABLE: 'STATE_REACHABLE',
  UNREACHABLE: 'STATE_UNREACHABLE',
  UNKNOWN: 'STATE_UNKNOWN',
} as const);

/** @throws NfvError PROTOCOL_VIOLATION, or that of a field */
export function queryFromWire(wire: Query__Output): Query {
  return {
    kind: 'query',
    id: fromInteger('id', wire.id),
    what: KINDS.fromWire('what', wire.what),
    keys: bounded('keys', wire.keys, MAX_QUERY_KEYS).map((key) => keyFromWire('query', key)),
    paths: bounded('paths', wire.paths, MAX_QUERY_PATHS).map(({ local, remote }) => ({
      local: addressOf('local', local),
      remote: addressOf('remote', remote),
    })),
  };
}

export function queryToWire({ id, what, keys, paths }: Query): WireQuery {
  return { id, what: KINDS.toWire(what), keys: [...keys], paths: [...paths] };
}

/** @throws NfvError PROTOCOL_VIOLATION, or that of a field */
export function queryReplyFromWire(wire: QueryReply__Output): QueryReply {
  const { error_code: code, error_message: message } = wire;
  return {
    kind: 'query_reply',
    id: fromInteger('id', wire.id),
    ...(code === '' ? {} : { error: errorFromWire(code, message) }),
    sights: bounded('sights', wire.sights, MAX_QUERY_KEYS).map(({ key, state, detail }) => ({
      key: keyFromWire('query_reply', key),
      state: STATES.fromWire('state', state),
      detail: clippedText(detail),
    })),
    counters: bounded('counters', wire.counters, MAX_QUERY_KEYS).map((each) => ({
      key: keyFromWire('query_reply', each.key),
      rxPackets: fromInteger('rx_packets', each.rx_packets),
      rxBytes: fromInteger('rx_bytes', each.rx_bytes),
      txPackets: fromInteger('tx_packets', each.tx_packets),
      txBytes: fromInteger('tx_bytes', each.tx_bytes),
      drops: fromInteger('drops', each.drops),
    })),
    reaches: bounded('reaches', wire.reaches, MAX_QUERY_PATHS).map(
      ({ local, remote, state, detail }) => ({
        local: nameFromWire('local', local),
        remote: nameFromWire('remote', remote),
        state: REACHES.fromWire('state', state),
        detail: clippedText(detail),
      }),
    ),
  };
}

export function queryReplyToWire(reply: QueryReply): WireReply {
  return {
    id: reply.id,
    error_code: reply.error?.code ?? '',
    error_message: clippedText(reply.error?.message ?? ''),
    sights: reply.sights.map(({ key, state, detail }) => ({
      key,
      state: STATES.toWire(state),
      detail: clippedText(detail),
    })),
    counters: reply.counters.map((each) => ({
      key: each.key,
      rx_packets: each.rxPackets,
      rx_bytes: each.rxBytes,
      tx_packets: each.txPackets,
      tx_bytes: each.txBytes,
      drops: each.drops,
    })),
    reaches: reply.reaches.map(({ local, remote, state, detail }) => ({
      local,
      remote,
      state: REACHES.toWire(state),
      detail: clippedText(detail),
    })),
  };
}

/** It becomes an argument of a program. */
function addressOf(field: string, text: string): string {
  if (isIP(text) !== 0 && !text.includes('%')) return text;
  throw new NfvError('PROTOCOL_VIOLATION', `${field}: "${clip(text, 64)}" is no IP address`);
}
