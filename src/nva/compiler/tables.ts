/** The model as the compiler has it. What refers to each other may come in any order. */
import { homeOf, placesOf, type PlacedEndpoint } from '../../model/migration.js';
import type { RouterSpec } from '../../model/router.js';
import { gatewayNves, type RouterExit } from '../../model/router-exit.js';
import type { SubnetSpec } from '../../model/subnet.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
import { addTo, removeFrom } from '../sets-by-key.js';
import { viewOf, type Change, type NetworkView, type NveInput } from './inputs.js';
import { routerViewOf, type RouterView } from './router-view.js';
import { withTransit } from './transit.js';

export interface Network {
  spec: VirtualNetworkSpec | undefined;
  readonly endpoints: Map<string, PlacedEndpoint>;
  /** Ids of the endpoints on each NVE, those that migrate on two; no empty sets. */
  readonly byNve: Map<string, Set<string>>;
  /** Ids. */
  readonly subnets: Set<string>;
}

export class Tables {
  readonly #networks = new Map<string, Network>();
  readonly #nves = new Map<string, NveInput>();
  readonly #subnets = new Map<string, SubnetSpec>();
  readonly #routers = new Map<string, RouterSpec>();
  /** The routers of each subnet that any names. */
  readonly #subnetRouters = new Map<string, Set<string>>();
  /** The routers that each subnet is an exit of. */
  readonly #exitRouters = new Map<string, Set<string>>();
  /** The routers that each NVE is a gateway of. */
  readonly #gatewayRouters = new Map<string, Set<string>>();
  readonly #endpointNetwork = new Map<string, string>();
  /** The networks that an NVE has endpoints in. */
  readonly #nveNetworks = new Map<string, Set<string>>();

  put(change: Change): void {
    switch (change.kind) {
      case 'VirtualNetwork':
        this.#network(change.id).spec = change.after;
        this.#tidy(change.id);
        break;
      case 'Nve':
        if (change.after === undefined) this.#nves.delete(change.id);
        else this.#nves.set(change.id, change.after);
        break;
      case 'Endpoint':
        this.#putEndpoint(change.id, change.after);
        break;
      case 'Subnet':
        this.#putSubnet(change.id, change.after);
        break;
      case 'Router':
        this.#putRouter(change.id, change.after);
        break;
    }
  }

  nve(id: string): NveInput | undefined {
    return this.#nves.get(id);
  }

  nves(): Iterable<string> {
    return this.#nves.keys();
  }

  network(id: string): Network | undefined {
    return this.#networks.get(id);
  }

  networkOf(endpoint: string): string | undefined {
    return this.#endpointNetwork.get(endpoint);
  }

  endpoint(id: string): PlacedEndpoint | undefined {
    return this.#networks.get(this.#endpointNetwork.get(id) ?? '')?.endpoints.get(id);
  }

  subnet(id: string): SubnetSpec | undefined {
    return this.#subnets.get(id);
  }

  router(id: string): RouterSpec | undefined {
    return this.#routers.get(id);
  }

  /** The routers that name a subnet, which need not exist: one, but for moments of a change. */
  *routersNaming(subnet: string): Generator<string> {
    yield* this.#subnetRouters.get(subnet) ?? [];
    yield* this.#exitRouters.get(subnet) ?? [];
  }

  /** The routers that have a subnet of the network on all their NVEs. */
  routersAt(network: string): Set<string> {
    return this.#routersIn(network, this.#subnetRouters);
  }

  /** Those, and the ones that the network is an exit of. */
  routersTo(network: string): Set<string> {
    const routers = this.routersAt(network);
    for (const router of this.#routersIn(network, this.#exitRouters)) routers.add(router);
    return routers;
  }

  #routersIn(network: string, bySubnet: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
    const routers = new Set<string>();
    if (bySubnet.size === 0) return routers;
    for (const subnet of this.#networks.get(network)?.subnets ?? []) {
      for (const router of bySubnet.get(subnet) ?? []) routers.add(router);
    }
    return routers;
  }

  /** The networks of a router's subnets. */
  networksOf(router: string): Set<string> {
    return this.#networksOfSubnets(this.#routers.get(router)?.subnets ?? []);
  }

  /** Those, and the networks of its exits. */
  networksTo(router: string): Set<string> {
    const { subnets = [], exits = [] } = this.#routers.get(router) ?? {};
    return this.#networksOfSubnets([...subnets, ...exits.map(({ subnet }) => subnet)]);
  }

  #networksOfSubnets(subnets: readonly string[]): Set<string> {
    const networks = new Set<string>();
    for (const id of subnets) {
      const subnet = this.#subnets.get(id);
      if (subnet !== undefined) networks.add(subnet.network);
    }
    return networks;
  }

  /**
   * A network and those that its router has beside it: an NVE with endpoints in one of them takes part
   * in all, for it routes to them by itself.
   */
  group(network: string): ReadonlySet<string> {
    const group = new Set([network]);
    const routers = new Set<string>();
    // What is added meanwhile is visited too.
    for (const each of group) {
      for (const router of this.routersAt(each)) {
        if (routers.has(router)) continue;
        routers.add(router);
        for (const other of this.networksOf(router)) group.add(other);
      }
    }
    return group;
  }

  /** All networks that routers lead to from one, out of their exits too. */
  reach(network: string): ReadonlySet<string> {
    if (this.#exitRouters.size === 0) return this.group(network);
    const reach = new Set([network]);
    const routers = new Set<string>();
    // What is added meanwhile is visited too.
    for (const each of reach) {
      for (const router of this.routersTo(each)) {
        if (routers.has(router)) continue;
        routers.add(router);
        for (const other of this.networksTo(router)) reach.add(other);
      }
    }
    return reach;
  }

  /** The networks that an NVE takes part in. */
  joined(nve: string): Set<string> {
    const joined = new Set<string>();
    for (const own of [...(this.#nveNetworks.get(nve) ?? []), ...this.#networksByExits(nve)]) {
      if (joined.has(own)) continue;
      for (const network of this.group(own)) joined.add(network);
    }
    return joined;
  }

  /** A gateway takes part in all of its routers' networks, and in those that it leads out to. */
  *#networksByExits(nve: string): Generator<string> {
    for (const router of this.#gatewayRouters.get(nve) ?? []) {
      yield* this.networksOf(router);
      const own = this.exitsOf(router).filter((exit) => isGateway(exit, nve));
      yield* this.#networksOfSubnets(own.map(({ subnet }) => subnet));
    }
  }

  /** The endpoints with a place at an NVE. */
  *portsAt(nve: string): Generator<string> {
    for (const id of this.#nveNetworks.get(nve) ?? []) {
      yield* this.#networks.get(id)?.byNve.get(nve) ?? [];
    }
  }

  exitsOf(router: string): readonly RouterExit[] {
    return this.#routers.get(router)?.exits ?? [];
  }

  /** The NVEs that take part in a network as routers' gateways. */
  #gatewaysIn(network: string): Set<string> {
    const nves = new Set<string>();
    if (this.#exitRouters.size === 0) return nves;
    for (const router of this.routersAt(network)) {
      for (const nve of gatewayNves(this.exitsOf(router))) nves.add(nve);
    }
    const subnets = this.#networks.get(network)?.subnets;
    for (const router of this.#routersIn(network, this.#exitRouters)) {
      const own = this.exitsOf(router).filter(({ subnet }) => subnets?.has(subnet));
      for (const nve of gatewayNves(own)) nves.add(nve);
    }
    return nves;
  }

  /** NVEs that take part in any of the networks. */
  membersOf(networks: Iterable<string>): Set<string> {
    const members = new Set<string>();
    for (const network of networks) {
      for (const each of this.group(network)) {
        for (const nve of this.#networks.get(each)?.byNve.keys() ?? []) members.add(nve);
        for (const nve of this.#gatewaysIn(each)) members.add(nve);
      }
    }
    return members;
  }

  /** How often an NVE takes part in a network's group: by each endpoint there, and as a gateway. */
  sharesIn(network: string, nve: string): number {
    let count = 0;
    for (const each of this.group(network)) {
      count += this.#networks.get(each)?.byNve.get(nve)?.size ?? 0;
      if (this.#gatewaysIn(each).has(nve)) count++;
    }
    return count;
  }

  view(id: string): NetworkView | undefined {
    const network = this.#networks.get(id);
    if (network?.spec === undefined) return undefined;
    const nves = this.routersTo(id).size === 0 ? network.byNve.keys() : this.membersOf([id]);
    const subnets = [...network.subnets].flatMap((each) => this.#subnets.get(each) ?? []);
    const members = this.#inputsOf(nves);
    return viewOf(id, network.spec, subnets, members, (nve) => addressesAt(network, nve));
  }

  *#inputsOf(nves: Iterable<string>): Generator<[nve: string, input: NveInput]> {
    for (const nve of nves) {
      const input = this.#nves.get(nve);
      if (input !== undefined) yield [nve, input];
    }
  }

  /**
   * @param views of the router's networks
   * @param isWhole they are all that there are
   */
  routerView(
    id: string,
    views: (network: string) => NetworkView | undefined,
    isWhole: boolean,
  ): RouterView | undefined {
    const spec = this.#routers.get(id);
    if (spec === undefined) return undefined;
    const view = routerViewOf(id, spec, (subnet) => this.#subnets.get(subnet), views);
    if (!isWhole) return view;
    return withTransit(view, (nves) => this.#inputsOf(nves));
  }

  #network(id: string): Network {
    let network = this.#networks.get(id);
    if (network === undefined) {
      network = { spec: undefined, endpoints: new Map(), byNve: new Map(), subnets: new Set() };
      this.#networks.set(id, network);
    }
    return network;
  }

  #tidy(id: string): void {
    const network = this.#networks.get(id);
    if (network === undefined || network.spec !== undefined) return;
    if (network.endpoints.size === 0 && network.subnets.size === 0) this.#networks.delete(id);
  }

  #putSubnet(id: string, after: SubnetSpec | undefined): void {
    const before = this.#subnets.get(id);
    if (before !== undefined) {
      this.#subnets.delete(id);
      this.#network(before.network).subnets.delete(id);
      this.#tidy(before.network);
    }
    if (after === undefined) return;
    this.#subnets.set(id, after);
    this.#network(after.network).subnets.add(id);
  }

  #putRouter(id: string, after: RouterSpec | undefined): void {
    const before = this.#routers.get(id);
    for (const subnet of before?.subnets ?? []) removeFrom(this.#subnetRouters, subnet, id);
    for (const { subnet } of before?.exits ?? []) removeFrom(this.#exitRouters, subnet, id);
    for (const nve of gatewayNves(before?.exits ?? [])) removeFrom(this.#gatewayRouters, nve, id);
    if (after === undefined) {
      this.#routers.delete(id);
      return;
    }
    this.#routers.set(id, after);
    for (const subnet of after.subnets) addTo(this.#subnetRouters, subnet, id);
    for (const { subnet } of after.exits) addTo(this.#exitRouters, subnet, id);
    for (const nve of gatewayNves(after.exits)) addTo(this.#gatewayRouters, nve, id);
  }

  #putEndpoint(id: string, after: PlacedEndpoint | undefined): void {
    const old = this.#endpointNetwork.get(id);
    const before = old === undefined ? undefined : this.#networks.get(old)?.endpoints.get(id);
    if (old !== undefined && before !== undefined) this.#detach(old, id, before);
    if (after !== undefined) this.#attach(id, after);
  }

  #detach(name: string, id: string, endpoint: PlacedEndpoint): void {
    const network = this.#network(name);
    network.endpoints.delete(id);
    this.#endpointNetwork.delete(id);
    for (const { nve } of placesOf(endpoint)) {
      const local = network.byNve.get(nve);
      local?.delete(id);
      if (local?.size !== 0) continue;
      network.byNve.delete(nve);
      const networks = this.#nveNetworks.get(nve);
      networks?.delete(name);
      if (networks?.size === 0) this.#nveNetworks.delete(nve);
    }
    this.#tidy(name);
  }

  #attach(id: string, endpoint: PlacedEndpoint): void {
    const network = this.#network(endpoint.network);
    network.endpoints.set(id, endpoint);
    this.#endpointNetwork.set(id, endpoint.network);
    for (const { nve } of placesOf(endpoint)) {
      addTo(network.byNve, nve, id);
      addTo(this.#nveNetworks, nve, endpoint.network);
    }
  }
}

/** Of the endpoints that others look for at an NVE. */
function* addressesAt({ endpoints, byNve }: Network, nve: string): Generator<string> {
  for (const id of byNve.get(nve) ?? []) {
    const endpoint = endpoints.get(id);
    if (endpoint === undefined || homeOf(endpoint) !== nve) continue;
    yield* endpoint.ips;
    for (const { ip } of endpoint.held ?? []) yield ip;
  }
}

function isGateway({ gateways }: RouterExit, nve: string): boolean {
  return gateways.some((gateway) => gateway.nve === nve);
}
