/** What is to be read of routers, and what was read. Only what was asked for is there. */
import type { Neighbor } from '../entries.js';
import type { HostAddress, Link } from '../links.js';
import type { FoundRoute } from './router-routes.js';

/** What is wanted of one router. */
export class RouterWants {
  /** VNIs of gateway interfaces. */
  readonly gateways = new Set<number>();
  /** Addresses of neighbours, with the VNI. */
  readonly neighbors = new Map<string, { readonly vni: number; readonly ip: string }>();
  readonly prefixes = new Set<string>();
  /** Whether it forwards, and its number among the namespaces. */
  settings = false;
  allLinks = false;

  neighbor(vni: number, ip: string): void {
    this.neighbors.set(`${vni} ${ip}`, { vni, ip });
  }
}

/** What stands where a router's namespace is to be. */
export type RouterState =
  | 'ours'
  /** Its creation was broken off. */
  | 'half'
  | 'foreign'
  | 'nothing';

/** One router as it was read. */
export class RouterView {
  /** By name. */
  readonly links = new Map<string, Link>();
  addresses: readonly HostAddress[] = [];
  readonly #neighbors = new Map<string, Neighbor>();
  /** By prefix, in the table `main`. */
  readonly routes = new Map<string, FoundRoute[]>();
  /** What is wrong with its settings. */
  settings: readonly string[] = [];
  /** By which the kernel tells of it in our namespace; undefined: it does not, or was not read. */
  nsid: number | undefined;

  constructor(readonly state: RouterState) {}

  addNeighbor(neighbor: Neighbor): void {
    this.#neighbors.set(`${neighbor.device} ${neighbor.ip}`, neighbor);
  }

  neighbor(device: string, ip: string): Neighbor | undefined {
    return this.#neighbors.get(`${device} ${ip}`);
  }

  get neighbors(): Iterable<Neighbor> {
    return this.#neighbors.values();
  }

  addRoute(route: FoundRoute): void {
    const others = this.routes.get(route.prefix) ?? [];
    this.routes.set(route.prefix, [...others, route]);
  }

  /** `address/length` of an interface. */
  addressesOf(device: string): string[] {
    return this.addresses
      .filter(({ link }) => link.name === device)
      .map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  }
}
