/** The API's resources as `eye.ts` looks at them. */
import type { Resource } from '../../../src/model/api.js';
import type { Endpoint } from '../../../src/model/endpoint.js';
import type { Router } from '../../../src/model/router.js';
import type { Subnet } from '../../../src/model/subnet.js';
import type { VirtualNetwork } from '../../../src/model/virtual-network.js';

/** The underlay's MTU without VXLAN over IPv4. */
export const MTU = 1450;
/** That of uplinks. */
export const PHYSICAL_MTU = 1500;

export interface Resources {
  readonly networks: readonly VirtualNetwork[];
  readonly subnets: readonly Subnet[];
  readonly routers: readonly Router[];
  readonly endpoints: readonly Endpoint[];
  /** VTEP addresses by NVE. */
  readonly vteps: ReadonlyMap<string, string>;
}

export function sorted(all: readonly Resource[]): Resources {
  return {
    networks: all.flatMap((each) => (each.kind === 'VirtualNetwork' ? [each] : [])),
    subnets: all.flatMap((each) => (each.kind === 'Subnet' ? [each] : [])),
    routers: all.flatMap((each) => (each.kind === 'Router' ? [each] : [])),
    endpoints: all.flatMap((each) => (each.kind === 'Endpoint' ? [each] : [])),
    vteps: new Map(
      all.flatMap((each) =>
        each.kind === 'Nve' ? [[each.id, each.spec.vtepAddresses[0] ?? ''] as const] : [],
      ),
    ),
  };
}

/** An endpoint's own addresses, and the virtual ones that it has. */
export function known({ spec, status }: Pick<Endpoint, 'spec' | 'status'>): {
  readonly ip: string;
  readonly mac: string;
}[] {
  return [...spec.ips.map((ip) => ({ ip, mac: spec.mac })), ...status.held];
}

/** Networks that a router joins are on each NVE that has one of them. */
function joined(network: VirtualNetwork, { routers, subnets }: Resources): Set<string> {
  const found = new Set([network.id]);
  for (const { spec } of routers) {
    const of = subnets.filter(({ id }) => spec.subnets.includes(id)).map((s) => s.spec.network);
    if (of.includes(network.id)) for (const each of of) found.add(each);
  }
  return found;
}

/** With endpoints in one of them, or as a gateway of their router; in an exit's own, its gateways. */
export function membersOf(network: VirtualNetwork, resources: Resources): Set<string> {
  const { endpoints, routers, subnets } = resources;
  const group = joined(network, resources);
  const members = new Set(
    endpoints.filter(({ spec }) => group.has(spec.network)).map(({ spec }) => spec.nve),
  );
  const own = new Set(
    subnets.filter(({ spec }) => spec.network === network.id).map(({ id }) => id),
  );
  for (const { spec } of routers) {
    const isJoined = spec.subnets.some((id) => own.has(id));
    for (const { subnet, gateways } of spec.exits) {
      if (isJoined || own.has(subnet)) for (const { nve } of gateways) members.add(nve);
    }
  }
  return members;
}
