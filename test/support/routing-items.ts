/** Items of routing and cross-connects for tests, with what a test does not care about filled in. */
import type { XconnectItem } from '../../src/model/item.js';
import type {
  GatewayInterfaceItem,
  GatewayNeighborItem,
  NextHop,
  RouteItem,
  VrfItem,
} from '../../src/model/routing-items.js';

export const GATEWAY_MAC = '02:00:00:00:fe:01';

export const vrf = (id: number): VrfItem => ({ kind: 'vrf', id, name: `router-${id}` });

export const gateway = (
  vrfId: number,
  vni: number,
  addresses: readonly string[],
  more: Partial<GatewayInterfaceItem> = {},
): GatewayInterfaceItem => ({
  kind: 'gateway_interface',
  vrf: vrfId,
  vni,
  mac: GATEWAY_MAC,
  addresses,
  mtu: 1400,
  ...more,
});

export const gatewayNeighbor = (
  vrfId: number,
  vni: number,
  ip: string,
  mac: string,
): GatewayNeighborItem => ({ kind: 'gateway_neighbor', vrf: vrfId, vni, ip, mac });

export const hop = (address: string, vni = 0, weight = 1): NextHop => ({ address, vni, weight });

export const routeTo = (vrfId: number, prefix: string, ...nextHops: NextHop[]): RouteItem => ({
  kind: 'route',
  vrf: vrfId,
  prefix,
  via: { kind: 'next_hops', nextHops },
});

export const dropRoute = (vrfId: number, prefix: string): RouteItem => ({
  kind: 'route',
  vrf: vrfId,
  prefix,
  via: { kind: 'drop' },
});

export const routeToVrf = (vrfId: number, prefix: string, next: number): RouteItem => ({
  kind: 'route',
  vrf: vrfId,
  prefix,
  via: { kind: 'vrf', vrf: next },
});

export const xconnect = (a: string, b: string): XconnectItem => ({ kind: 'xconnect', a, b });
