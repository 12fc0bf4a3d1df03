/** A router as its NVEs see it, and their items for it. Pure. */
import { homeOf, type PlacedEndpoint } from '../../model/migration.js';
import type { Item } from '../../model/item.js';
import type { RouterSpec, StaticRoute } from '../../model/router.js';
import type { NextHop, RouteVia } from '../../model/routing-items.js';
import { subnetHolds, type SubnetSpec } from '../../model/subnet.js';
import { isLost, type NetworkView } from './inputs.js';
import { CompiledItem } from './items.js';

/** The router's way into one network. */
interface Gateway {
  readonly view: NetworkView;
  /** Of the network; attached, with a gateway. */
  readonly subnets: readonly SubnetSpec[];
  /** Theirs, to be compared. */
  readonly prefixes: string;
}

export interface RouterView {
  readonly id: string;
  readonly spec: RouterSpec;
  /** By network. */
  readonly gateways: ReadonlyMap<string, Gateway>;
}

/** @param subnets those that the router has, and that exist */
export function routerViewOf(
  id: string,
  spec: RouterSpec,
  subnets: readonly SubnetSpec[],
  viewOf: (network: string) => NetworkView | undefined,
): RouterView {
  const gateways = new Map<string, Gateway>();
  for (const subnet of subnets) {
    const { network } = subnet;
    const view = viewOf(network);
    if (view === undefined || subnet.gateway === '') continue;
    const before = gateways.get(network)?.subnets ?? [];
    const all = [...before, subnet];
    gateways.set(network, { view, subnets: all, prefixes: all.map((s) => s.prefix).join() });
  }
  return { id, spec, gateways };
}

/** The NVEs that have the router: those of its networks. */
export function routerMembers(router: RouterView | undefined): Set<string> {
  const members = new Set<string>();
  for (const { view } of router?.gateways.values() ?? []) {
    for (const nve of view.members.keys()) members.add(nve);
  }
  return members;
}

/** What NVE `nve` has of a router whatever the endpoints. */
export function* routerItems(router: RouterView | undefined, nve: string): Generator<Item> {
  if (router === undefined) return;
  const { vrfId } = router.spec;
  const own = [...router.gateways.values()].filter(({ view }) => view.members.has(nve));
  if (own.length === 0) return;
  yield new CompiledItem({ kind: 'vrf', id: vrfId, name: router.id });
  yield* gatewayItems(router, nve);
  for (const route of router.spec.routes) {
    const via = viaOf(route, own, nve);
    if (via === undefined) continue;
    yield new CompiledItem({ kind: 'route', vrf: vrfId, prefix: route.prefix, via });
  }
}

/** Its gateways in the networks that the NVE takes part in. */
export function* gatewayItems(router: RouterView | undefined, nve: string): Generator<Item> {
  if (router === undefined) return;
  const { vrfId, gatewayMac } = router.spec;
  for (const { view, subnets } of router.gateways.values()) {
    if (!view.members.has(nve)) continue;
    yield new CompiledItem({
      kind: 'gateway_interface',
      vrf: vrfId,
      vni: view.spec.vni,
      mac: gatewayMac,
      addresses: subnets.map(
        ({ gateway, prefix }) => `${gateway}${prefix.slice(prefix.indexOf('/'))}`,
      ),
      mtu: view.mtu,
    });
  }
}

/** Undefined: the NVE has no way to any of the next hops, or they were on NVEs that are dead. */
function viaOf(
  { nextHops, drop }: StaticRoute,
  own: readonly Gateway[],
  nve: string,
): RouteVia | undefined {
  if (drop) return { kind: 'drop' };
  const reached = nextHops.flatMap(({ address, weight }): NextHop[] => {
    const gateway = own.find(({ subnets }) => subnets.some((s) => subnetHolds(s, address)));
    if (gateway === undefined) return [];
    const { view } = gateway;
    const at = view.lost.get(address);
    if (at !== undefined && isLost(view, nve, at)) return [];
    return [{ address, weight, vni: view.spec.vni }];
  });
  return reached.length === 0 ? undefined : { kind: 'next_hops', nextHops: reached };
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
    if (!view.members.has(nve) || !view.members.has(home) || isLost(view, nve, home)) return;
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
