/** What the change of one network means to each of its NVEs. */
import type { PlacedEndpoint } from '../../model/migration.js';
import type { Item } from '../../model/item.js';
import type { CompileCounters } from './counters.js';
import type { DeltaBuilder } from './deltas.js';
import type { NetworkView } from './inputs.js';
import { domainItems, EndpointItems, PeerItems } from './items.js';
import type { Network } from './tables.js';

export interface ChangedEndpoint {
  readonly id: string;
  readonly before: PlacedEndpoint | undefined;
  readonly after: PlacedEndpoint | undefined;
}

/** The network at one moment. */
interface Side {
  readonly view: NetworkView;
  get(id: string): PlacedEndpoint | undefined;
  entries(): Iterable<readonly [string, PlacedEndpoint]>;
}

type Endpoints = Network['endpoints'];
const NO_ENDPOINTS: Endpoints = new Map();
const NONE: readonly Item[] = [];

export class NetworkDiff {
  readonly #items = new EndpointItems();
  readonly #peers = new PeerItems();

  constructor(private readonly counters: CompileCounters) {}

  /** All that an NVE has of a network. */
  itemsOf(view: NetworkView, network: Network, nve: string): readonly Item[] {
    return this.#memberItems({ view, ...endpointsNow(network.endpoints) }, nve);
  }

  /** What an NVE has of a network because of another member. */
  peerItems(view: NetworkView, nve: string, peer: string): Iterable<Item> {
    return this.#peers.of(view, nve, peer);
  }

  /** What a member has whatever the endpoints. Into an array: a start asks for very many. */
  itemsWithoutEndpoints(view: NetworkView, nve: string): Item[] {
    const items = [...domainItems(view, nve)];
    for (const peer of view.members.keys()) {
      for (const item of this.#peers.of(view, nve, peer)) items.push(item);
    }
    return items;
  }

  /** What a member has because of an endpoint that it is no place of. */
  itemsElsewhere(view: NetworkView, endpoint: PlacedEndpoint): Iterable<Item> {
    return this.#items.elsewhere(view, endpoint);
  }

  /** What leads to an endpoint's addresses, whether anybody is to have it or not. */
  addressItems(view: NetworkView, endpoint: PlacedEndpoint): Iterable<Item> {
    return this.#items.ofAddresses(view, endpoint);
  }

  /** What an NVE has of a network because of one endpoint. */
  endpointItems(
    view: NetworkView,
    nve: string,
    id: string,
    endpoint: PlacedEndpoint,
  ): Iterable<Item> {
    return this.#items.of(view, nve, id, endpoint);
  }

  /**
   * In steps of one endpoint of a member.
   * @param network as it is now
   * @param changed the endpoints that came to it, left it or changed
   */
  *diff(
    network: Network | undefined,
    before: NetworkView | undefined,
    after: NetworkView | undefined,
    changed: readonly ChangedEndpoint[],
    deltas: DeltaBuilder,
  ): Generator<void> {
    const endpoints = network?.endpoints ?? NO_ENDPOINTS;
    const old =
      before === undefined ? undefined : { view: before, ...endpointsBefore(endpoints, changed) };
    const now = after === undefined ? undefined : { view: after, ...endpointsNow(endpoints) };
    const touched =
      before === after
        ? { ...NOTHING, endpointsFor: () => changed.map(({ id }) => id) }
        : touchedBy(network, before, after, changed);
    const all = before === after ? (after?.members.keys() ?? []) : new Set(members(before, after));
    for (const nve of all) {
      if (old?.view.members.has(nve) && now?.view.members.has(nve)) {
        yield* this.#diffMember(nve, old, now, touched, deltas);
      } else {
        this.counters.member++;
        for (const items of this.#partsOf(old, nve)) {
          deltas.diff(nve, items, NONE);
          yield;
        }
        for (const items of this.#partsOf(now, nve)) {
          deltas.diff(nve, NONE, items);
          yield;
        }
      }
    }
  }

  #memberItems(side: Side, nve: string): readonly Item[] {
    const items: Item[] = [];
    for (const part of this.#partsOf(side, nve)) for (const item of part) items.push(item);
    return items;
  }

  /** All that an NVE has of it: what it has whatever the endpoints, and what because of each. */
  *#partsOf(side: Side | undefined, nve: string): Generator<Iterable<Item>> {
    if (side === undefined) return;
    const { view } = side;
    yield this.itemsWithoutEndpoints(view, nve);
    for (const [id, endpoint] of side.entries()) yield this.#items.of(view, nve, id, endpoint);
  }

  *#diffMember(
    nve: string,
    old: Side,
    now: Side,
    touched: Touched,
    deltas: DeltaBuilder,
  ): Generator<void> {
    if (touched.everything || touched.peers.has(nve) || touched.mtu) {
      deltas.diff(nve, domainItems(old.view, nve), domainItems(now.view, nve));
    }
    // A tunnel has both ends' addresses in it.
    const peers = touched.peers.has(nve)
      ? new Set([...now.view.members.keys(), ...touched.peers])
      : touched.peers;
    for (const peer of peers) {
      deltas.diff(nve, this.#peers.of(old.view, nve, peer), this.#peers.of(now.view, nve, peer));
      yield;
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
      yield;
    }
  }
}

function endpointsNow(endpoints: Endpoints): Pick<Side, 'get' | 'entries'> {
  return { get: (id) => endpoints.get(id), entries: () => endpoints.entries() };
}

function endpointsBefore(
  endpoints: Endpoints,
  changed: readonly ChangedEndpoint[],
): Pick<Side, 'get' | 'entries'> {
  const was = new Map(changed.map(({ id, before }) => [id, before]));
  return {
    get: (id) => (was.has(id) ? was.get(id) : endpoints.get(id)),
    *entries() {
      for (const [id, endpoint] of endpoints) if (!was.has(id)) yield [id, endpoint];
      for (const [id, before] of was) if (before !== undefined) yield [id, before];
    },
  };
}

/** What of a network a change may reach; more than needed does no harm. */
interface Touched {
  readonly everything: boolean;
  readonly mtu: boolean;
  /** The NVEs whose VTEP address came, went, changed or is lost; all of them with `everything`. */
  readonly peers: ReadonlySet<string>;
  endpointsFor(nve: string): Iterable<string>;
}

const NOTHING = { everything: false, mtu: false, peers: new Set<string>() } as const;

function touchedBy(
  network: Network | undefined,
  before: NetworkView | undefined,
  after: NetworkView | undefined,
  changed: readonly ChangedEndpoint[],
): Touched {
  const everything =
    before?.spec !== after?.spec || before?.prefixes.join() !== after?.prefixes.join();
  const mtu = before?.mtu !== after?.mtu;
  const peers = new Set(
    members(before, after).filter(
      (nve) =>
        everything ||
        before?.members.get(nve) !== after?.members.get(nve) ||
        before?.withdrawn.has(nve) !== after?.withdrawn.has(nve),
    ),
  );
  const shared = new Set<string>(everything ? network?.endpoints.keys() : []);
  for (const { id } of changed) shared.add(id);
  for (const peer of peers) for (const id of network?.byNve.get(peer) ?? []) shared.add(id);
  return {
    everything,
    mtu,
    peers,
    endpointsFor: (nve) =>
      mtu ? new Set([...shared, ...(network?.byNve.get(nve) ?? [])]) : shared,
  };
}

/** Those of either view, some twice. */
function members(before: NetworkView | undefined, after: NetworkView | undefined): string[] {
  return [...(before?.members.keys() ?? []), ...(after?.members.keys() ?? [])];
}
