/** What a host is to have of a router, by the same rules as `eye.ts`. */
import { createHash } from 'node:crypto';
import type { Router } from '../../../src/model/router.js';
import type { Subnet } from '../../../src/model/subnet.js';
import type { VirtualNetwork } from '../../../src/model/virtual-network.js';
import { known, membersOf, MTU, PHYSICAL_MTU, type Resources } from './eye-resources.js';
import { routeLine } from './kernel-lines.js';

/** Of a router on a gateway of its exits. */
function macOn(router: string, nve: string): string {
  const hash = createHash('sha256').update(`exit ${router}/${nve}`).digest('hex');
  return ['02', ...(hash.slice(0, 10).match(/../g) ?? [])].join(':');
}

/** The router in a network, on one NVE. */
interface Gateway {
  readonly subnet: Subnet;
  readonly network: VirtualNetwork;
  readonly mac: string;
  readonly address: string;
  readonly mtu: number;
}

export function routerLines(nve: string, router: Router, resources: Resources): string[] {
  const gateways = [...inside(nve, router, resources), ...outside(nve, router, resources)];
  if (gateways.length === 0) return [];
  return [
    ...gateways.flatMap((gateway) => gatewayLines(router.spec.vrfId, gateway, resources)),
    ...transitLines(nve, router, resources),
    ...routeLines(nve, router, resources),
  ];
}

function inside(nve: string, { spec }: Router, resources: Resources): Gateway[] {
  return inNetworks(spec.subnets, resources).flatMap(({ subnet, network }) => {
    if (!membersOf(network, resources).has(nve)) return [];
    const { gateway: address } = subnet.spec;
    return [{ subnet, network, mac: spec.gatewayMac, address, mtu: MTU }];
  });
}

/** Where this NVE is a gateway. */
function outside(nve: string, { id, spec }: Router, resources: Resources): Gateway[] {
  return spec.exits.flatMap(({ subnet: name, gateways }) => {
    const own = gateways.find((each) => each.nve === nve);
    if (own === undefined) return [];
    return inNetworks([name], resources).map(({ subnet, network }) => {
      const { address } = own;
      return { subnet, network, mac: macOn(id, nve), address, mtu: PHYSICAL_MTU };
    });
  });
}

function inNetworks(
  ids: readonly string[],
  { subnets, networks }: Resources,
): { readonly subnet: Subnet; readonly network: VirtualNetwork }[] {
  return ids.flatMap((name) => {
    const subnet = subnets.find(({ id }) => id === name);
    const network = networks.find(({ id }) => id === subnet?.spec.network);
    return subnet === undefined || network === undefined ? [] : [{ subnet, network }];
  });
}

function gatewayLines(vrf: number, gateway: Gateway, { endpoints }: Resources): string[] {
  const { subnet, network, mac, address, mtu } = gateway;
  const { vni } = network.spec;
  const [, length = ''] = subnet.spec.prefix.split('/');
  const name = `vrf ${vrf} gw${vni}`;
  const there = endpoints.filter(
    ({ spec }) => spec.network === network.id && spec.adminState === 'UP',
  );
  return [
    `${name} ${mac} ${address}/${length} mtu ${mtu}`,
    `link nfvg${vni} port in nfvb${vni} mtu ${mtu} up`,
    ...there.flatMap((each) => known(each).map(({ ip, mac: its }) => `${name} neigh ${ip} ${its}`)),
  ];
}

const leadingOut = ({ spec }: Router): Set<string> =>
  new Set(spec.exits.flatMap(({ gateways }) => gateways.map(({ nve }) => nve)));

/** The network between the router's NVEs, in which they know those that lead out. */
function transitLines(nve: string, router: Router, { vteps }: Resources): string[] {
  const leading = leadingOut(router);
  if (leading.size === 0) return [];
  const { id, spec } = router;
  const { transitVni: vni, vrfId, gatewayMac } = spec;
  const mac = leading.has(nve) ? macOn(id, nve) : gatewayMac;
  const peers = [...leading].filter((peer) => peer !== nve);
  const name = `vrf ${vrfId} gw${vni}`;
  return [
    `link nfvb${vni} bridge mtu ${MTU} up`,
    `link nfvx${vni} vxlan ${vni} from ${vteps.get(nve) ?? ''} in nfvb${vni} mtu ${MTU} up`,
    `link nfvg${vni} port in nfvb${vni} mtu ${MTU} up`,
    `${name} ${mac} 192.0.0.8/32 mtu ${MTU}`,
    ...peers.flatMap((peer) => [
      `fdb nfvx${vni} ${macOn(id, peer)} in nfvb${vni}`,
      `fdb nfvx${vni} ${macOn(id, peer)} to ${vteps.get(peer) ?? ''}`,
      ...addressesOf(router, peer).map((ip) => `${name} neigh ${ip} ${macOn(id, peer)}`),
    ]),
  ];
}

const addressesOf = ({ spec }: Router, nve: string): string[] =>
  spec.exits.flatMap(({ gateways }) =>
    gateways.filter((each) => each.nve === nve).map(({ address }) => address),
  );

/** A gateway sends to the next hop itself, all others to the gateways. */
function routeLines(nve: string, router: Router, resources: Resources): string[] {
  const { vrfId, transitVni, routes, exits } = router.spec;
  return routes.map(({ prefix, drop, nextHops }) => {
    if (drop) return routeLine(vrfId, 'blackhole', prefix, []);
    const hops = nextHops.flatMap(({ address }) => {
      const exit = exits.find(({ subnet }) =>
        inNetworks([subnet], resources).some((each) => isIn(address, each.subnet)),
      );
      const own = outside(nve, router, resources).find(({ subnet }) => subnet.id === exit?.subnet);
      if (own !== undefined) return [{ gateway: address, dev: `gw${own.network.spec.vni}` }];
      const gateways = exit?.gateways ?? [];
      return gateways.map((each) => ({ gateway: each.address, dev: `gw${transitVni}` }));
    });
    return routeLine(vrfId, 'unicast', prefix, hops);
  });
}

/** Prefixes of campaigns have 24 bits. */
const isIn = (address: string, { spec }: Subnet): boolean =>
  spec.prefix === address.replace(/\d+$/, '0/24');
