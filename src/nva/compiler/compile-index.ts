/**
 * From the model to each NVE's items, incrementally: a change costs what it touches. The result
 * is always that of compiling everything (test/unit/nva/compiler holds the two against each other).
 */
import type { Item } from '../../model/item.js';
import { DeltaBuilder, type ItemDelta } from './deltas.js';
import type { Change, NetworkView } from './inputs.js';
import { vtepItems } from './items.js';
import { NetworkDiff, type ChangedEndpoint } from './network-diff.js';
import { RouterDiff, type RouterReach } from './router-diff.js';
import type { RouterView } from './router-view.js';
import { Tables } from './tables.js';

/** How much work was done, for tests and metrics. */
export interface CompileCounters {
  /** All items of one NVE, at the start of a session. */
  full: number;
  /** All items of one network or router for an NVE that entered or left it. */
  member: number;
  /** Items of one endpoint for one NVE. */
  endpoint: number;
}

/** What a change may touch. */
interface Scope {
  readonly networks: Set<string>;
  readonly routers: Set<string>;
  reach: RouterReach;
}

/** What it touches, at one moment. */
interface Scene {
  readonly networks: ReadonlyMap<string, NetworkView | undefined>;
  readonly routers: ReadonlyMap<string, RouterView | undefined>;
}

export class CompileIndex {
  readonly counters: CompileCounters = { full: 0, member: 0, endpoint: 0 };
  readonly #tables = new Tables();
  readonly #networks = new NetworkDiff(this.counters);
  readonly #routers = new RouterDiff(this.#tables, this.counters);

  /** Takes a change in, for nobody who would have to be told. */
  load(change: Change): void {
    this.#tables.put(change);
  }

  /** Takes a change in, and tells which NVEs' configurations change by it, and how. */
  apply(change: Change): Map<string, ItemDelta> {
    const tables = this.#tables;
    const deltas = new DeltaBuilder();
    const scope = this.#scopeOf(change);
    const changed = this.#changedEndpoint(change);
    const before = this.#scene(scope);
    if (change.kind === 'Nve') this.#diffVteps(change, deltas);
    tables.put(change);
    const after = this.#scene(scope);
    for (const id of scope.networks) {
      const isOf = changed?.before?.network === id || changed?.after?.network === id;
      const own = isOf ? within(changed, id) : undefined;
      const [was, is] = [before.networks.get(id), after.networks.get(id)];
      this.#networks.diff(tables.network(id), was, is, own, deltas);
    }
    for (const id of scope.routers) {
      const [was, is] = [before.routers.get(id), after.routers.get(id)];
      this.#routers.diff(was, is, scope.reach, changed, deltas);
    }
    return deltas.result();
  }

  /** The whole configuration of an NVE. */
  full(nve: string): Map<string, Item> {
    this.counters.full++;
    const tables = this.#tables;
    const items = new Map<string, Item>();
    const input = tables.nve(nve);
    if (input === undefined) return items;
    for (const item of vtepItems(input.spec)) items.set(item.key, item);
    const networks = tables.joined(nve);
    const routers = new Set<string>();
    for (const id of networks) {
      const router = tables.routerOf(id);
      if (router !== undefined) routers.add(router);
    }
    const scene = this.#scene({ networks, routers });
    for (const [id, view] of scene.networks) {
      const network = tables.network(id);
      if (network === undefined || view === undefined) continue;
      for (const item of this.#networks.itemsOf(view, network, nve)) items.set(item.key, item);
    }
    for (const router of scene.routers.values()) {
      if (router === undefined) continue;
      for (const item of this.#routers.itemsOf(router, nve)) items.set(item.key, item);
    }
    return items;
  }

  /** The NVEs that have a configuration. */
  nves(): Iterable<string> {
    return this.#tables.nves();
  }

  /** The NVEs that take part in any of these networks. */
  nvesOf(networks: Iterable<string>): Iterable<string> {
    return this.#tables.membersOf(networks);
  }

  /** Inner MTU in force of a network; undefined: there is no such network. */
  effectiveMtu(network: string): number | undefined {
    return this.#tables.view(network)?.mtu;
  }

  #scene({ networks, routers }: Pick<Scope, 'networks' | 'routers'>): Scene {
    const tables = this.#tables;
    const views = new Map<string, NetworkView | undefined>();
    for (const id of networks) views.set(id, tables.view(id));
    const seen = new Map<string, RouterView | undefined>();
    for (const id of routers) {
      seen.set(
        id,
        tables.routerView(id, (network) => views.get(network)),
      );
    }
    return { networks: views, routers: seen };
  }

  #scopeOf(change: Change): Scope {
    const scope: Scope = { networks: new Set(), routers: new Set(), reach: 'everything' };
    const tables = this.#tables;
    switch (change.kind) {
      case 'VirtualNetwork':
        this.#addGroup(scope, change.id);
        break;
      case 'Nve':
        for (const network of tables.joined(change.id)) this.#addGroup(scope, network);
        scope.reach = 'members';
        break;
      case 'Endpoint':
        this.#scopeOfEndpoint(scope, change);
        break;
      case 'Subnet': {
        for (const subnet of [tables.subnet(change.id), change.after]) {
          if (subnet === undefined) continue;
          this.#addGroup(scope, subnet.network);
        }
        const router = tables.routerNaming(change.id);
        if (router !== undefined) this.#addRouter(scope, router);
        break;
      }
      case 'Router':
        this.#addRouter(scope, change.id);
        for (const id of change.after?.subnets ?? []) {
          const subnet = tables.subnet(id);
          if (subnet !== undefined) this.#addGroup(scope, subnet.network);
        }
        break;
    }
    return scope;
  }

  /** Others than its own network only where its NVE comes to a router or leaves it. */
  #scopeOfEndpoint(scope: Scope, { id, after }: Extract<Change, { kind: 'Endpoint' }>): void {
    const tables = this.#tables;
    const before = tables.endpoint(id);
    const [was, is] = [before, after].map((spec) =>
      spec === undefined ? undefined : tables.routerOf(spec.network),
    );
    scope.reach = 'endpoint';
    for (const spec of [before, after]) if (spec !== undefined) scope.networks.add(spec.network);
    for (const router of [was, is]) if (router !== undefined) scope.routers.add(router);
    const leaves =
      before !== undefined &&
      was !== undefined &&
      tables.endpointsBehind(was, before.nve) === 1 &&
      (is !== was || after?.nve !== before.nve);
    const enters =
      after !== undefined && is !== undefined && tables.endpointsBehind(is, after.nve) === 0;
    if (!leaves && !enters) return;
    scope.reach = 'members';
    for (const router of [was, is]) if (router !== undefined) this.#addRouter(scope, router);
  }

  #addGroup(scope: Scope, network: string): void {
    scope.networks.add(network);
    const router = this.#tables.routerOf(network);
    if (router !== undefined) this.#addRouter(scope, router);
  }

  #addRouter(scope: Scope, router: string): void {
    scope.routers.add(router);
    for (const network of this.#tables.networksOf(router)) scope.networks.add(network);
  }

  #changedEndpoint(change: Change): ChangedEndpoint | undefined {
    if (change.kind !== 'Endpoint') return undefined;
    const { id, after } = change;
    return { id, before: this.#tables.endpoint(id), after };
  }

  #diffVteps({ id, after }: Extract<Change, { kind: 'Nve' }>, deltas: DeltaBuilder): void {
    const before = this.#tables.nve(id);
    deltas.diff(
      id,
      before === undefined ? [] : vtepItems(before.spec),
      after === undefined ? [] : vtepItems(after.spec),
    );
  }
}

/** The same as one network has it, for an endpoint may have come from another. */
function within(
  changed: ChangedEndpoint | undefined,
  network: string,
): ChangedEndpoint | undefined {
  if (changed === undefined) return undefined;
  const { id, before, after } = changed;
  return {
    id,
    before: before?.network === network ? before : undefined,
    after: after?.network === network ? after : undefined,
  };
}
