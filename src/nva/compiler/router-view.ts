/** A router as its NVEs see it. Pure. */
import type { RouterSpec } from '../../model/router.js';
import type { SubnetSpec } from '../../model/subnet.js';
import type { NetworkView } from './inputs.js';

/** A subnet that leads out, and where. */
export interface ExitView {
  readonly subnet: SubnetSpec;
  /** The router's address at each of its gateways that take part in the network. */
  readonly gateways: ReadonlyMap<string, string>;
}

/** The router's way into one network. */
export interface Gateway {
  readonly view: NetworkView;
  /** Of the network; attached, with a gateway, or exits. */
  readonly subnets: readonly SubnetSpec[];
  /** Theirs, to be compared. */
  readonly prefixes: string;
  /** Only the gateways of these have it; undefined: all NVEs of the network. */
  readonly exits: readonly ExitView[] | undefined;
}

export interface RouterView {
  readonly id: string;
  readonly spec: RouterSpec;
  /** By network. */
  readonly gateways: ReadonlyMap<string, Gateway>;
  /** The way to its exits between its NVEs; undefined: none leads out. */
  readonly transit: Transit | undefined;
}

export interface Transit {
  readonly view: NetworkView;
  /** The router's MAC on each NVE that leads out, in the exits' networks and in the transit. */
  readonly macs: ReadonlyMap<string, string>;
}

/** Without its transit. `subnetOf` and `viewOf`: what there is of those that it names. */
export function routerViewOf(
  id: string,
  spec: RouterSpec,
  subnetOf: (subnet: string) => SubnetSpec | undefined,
  viewOf: (network: string) => NetworkView | undefined,
): RouterView {
  const gateways = new Map<string, Gateway>();
  for (const name of spec.subnets) {
    const subnet = subnetOf(name);
    const view = subnet && viewOf(subnet.network);
    if (subnet === undefined || view === undefined || subnet.gateway === '') continue;
    const all = [...(gateways.get(subnet.network)?.subnets ?? []), subnet];
    gateways.set(subnet.network, { view, subnets: all, prefixes: told(all), exits: undefined });
  }
  for (const exit of spec.exits) {
    const subnet = subnetOf(exit.subnet);
    const view = subnet && viewOf(subnet.network);
    if (subnet === undefined || view === undefined) continue;
    const known = gateways.get(subnet.network);
    // The API lets no network be both.
    if (known !== undefined && known.exits === undefined) continue;
    const members = exit.gateways.filter(({ nve }) => view.members.has(nve));
    const addresses = new Map(members.map(({ nve, address }) => [nve, address]));
    const exits = [...(known?.exits ?? []), { subnet, gateways: addresses }];
    const all = exits.map((each) => each.subnet);
    gateways.set(subnet.network, { view, subnets: all, prefixes: told(all), exits });
  }
  return { id, spec, gateways, transit: undefined };
}

const told = (subnets: readonly SubnetSpec[]): string => subnets.map(({ prefix }) => prefix).join();

/** The NVE has the router in the network. */
export function isAt({ view, exits }: Gateway, nve: string): boolean {
  if (!view.members.has(nve)) return false;
  return exits?.some(({ gateways }) => gateways.has(nve)) ?? true;
}

/** The NVEs that have anything of the router: those of its networks, and of its exits' too. */
export function routerMembers(router: RouterView | undefined): Set<string> {
  const members = new Set<string>();
  for (const { view } of router?.gateways.values() ?? []) {
    for (const nve of view.members.keys()) members.add(nve);
  }
  return members;
}
