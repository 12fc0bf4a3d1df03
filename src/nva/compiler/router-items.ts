/** What an NVE has of a router. Pure. */
import { homeOf, type PlacedEndpoint } from '../../model/migration.js';
import type { Item } from '../../model/item.js';
import type { StaticRoute } from '../../model/router.js';
import type { NextHop, RouteVia } from '../../model/routing-items.js';
import { subnetHolds, type SubnetSpec } from '../../model/subnet.js';
import { isLost } from './inputs.js';
import { CompiledItem } from './items.js';
import { isAt, type Gateway, type RouterView } from './router-view.js';
import { exitPeerItems, hopsToExit, transitItems } from './transit.js';

/** Of a route item. */
const MAX_WEIGHT = 255;

/** What NVE `nve` has of a router whatever the endpoints. */
export function* routerItems(router: RouterView | undefined, nve: string): Generator<Item> {
  if (router === undefined) return;
  yield* exitPeerItems(router, nve);
  const { vrfId } = router.spec;
  const own = [...router.gateways.values()].filter((gateway) => isAt(gateway, nve));
  if (own.length === 0) return;
  yield new CompiledItem({ kind: 'vrf', id: vrfId, name: router.id });
  yield* gatewayItems(router, nve);
  yield* transitItems(router, nve);
  for (const route of router.spec.routes) {
    const via = viaOf(route, router, nve);
    if (via === undefined) continue;
    yield new CompiledItem({ kind: 'route', vrf: vrfId, prefix: route.prefix, via });
  }
}

/** Its gateways in the networks that the NVE takes part in. */
export function* gatewayItems(router: RouterView | undefined, nve: string): Generator<Item> {
  if (router === undefined) return;
  const { vrfId, gatewayMac } = router.spec;
  for (const gateway of router.gateways.values()) {
    if (!isAt(gateway, nve)) continue;
    const { view, exits } = gateway;
    const own = exits && router.transit?.macs.get(nve);
    yield new CompiledItem({
      kind: 'gateway_interface',
      vrf: vrfId,
      vni: view.spec.vni,
      mac: own ?? gatewayMac,
      addresses: addressesAt(gateway, nve),
      mtu: view.mtu,
    });
  }
}

/** `address/length` of the router in a network, on one NVE. */
function addressesAt({ subnets, exits }: Gateway, nve: string): string[] {
  const withLength = (address: string, { prefix }: SubnetSpec): string =>
    `${address}${prefix.slice(prefix.indexOf('/'))}`;
  if (exits === undefined) return subnets.map((subnet) => withLength(subnet.gateway, subnet));
  return exits.flatMap(({ subnet, gateways }) => {
    const address = gateways.get(nve);
    return address === undefined ? [] : [withLength(address, subnet)];
  });
}

/** Undefined: the NVE has no way to any of the next hops, or they were on NVEs that are dead. */
function viaOf(
  { nextHops, drop }: StaticRoute,
  router: RouterView,
  nve: string,
): RouteVia | undefined {
  if (drop) return { kind: 'drop' };
  const all = [...router.gateways.values()];
  // Who leads out by one exit sends nothing to those of another, which would send it back.
  const leads = all.some(({ subnets, exits }) =>
    exits?.some(
      ({ subnet, gateways }) =>
        gateways.has(nve) &&
        subnets.includes(subnet) &&
        nextHops.some(({ address }) => subnetHolds(subnet, address)),
    ),
  );
  return hops(
    nextHops.flatMap(({ address, weight }): NextHop[] => {
      const gateway = all.find(({ subnets }) => subnets.some((s) => subnetHolds(s, address)));
      if (gateway === undefined) return [];
      const { view, exits } = gateway;
      const at = view.lost.get(address);
      if (at !== undefined && isLost(view, nve, at)) return [];
      const exit = exits?.find(({ subnet }) => subnetHolds(subnet, address));
      if (exit !== undefined && !exit.gateways.has(nve)) {
        return leads ? [] : hopsToExit(router, exit, weight, nve);
      }
      return isAt(gateway, nve) ? [{ address, weight, vni: view.spec.vni }] : [];
    }),
  );
}

/** Several next hops beyond one exit are one to an NVE that only sends there: its share is theirs together. */
function hops(found: readonly NextHop[]): RouteVia | undefined {
  const merged = new Map<string, NextHop>();
  for (const hop of found) {
    const key = `${hop.vni} ${hop.address}`;
    const weight = Math.min((merged.get(key)?.weight ?? 0) + hop.weight, MAX_WEIGHT);
    merged.set(key, { ...hop, weight });
  }
  if (merged.size === 0) return undefined;
  return { kind: 'next_hops', nextHops: [...merged.values()] };
}

/** What the NVEs of a router have in common because of one endpoint. */
interface Shared {
  readonly vrf: number;
  readonly vni: number;
  readonly prefixes: string;
  readonly items: readonly Item[];
}

/** Where each endpoint of a router's networks is found. What NVEs have in common is made once. */
export class RouterNeighbors {
  readonly #shared = new WeakMap<PlacedEndpoint, Shared>();

  /** What NVE `nve` has of a router because of one endpoint, its own or another's. */
  *of(router: RouterView | undefined, nve: string, endpoint: PlacedEndpoint): Generator<Item> {
    const gateway = router?.gateways.get(endpoint.network);
    if (router === undefined || gateway === undefined) return;
    const { view } = gateway;
    const home = homeOf(endpoint);
    if (!isAt(gateway, nve) || !view.members.has(home) || isLost(view, nve, home)) return;
    if (endpoint.adminState === 'DOWN') return;
    yield* this.#itemsOf(router.spec.vrfId, gateway, endpoint);
  }

  #itemsOf(
    vrf: number,
    { view, subnets, prefixes }: Gateway,
    endpoint: PlacedEndpoint,
  ): readonly Item[] {
    const { vni } = view.spec;
    const known = this.#shared.get(endpoint);
    if (known?.vrf === vrf && known.vni === vni && known.prefixes === prefixes) {
      return known.items;
    }
    const { mac: own, ips, held = [] } = endpoint;
    const items = [...ips.map((ip) => ({ ip, mac: own })), ...held]
      .filter(({ ip }) => subnets.some((subnet) => subnetHolds(subnet, ip)))
      .map(({ ip, mac }) => new CompiledItem({ kind: 'gateway_neighbor', vrf, vni, ip, mac }));
    this.#shared.set(endpoint, { vrf, vni, prefixes, items });
    return items;
  }
}
