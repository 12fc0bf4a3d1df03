/** A fabric with a router on each of its hosts, as an NVA would have set it up. */
import type { Payload } from '../../src/model/item.js';
import type { RouteItem } from '../../src/model/routing-items.js';
import { macOfGuest, type Fabric, type Network } from './linux-fabric.js';
import { gateway, gatewayNeighbor, vrf } from './routing-items.js';

/** A network of a router. */
export interface Subnet extends Network {
  readonly vrf: number;
  /** Of the gateway, `address/length`; guests have their routes by the first of each family. */
  readonly gateways: readonly string[];
  /** Of the gateway, in bytes; absent: the fabric's. */
  readonly gatewayMtu?: number;
}

/** All that a host is sent for these: each host has each gateway. */
export function routedItems(
  fabric: Fabric,
  host: number,
  subnets: readonly Subnet[],
  routes: readonly RouteItem[] = [],
): Payload[] {
  const here = subnets.filter(({ guests }) => [...guests.values()].includes(host));
  return [
    ...fabric.itemsFor(host, subnets),
    ...[...new Set(subnets.map((subnet) => subnet.vrf))].map(vrf),
    ...here.flatMap((subnet) => gatewayItems(fabric, subnet)),
    ...routes,
  ];
}

function gatewayItems(fabric: Fabric, subnet: Subnet): Payload[] {
  const { vni, gateways, guests, ips } = subnet;
  return [
    gateway(subnet.vrf, vni, gateways, { mtu: subnet.gatewayMtu ?? fabric.mtu }),
    ...[...guests.keys()].flatMap((guest) =>
      ips(guest).map((ip) => gatewayNeighbor(subnet.vrf, vni, ip, macOfGuest(guest))),
    ),
  ];
}

/** Converges each host; a second pass finds nothing to do. */
export async function convergeRouted(
  fabric: Fabric,
  subnets: readonly Subnet[],
  routes: readonly RouteItem[] = [],
): Promise<void> {
  for (const [i, host] of fabric.hosts.entries()) {
    await host.reconcile(routedItems(fabric, i, subnets, routes));
  }
}

/** Gives guests their default routes, as DHCP or router advertisements would. */
export async function routeGuests(fabric: Fabric, subnets: readonly Subnet[]): Promise<void> {
  for (const { guests, gateways } of subnets) {
    for (const guest of guests.keys()) {
      for (const family of [':', '.']) {
        const via = gateways.find((each) => each.includes(family))?.split('/')[0];
        if (via === undefined) continue;
        const route = ['route', 'replace', 'default', 'via', via, 'dev', 'eth0'];
        await fabric.guest(guest).ip(...(family === ':' ? ['-6'] : []), ...route);
      }
    }
  }
}

/** The name of a router's namespace on a host. */
export async function routerOn(fabric: Fabric, host: number, id: number): Promise<string> {
  const inode = await fabric.host(host).ns.run('readlink', '/proc/self/ns/net');
  return `nfvr${id}-${/\d+/.exec(inode)?.[0] ?? ''}`;
}
