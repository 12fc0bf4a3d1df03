import { subnetHolds } from '../../model/subnet.js';
import type { Tables } from './tables.js';

/** The router that two networks have. */
export interface RouteBetween {
  /** Its id, and that of its tables. */
  readonly router: string;
  readonly vrf: number;
  /** An address of a network is in one of the router's subnets. */
  readonly subnetsHold: (network: string, ip: string) => boolean;
}

export function routeBetween(tables: Tables, a: string, b: string): RouteBetween | undefined {
  for (const router of [...tables.routersAt(a)].sort()) {
    const spec = tables.router(router);
    if (spec === undefined || !tables.networksOf(router).has(b)) continue;
    const subnets = spec.subnets.flatMap((id) => tables.subnet(id) ?? []);
    return {
      router,
      vrf: spec.vrfId,
      subnetsHold: (network, ip) =>
        subnets.some((subnet) => subnet.network === network && subnetHolds(subnet, ip)),
    };
  }
  return undefined;
}
