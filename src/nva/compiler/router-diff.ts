/** What the change of one router, or of its networks, means to each of its NVEs. */
import type { EndpointSpec } from '../../model/endpoint.js';
import type { Item } from '../../model/item.js';
import type { CompileCounters } from './compile-index.js';
import type { DeltaBuilder } from './deltas.js';
import type { ChangedEndpoint } from './network-diff.js';
import { routerItems, routerMembers, RouterNeighbors, type RouterView } from './router-view.js';
import type { Tables } from './tables.js';

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
    yield* this.#all(router, nve, undefined);
  }

  diff(
    before: RouterView | undefined,
    after: RouterView | undefined,
    reach: RouterReach,
    changed: ChangedEndpoint | undefined,
    deltas: DeltaBuilder,
  ): void {
    const moved = reach === 'members' ? this.#moved(before, after, changed) : [];
    for (const nve of new Set([...routerMembers(before), ...routerMembers(after)])) {
      if (reach === 'everything' || !sameGateways(before, after, nve)) {
        this.counters.member++;
        const was = before === undefined ? [] : this.#all(before, nve, changed);
        const is = after === undefined ? [] : this.#all(after, nve, undefined);
        deltas.diff(nve, was, is);
        continue;
      }
      if (reach === 'members') deltas.diff(nve, routerItems(before, nve), routerItems(after, nve));
      for (const each of moved) this.#diffEndpoint(before, after, nve, each, deltas);
      if (changed !== undefined) this.#diffEndpoint(before, after, nve, changed, deltas);
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

  /** The endpoints that are the same, on NVEs that came to one of the router's networks or left it. */
  #moved(
    before: RouterView | undefined,
    after: RouterView | undefined,
    changed: ChangedEndpoint | undefined,
  ): Pick<ChangedEndpoint, 'before' | 'after'>[] {
    const networks = [...(before?.gateways.keys() ?? []), ...(after?.gateways.keys() ?? [])];
    return [...new Set(networks)].flatMap((id) => {
      const [was, is] = [before, after].map((view) => view?.gateways.get(id)?.view.members);
      const nves = [...new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])];
      const network = this.tables.network(id);
      return nves
        .filter((nve) => was?.has(nve) !== is?.has(nve))
        .flatMap((nve) => [...(network?.byNve.get(nve) ?? [])])
        .filter((endpoint) => endpoint !== changed?.id)
        .map((endpoint) => network?.endpoints.get(endpoint))
        .map((spec) => ({ before: spec, after: spec }));
    });
  }

  *#of(
    router: RouterView | undefined,
    nve: string,
    endpoint: EndpointSpec | undefined,
  ): Generator<Item> {
    if (endpoint !== undefined) yield* this.#neighbors.of(router, nve, endpoint);
  }

  /** @param undone the endpoint that has changed since */
  *#all(router: RouterView, nve: string, undone: ChangedEndpoint | undefined): Generator<Item> {
    yield* routerItems(router, nve);
    for (const network of router.gateways.keys()) {
      for (const [id, endpoint] of this.tables.network(network)?.endpoints ?? []) {
        if (id !== undone?.id) yield* this.#of(router, nve, endpoint);
      }
    }
    yield* this.#of(router, nve, undone?.before);
  }
}

/** The NVE has a gateway in the same networks as before. */
function sameGateways(
  before: RouterView | undefined,
  after: RouterView | undefined,
  nve: string,
): boolean {
  const [was, is] = [before, after].map((router) =>
    [...(router?.gateways ?? [])].flatMap(([id, { view }]) => (view.members.has(nve) ? [id] : [])),
  );
  return was?.join() === is?.join();
}
