import { NfvError } from '../../errors.js';
import type { RouteItem, RouteVia } from '../../model/routing-items.js';
import type { RouteItem as Wire, RouteItem__Output as WireOut } from '../gen/nfv/v1/RouteItem.js';

/** @throws NfvError ITEM_INVALID if it leads nowhere */
export function routeFromWire(key: string, wire: WireOut): RouteItem {
  const { vrf, prefix } = wire;
  return { kind: 'route', vrf, prefix, via: viaFromWire(key, wire) };
}

function viaFromWire(key: string, wire: WireOut): RouteVia {
  if (wire.via === 'next_hops') {
    return { kind: 'next_hops', nextHops: wire.next_hops?.hops ?? [] };
  }
  if (wire.via === 'next_vrf') return { kind: 'vrf', vrf: wire.next_vrf ?? 0 };
  if (wire.via === 'drop' && wire.drop === true) return { kind: 'drop' };
  throw new NfvError('ITEM_INVALID', `${key}: neither next hops nor a VRF, and not to be dropped`);
}

export function routeToWire({ vrf, prefix, via }: RouteItem): Wire {
  switch (via.kind) {
    case 'drop':
      return { vrf, prefix, drop: true };
    case 'vrf':
      return { vrf, prefix, next_vrf: via.vrf };
    case 'next_hops':
      return { vrf, prefix, next_hops: { hops: via.nextHops.map((hop) => ({ ...hop })) } };
  }
}
