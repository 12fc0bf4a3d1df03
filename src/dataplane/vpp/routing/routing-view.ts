/** What was read of a VPP's routing, and what of it is to be read. Only what was asked for is there. */
import { vrfKey } from '../../../model/routing-items.js';
import type { DetailsOf } from '../../../vpp-api/product-types.js';
import { tagOf } from '../tag.js';

export class RoutingWants {
  /** Tags of gateway interfaces whose tables and addresses are wanted. */
  readonly gateways = new Set<string>();
  /** Tags of gateway interfaces whose static neighbours are wanted. */
  readonly neighbors = new Set<string>();
  /** Prefixes that are wanted, by VRF. */
  readonly routes = new Map<number, Set<string>>();
  tables: boolean;

  constructor(everything: boolean) {
    this.tables = everything;
  }

  route(vrf: number, prefix: string): void {
    const prefixes = this.routes.get(vrf) ?? new Set<string>();
    this.routes.set(vrf, prefixes.add(prefix));
  }
}

/** An interface in the tables of a router. */
export interface Binding {
  /** The ids of its tables for IPv4 and IPv6. */
  readonly tables: readonly [number, number];
  /** `address/length`. */
  readonly addresses: readonly string[];
}

/** Where VPP has a route from, as `fib_source_details` tells: `interface`, `API`, `CLI`. */
export interface Source {
  readonly name: string;
  /** The lesser one wins. */
  readonly priority: number;
}

export interface FoundRoute {
  readonly source: Source;
  readonly paths: DetailsOf<'ip_route_v2_dump'>['route']['paths'];
}

export const FAMILIES = ['IPv4', 'IPv6'] as const;
export type Family = (typeof FAMILIES)[number];

/** Names of the tables of an id; a family that it has no table of is not there. */
export type TableNames = ReadonlyMap<Family, string>;

export class RoutingView {
  /** By table id. */
  readonly tables = new Map<number, Map<Family, string>>();
  /** By interface. */
  readonly bindings = new Map<number, Binding>();
  readonly #neighbors = new Map<number, Map<string, string>>();
  readonly #routes = new Map<number, Map<string, FoundRoute>>();

  addTable(id: number, family: Family, name: string): void {
    const names = this.tables.get(id) ?? new Map<Family, string>();
    this.tables.set(id, names.set(family, name));
  }

  addNeighbor(index: number, ip: string, mac: string): void {
    const neighbors = this.#neighbors.get(index) ?? new Map<string, string>();
    this.#neighbors.set(index, neighbors.set(ip, mac));
  }

  addRoute(vrf: number, prefix: string, route: FoundRoute): void {
    const routes = this.#routes.get(vrf) ?? new Map<string, FoundRoute>();
    this.#routes.set(vrf, routes.set(prefix, route));
  }

  /** Static ones of an interface. */
  neighbors(index: number): ReadonlyMap<string, string> {
    return this.#neighbors.get(index) ?? new Map<string, string>();
  }

  routes(vrf: number): ReadonlyMap<string, FoundRoute> {
    return this.#routes.get(vrf) ?? new Map<string, FoundRoute>();
  }

  /** The table of a router, for a family, is ours. */
  isOurs(vrf: number, family: Family): boolean {
    return this.tables.get(vrf)?.get(family) === tagOf(vrfKey(vrf));
  }
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
