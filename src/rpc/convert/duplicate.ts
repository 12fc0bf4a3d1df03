import { ADDRESS_KINDS, type DuplicateAddress } from '../../model/duplicates.js';
import { formatName, requireName } from '../../model/names.js';
import type {
  DuplicateAddress as Wire,
  DuplicateAddress__Output as WireOut,
} from '../gen/nfv/v1/DuplicateAddress.js';
import { EnumTable, fromTimestamp, toTimestamp } from './common.js';

const KINDS = new EnumTable(ADDRESS_KINDS, { MAC: 'KIND_MAC', IP: 'KIND_IP' } as const);

export function duplicateToWire(duplicate: DuplicateAddress): Wire {
  const { kind, address, endpoint, nve, moves, since, until } = duplicate;
  return {
    kind: KINDS.toWire(kind),
    address,
    endpoint: formatName('endpoints', endpoint),
    nve: formatName('nves', nve),
    moves,
    since: toTimestamp(since),
    until: until === '' ? null : toTimestamp(until),
  };
}

export function duplicateFromWire(wire: WireOut): DuplicateAddress {
  const { kind, address, endpoint, nve, moves, since, until } = wire;
  return {
    kind: KINDS.fromWire('kind', kind),
    address,
    endpoint: requireName('endpoints', endpoint),
    nve: requireName('nves', nve),
    moves,
    since: fromTimestamp(since),
    until: until === null ? '' : fromTimestamp(until),
  };
}
