/**
 * From the model to each NVE's items, incrementally: a change costs what it touches. The result
 * is always that of compiling everything (test/unit/nva/compiler holds the two against each other).
 */
import type { EndpointSpec } from '../../model/endpoint.js';
import type { Item } from '../../model/item.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
import { viewOf, type Change, type NetworkView, type NveInput } from './inputs.js';
import { domainItems, EndpointItems, peerItems, vtepItems } from './items.js';

/** What changes in one NVE's configuration. */
export interface ItemDelta {
  readonly upserts: ReadonlyMap<string, Item>;
  readonly removes: ReadonlySet<string>;
}

/** How much work was done, for tests and metrics. */
export interface CompileCounters {
  /** All items of one NVE, at the start of a session. */
  full: number;
  /** All items of one network for an NVE that entered or left it. */
  member: number;
  /** Items of one endpoint for one NVE. */
  endpoint: number;
}

interface Network {
  spec: VirtualNetworkSpec | undefined;
  readonly endpoints: Map<string, EndpointSpec>;
  /** Ids of the endpoints on each NVE; no empty sets. */
  readonly byNve: Map<string, Set<string>>;
}

interface ChangedEndpoint {
  readonly id: string;
  readonly before: EndpointSpec | undefined;
  readonly after: EndpointSpec | undefined;
}

export class CompileIndex {
  readonly counters: CompileCounters = { full: 0, member: 0, endpoint: 0 };
  readonly #items = new EndpointItems();
  readonly #networks = new Map<string, Network>();
  readonly #nves = new Map<string, NveInput>();
  readonly #endpointNetwork = new Map<string, string>();
  readonly #nveNetworks = new Map<string, Set<string>>();

  /** Takes a change in, for nobody who would have to be told. */
  load(change: Change): void {
    switch (change.kind) {
      case 'VirtualNetwork':
        this.#putNetwork(change.id, this.#network(change.id), change.after);
        break;
      case 'Nve':
        this.#putNve(change.id, change.after);
        break;
      case 'Endpoint': {
        const old = this.#endpointNetwork.get(change.id);
        if (old !== undefined) this.#putEndpoint(old, change.id, undefined);
        if (change.after !== undefined) {
          this.#putEndpoint(change.after.network, change.id, change.after);
        }
        break;
      }
    }
  }

  /** Takes a change in, and tells which NVEs' configurations change by it, and how. */
  apply(change: Change): Map<string, ItemDelta> {
    const deltas = new DeltaBuilder();
    switch (change.kind) {
      case 'VirtualNetwork':
        this.#setNetwork(change.id, change.after, deltas);
        break;
      case 'Nve':
        this.#setNve(change.id, change.after, deltas);
        break;
      case 'Endpoint':
        this.#setEndpoint(change.id, change.after, deltas);
        break;
    }
    return deltas.result();
  }

  /** The whole configuration of an NVE. */
  full(nve: string): Map<string, Item> {
    this.counters.full++;
    const items = new Map<string, Item>();
    const input = this.#nves.get(nve);
    if (input === undefined) return items;
    for (const item of vtepItems(input.spec)) items.set(item.key, item);
    for (const id of this.#nveNetworks.get(nve) ?? []) {
      const network = this.#networks.get(id);
      const view = this.#view(id, network);
      if (network === undefined || view === undefined) continue;
      const side = { view, ...endpointsNow(network) };
      for (const item of this.#memberItems(side, nve)) items.set(item.key, item);
    }
    return items;
  }

  /** The NVEs that have a configuration. */
  nves(): Iterable<string> {
    return this.#nves.keys();
  }

  /** Inner MTU in force of a network; undefined: there is no such network. */
  effectiveMtu(network: string): number | undefined {
    return this.#view(network, this.#networks.get(network))?.mtu;
  }

  #network(id: string): Network {
    let network = this.#networks.get(id);
    if (network === undefined) {
      network = { spec: undefined, endpoints: new Map(), byNve: new Map() };
      this.#networks.set(id, network);
    }
    return network;
  }

  #view(id: string, network: Network | undefined): NetworkView | undefined {
    if (network?.spec === undefined) return undefined;
    const members: [string, NveInput][] = [];
    for (const nve of network.byNve.keys()) {
      const input = this.#nves.get(nve);
      if (input !== undefined) members.push([nve, input]);
    }
    return viewOf(id, network.spec, members);
  }

  #setNetwork(id: string, spec: VirtualNetworkSpec | undefined, deltas: DeltaBuilder): void {
    const network = this.#network(id);
    const before = this.#view(id, network);
    this.#putNetwork(id, network, spec);
    this.#diff(network, before, this.#view(id, network), undefined, deltas);
  }

  #putNetwork(id: string, network: Network, spec: VirtualNetworkSpec | undefined): void {
    network.spec = spec;
    if (spec === undefined && network.endpoints.size === 0) this.#networks.delete(id);
  }

  #setNve(id: string, input: NveInput | undefined, deltas: DeltaBuilder): void {
    const old = this.#nves.get(id);
    const networks = [...(this.#nveNetworks.get(id) ?? [])].map((name) => {
      const network = this.#network(name);
      return { name, network, before: this.#view(name, network) };
    });
    this.#putNve(id, input);
    deltas.diff(
      id,
      old === undefined ? [] : vtepItems(old.spec),
      input === undefined ? [] : vtepItems(input.spec),
    );
    for (const { name, network, before } of networks) {
      this.#diff(network, before, this.#view(name, network), undefined, deltas);
    }
  }

  #putNve(id: string, input: NveInput | undefined): void {
    if (input === undefined) this.#nves.delete(id);
    else this.#nves.set(id, input);
  }

  #setEndpoint(id: string, after: EndpointSpec | undefined, deltas: DeltaBuilder): void {
    const old = this.#endpointNetwork.get(id);
    if (old !== undefined && old !== after?.network)
      this.#changeEndpoint(old, id, undefined, deltas);
    if (after !== undefined) this.#changeEndpoint(after.network, id, after, deltas);
  }

  #changeEndpoint(
    name: string,
    id: string,
    after: EndpointSpec | undefined,
    deltas: DeltaBuilder,
  ): void {
    const network = this.#network(name);
    const view = this.#view(name, network);
    const before = network.endpoints.get(id);
    this.#putEndpoint(name, id, after);
    const changed = { id, before, after };
    this.#diff(network, view, this.#view(name, network), changed, deltas);
  }

  #putEndpoint(name: string, id: string, after: EndpointSpec | undefined): void {
    const network = this.#network(name);
    const before = network.endpoints.get(id);
    if (before !== undefined) this.#detach(name, network, id, before.nve);
    if (after !== undefined) this.#attach(name, network, id, after);
  }

  #detach(name: string, network: Network, id: string, nve: string): void {
    network.endpoints.delete(id);
    this.#endpointNetwork.delete(id);
    const local = network.byNve.get(nve);
    local?.delete(id);
    if (local?.size !== 0) return;
    network.byNve.delete(nve);
    const networks = this.#nveNetworks.get(nve);
    networks?.delete(name);
    if (networks?.size === 0) this.#nveNetworks.delete(nve);
  }

  #attach(name: string, network: Network, id: string, endpoint: EndpointSpec): void {
    network.endpoints.set(id, endpoint);
    this.#endpointNetwork.set(id, name);
    addTo(network.byNve, endpoint.nve, id);
    addTo(this.#nveNetworks, endpoint.nve, name);
  }

  /** What the change from one view to another, and of an endpoint, means to each member. */
  #diff(
    network: Network,
    before: NetworkView | undefined,
    after: NetworkView | undefined,
    changed: ChangedEndpoint | undefined,
    deltas: DeltaBuilder,
  ): void {
    const old =
      before === undefined ? undefined : { view: before, ...endpointsBefore(network, changed) };
    const now = after === undefined ? undefined : { view: after, ...endpointsNow(network) };
    const nves = new Set(members(before, after));
    const touched = touchedBy(network, before, after, changed);
    for (const nve of nves) {
      if (old?.view.members.has(nve) && now?.view.members.has(nve)) {
        this.#diffMember(nve, old, now, touched, deltas);
      } else {
        this.counters.member++;
        deltas.diff(nve, this.#memberItems(old, nve), this.#memberItems(now, nve));
      }
    }
  }

  /** All that a member has of the network. */
  *#memberItems(side: Side | undefined, nve: string): Generator<Item> {
    if (side === undefined) return;
    const { view } = side;
    yield* domainItems(view, nve);
    for (const peer of view.members.keys()) yield* peerItems(view, nve, peer);
    for (const [id, endpoint] of side.entries()) yield* this.#items.of(view, nve, id, endpoint);
  }

  #diffMember(nve: string, old: Side, now: Side, touched: Touched, deltas: DeltaBuilder): void {
    if (touched.everything || touched.peers.has(nve) || touched.mtu) {
      deltas.diff(nve, domainItems(old.view, nve), domainItems(now.view, nve));
    }
    // A tunnel has both ends' addresses in it.
    const peers = touched.peers.has(nve)
      ? new Set([...now.view.members.keys(), ...touched.peers])
      : touched.peers;
    for (const peer of peers) {
      deltas.diff(nve, peerItems(old.view, nve, peer), peerItems(now.view, nve, peer));
    }
    for (const id of touched.endpointsFor(nve)) {
      this.counters.endpoint++;
      const from = old.get(id);
      const to = now.get(id);
      deltas.diff(
        nve,
        from === undefined ? [] : this.#items.of(old.view, nve, id, from),
        to === undefined ? [] : this.#items.of(now.view, nve, id, to),
      );
    }
  }
}

/** The network at one moment. */
interface Side {
  readonly view: NetworkView;
  get(id: string): EndpointSpec | undefined;
  entries(): Iterable<readonly [string, EndpointSpec]>;
}

function endpointsNow({ endpoints }: Network): Pick<Side, 'get' | 'entries'> {
  return { get: (id) => endpoints.get(id), entries: () => endpoints.entries() };
}

function endpointsBefore(
  { endpoints }: Network,
  changed: ChangedEndpoint | undefined,
): Pick<Side, 'get' | 'entries'> {
  return {
    get: (id) => (id === changed?.id ? changed.before : endpoints.get(id)),
    *entries() {
      for (const [id, endpoint] of endpoints) if (id !== changed?.id) yield [id, endpoint];
      if (changed?.before !== undefined) yield [changed.id, changed.before];
    },
  };
}

/** What of a network a change may reach; more than needed does no harm. */
interface Touched {
  readonly everything: boolean;
  readonly mtu: boolean;
  /** The NVEs whose VTEP address came, went or changed; all of them with `everything`. */
  readonly peers: ReadonlySet<string>;
  endpointsFor(nve: string): Iterable<string>;
}

function touchedBy(
  network: Network,
  before: NetworkView | undefined,
  after: NetworkView | undefined,
  changed: ChangedEndpoint | undefined,
): Touched {
  const everything = before?.spec !== after?.spec;
  const mtu = before?.mtu !== after?.mtu;
  const peers = new Set(
    members(before, after).filter(
      (nve) => everything || before?.members.get(nve) !== after?.members.get(nve),
    ),
  );
  const shared = new Set<string>(everything ? network.endpoints.keys() : []);
  if (changed !== undefined) shared.add(changed.id);
  for (const peer of peers) for (const id of network.byNve.get(peer) ?? []) shared.add(id);
  return {
    everything,
    mtu,
    peers,
    endpointsFor: (nve) => (mtu ? new Set([...shared, ...(network.byNve.get(nve) ?? [])]) : shared),
  };
}

/** Those of either view, some twice. */
function members(before: NetworkView | undefined, after: NetworkView | undefined): string[] {
  return [...(before?.members.keys() ?? []), ...(after?.members.keys() ?? [])];
}

/** Gathers what differs, for each NVE. */
class DeltaBuilder {
  readonly #deltas = new Map<string, { upserts: Map<string, Item>; removes: Set<string> }>();

  diff(nve: string, before: Iterable<Item>, after: Iterable<Item>): void {
    const old = new Map<string, Item>();
    for (const item of before) old.set(item.key, item);
    for (const item of after) {
      const previous = old.get(item.key);
      old.delete(item.key);
      // The same item needs no hashes to tell.
      if (previous === item || previous?.version === item.version) continue;
      const delta = this.#of(nve);
      delta.upserts.set(item.key, item);
      delta.removes.delete(item.key);
    }
    for (const key of old.keys()) this.#of(nve).removes.add(key);
  }

  result(): Map<string, ItemDelta> {
    return this.#deltas;
  }

  #of(nve: string): { upserts: Map<string, Item>; removes: Set<string> } {
    let delta = this.#deltas.get(nve);
    if (delta === undefined) {
      delta = { upserts: new Map(), removes: new Set() };
      this.#deltas.set(nve, delta);
    }
    return delta;
  }
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}
