/** What the change of one router, or of its networks, means to each of its NVEs. */
import type { PlacedEndpoint } from '../../model/migration.js';
import type { Item } from '../../model/item.js';
import type { CompileCounters } from './counters.js';
import type { DeltaBuilder } from './deltas.js';
import type { ChangedEndpoint } from './network-diff.js';
import { gatewayItems, routerItems, RouterNeighbors } from './router-items.js';
import { isAt, routerMembers, type RouterView } from './router-view.js';
import type { Tables } from './tables.js';

const NONE: readonly never[] = [];

/** How much of a router a change may reach. */
export type RouterReach =
  /** One endpoint and nothing else: its NVE was, or is not, the router's for others too. */
  | 'endpoint'
  /** NVEs, MTUs; and the endpoint that changed. */
  | 'members'
  | 'everything';

export class RouterDiff {
  readonly #neighbors = new RouterNeighbors();

  constructor(
    private readonly tables: Tables,
    private readonly counters: CompileCounters,
  ) {}

  /** All that an NVE has of a router. */
  *itemsOf(router: RouterView, nve: string): Generator<Item> {
    for (const part of this.#partsOf(router, nve, [])) yield* part;
  }

  /** What an NVE has of a router because of one endpoint. */
  endpointItems(router: RouterView, nve: string, endpoint: PlacedEndpoint): Iterable<Item> {
    return this.#neighbors.of(router, nve, endpoint);
  }

  /** In steps of one endpoint of a member. */
  *diff(
    before: RouterView | undefined,
    after: RouterView | undefined,
    reach: RouterReach,
    changed: readonly ChangedEndpoint[],
    deltas: DeltaBuilder,
  ): Generator<void> {
    const sameNeighbors = reach !== 'everything' || haveSameNeighbors(before, after);
    const moved = reach === 'endpoint' ? [] : this.#moved(before, after, changed);
    const sameMtus = haveSameMtus(before, after);
    const all = reach === 'everything' || reachRoutes(before, after);
    for (const nve of new Set([...routerMembers(before), ...routerMembers(after)])) {
      if (!sameNeighbors || !sameGateways(before, after, nve)) {
        this.counters.member++;
        const was = before === undefined ? NONE : this.#partsOf(before, nve, changed);
        const is = after === undefined ? NONE : this.#partsOf(after, nve, []);
        for (const items of was) {
          deltas.diff(nve, items, NONE);
          yield;
        }
        for (const items of is) {
          deltas.diff(nve, NONE, items);
          yield;
        }
        continue;
      }
      const own = all ? routerItems : gatewayItems;
      if (all || !sameMtus) {
        deltas.diff(nve, own(before, nve), own(after, nve));
        yield;
      }
      for (const each of [...moved, ...changed]) {
        this.#diffEndpoint(before, after, nve, each, deltas);
        yield;
      }
    }
  }

  #diffEndpoint(
    before: RouterView | undefined,
    after: RouterView | undefined,
    nve: string,
    endpoint: Pick<ChangedEndpoint, 'before' | 'after'>,
    deltas: DeltaBuilder,
  ): void {
    const was = this.#of(before, nve, endpoint.before);
    deltas.diff(nve, was, this.#of(after, nve, endpoint.after));
  }

  /** The endpoints that are the same, on NVEs that came to one of its networks, left it or are lost. */
  #moved(
    before: RouterView | undefined,
    after: RouterView | undefined,
    changed: readonly ChangedEndpoint[],
  ): Pick<ChangedEndpoint, 'before' | 'after'>[] {
    const networks = [...(before?.gateways.keys() ?? []), ...(after?.gateways.keys() ?? [])];
    const own = new Set(changed.map(({ id }) => id));
    return [...new Set(networks)].flatMap((id) => {
      const [was, is] = [before, after].map((router) => router?.gateways.get(id)?.view);
      const nves = [...new Set([...(was?.members.keys() ?? []), ...(is?.members.keys() ?? [])])];
      const network = this.tables.network(id);
      return nves
        .filter(
          (nve) =>
            was?.members.has(nve) !== is?.members.has(nve) ||
            was?.withdrawn.has(nve) !== is?.withdrawn.has(nve),
        )
        .flatMap((nve) => [...(network?.byNve.get(nve) ?? [])])
        .filter((endpoint) => !own.has(endpoint))
        .map((endpoint) => network?.endpoints.get(endpoint))
        .map((spec) => ({ before: spec, after: spec }));
    });
  }

  *#of(
    router: RouterView | undefined,
    nve: string,
    endpoint: PlacedEndpoint | undefined,
  ): Generator<Item> {
    if (endpoint !== undefined) yield* this.#neighbors.of(router, nve, endpoint);
  }

  /** @param undone the endpoints that have changed since */
  *#partsOf(
    router: RouterView,
    nve: string,
    undone: readonly ChangedEndpoint[],
  ): Generator<Iterable<Item>> {
    const since = new Set(undone.map(({ id }) => id));
    yield routerItems(router, nve);
    for (const [network, gateway] of router.gateways) {
      if (!isAt(gateway, nve)) continue;
      for (const [id, endpoint] of this.tables.network(network)?.endpoints ?? []) {
        if (!since.has(id)) yield this.#of(router, nve, endpoint);
      }
    }
    for (const { before } of undone) yield this.#of(router, nve, before);
  }
}

/** The NVE has a gateway in the same networks as before. */
function sameGateways(
  before: RouterView | undefined,
  after: RouterView | undefined,
  nve: string,
): boolean {
  const [was, is] = [before, after].map((router) =>
    [...(router?.gateways ?? [])].flatMap(([id, gateway]) => (isAt(gateway, nve) ? [id] : [])),
  );
  return was?.sort().join() === is?.sort().join();
}

/** The neighbours' items are the same but for the NVEs that have them. */
function haveSameNeighbors(before: RouterView | undefined, after: RouterView | undefined): boolean {
  if (before?.spec.vrfId !== after?.spec.vrfId) return false;
  const shapes = [before, after].map((router) =>
    [...(router?.gateways ?? [])].map(
      ([id, { view, prefixes }]) => `${id} ${view.spec.vni} ${prefixes}`,
    ),
  );
  return shapes[0]?.sort().join(';') === shapes[1]?.sort().join(';');
}

/** Routes are by the gateways, where those are the same, by the addresses that are lost, and out by exits. */
function reachRoutes(before: RouterView | undefined, after: RouterView | undefined): boolean {
  // In its transit each NVE has something of each other that leads out.
  if (before?.transit !== undefined || after?.transit !== undefined) return true;
  return lossesOf(before) !== lossesOf(after);
}

/** The addresses that are at dead NVEs, to be compared. */
function lossesOf(router: RouterView | undefined): string {
  const losses = [...(router?.gateways ?? [])].flatMap(([id, { view }]) =>
    [...view.lost].map(([address, nve]) => `${id} ${address} ${nve}`),
  );
  return losses.sort().join();
}

function haveSameMtus(before: RouterView | undefined, after: RouterView | undefined): boolean {
  return [...(before?.gateways ?? [])].every(([id, { view }]) => {
    const now = after?.gateways.get(id);
    return now === undefined || now.view.mtu === view.mtu;
  });
}
