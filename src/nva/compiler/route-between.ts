import { subnetHolds, type SubnetSpec } from '../../model/subnet.js';
import type { Tables } from './tables.js';

/** An NVE by which a router leads out. */
export interface LeadingNve {
  readonly nve: string;
  /** The router's in the network beyond, on this NVE. */
  readonly addresses: readonly string[];
  /** It was found dead. */
  readonly withdrawn: boolean;
}

/** The router that two networks have. */
export interface RouteBetween {
  /** Its id, and that of its tables. */
  readonly router: string;
  readonly vrf: number;
  /** An address of a network is in one of the router's subnets. */
  readonly subnetsHold: (network: string, ip: string) => boolean;
  /** Undefined: it is on all NVEs of both. */
  readonly exit: ExitBetween | undefined;
}

/** One of the two networks leads out. */
export interface ExitBetween {
  readonly network: string;
  readonly transitVni: number;
  readonly prefixes: readonly string[];
  readonly gateways: readonly LeadingNve[];
}

export function routeBetween(tables: Tables, a: string, b: string): RouteBetween | undefined {
  for (const router of [...tables.routersTo(a)].sort()) {
    const spec = tables.router(router);
    if (spec === undefined || !tables.networksTo(router).has(b)) continue;
    const outside = [a, b].filter((network) => !tables.networksOf(router).has(network));
    // From one exit to another is the business of those beyond.
    if (outside.length > 1) continue;
    const names = [...spec.subnets, ...spec.exits.map(({ subnet }) => subnet)];
    const subnets = names.flatMap((id) => tables.subnet(id) ?? []);
    const [network] = outside;
    return {
      router,
      vrf: spec.vrfId,
      subnetsHold: (of, ip) => subnets.some((s) => s.network === of && subnetHolds(s, ip)),
      exit: network === undefined ? undefined : exitTo(tables, router, network, spec.transitVni),
    };
  }
  return undefined;
}

function exitTo(tables: Tables, router: string, network: string, transitVni: number): ExitBetween {
  const addresses = new Map<string, string[]>();
  const subnets: SubnetSpec[] = [];
  for (const { subnet, gateways } of tables.exitsOf(router)) {
    const spec = tables.subnet(subnet);
    if (spec?.network !== network) continue;
    subnets.push(spec);
    for (const { nve, address } of gateways) {
      addresses.set(nve, [...(addresses.get(nve) ?? []), address]);
    }
  }
  const gateways = [...addresses].map(([nve, own]) => {
    return { nve, addresses: own, withdrawn: tables.nve(nve)?.withdrawn === true };
  });
  return { network, transitVni, prefixes: subnets.map(({ prefix }) => prefix), gateways };
}
