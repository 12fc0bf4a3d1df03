/** What no NVA sends: messages that an NVE has to refuse. */
import type { FromNva } from '../../model/southbound.js';
import type { ConnectResponse } from '../gen/nfv/v1/ConnectResponse.js';
import type { Item as WireItem } from '../gen/nfv/v1/Item.js';
import { fromNvaToWire } from './southbound.js';

/** What may be wrong with an item, so that the delta which brings it is refused as a whole. */
export const BAD_ITEMS = [
  'no content',
  'no key',
  'a key that is not that of its content',
  'no version',
  'a VNI of 25 bits',
  'a MAC that is none',
  'an address that is none',
] as const;
export type BadItem = (typeof BAD_ITEMS)[number];

/** A delta whose items are these. */
export interface MalformedDelta {
  readonly kind: 'malformed_delta';
  readonly sequence: number;
  readonly epoch: number;
  readonly revision: number;
  readonly items: readonly BadItem[];
}

/** A message of a kind that this version of the protocol has not. */
export interface UnknownMessage {
  readonly kind: 'unknown_message';
}

/** A query for what no version of the protocol has. */
export interface UnknownQuery {
  readonly kind: 'unknown_query';
  readonly id: number;
}

export type FromExaminer = FromNva | MalformedDelta | UnknownMessage | UnknownQuery;

/** A VNI that the items have, which are wrong in something else. */
const VNI = 100;
const MAC = '02:00:00:00:00:01';
const IP = '192.0.2.7';

export function toWire(message: FromExaminer): ConnectResponse {
  switch (message.kind) {
    case 'unknown_message':
      return {};
    case 'unknown_query':
      return { query: { id: message.id, what: 'WHAT_UNSPECIFIED', keys: [] } };
    case 'malformed_delta': {
      const { sequence, epoch, revision, items } = message;
      const upserts = items.map(badItem);
      return { delta: { sequence, epoch, revision, upserts, removes: [], complete: true } };
    }
    default:
      return fromNvaToWire(message);
  }
}

const neighbor = (change: {
  readonly vni?: number;
  readonly ip?: string;
  readonly mac?: string;
}) => {
  const content = { vni: VNI, ip: IP, mac: MAC, ...change };
  return { key: `neigh/${content.vni}/${content.ip}`, version: '1', neighbor_entry: content };
};

function badItem(what: BadItem): WireItem {
  switch (what) {
    case 'no content':
      return { key: 'bd/100', version: '1' };
    case 'no key':
      return { ...neighbor({}), key: '' };
    case 'a key that is not that of its content':
      return { ...neighbor({}), key: `neigh/${VNI}/192.0.2.8` };
    case 'no version':
      return { ...neighbor({}), version: '' };
    case 'a VNI of 25 bits':
      return neighbor({ vni: 2 ** 24 });
    case 'a MAC that is none':
      return neighbor({ mac: '02:00:00:00:00' });
    case 'an address that is none':
      return neighbor({ ip: '192.0.2.300' });
  }
}
