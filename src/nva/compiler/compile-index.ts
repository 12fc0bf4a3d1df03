/**
 * From the model to each NVE's items, incrementally: a change costs what it touches. The result
 * is always that of compiling everything (test/unit/nva/compiler holds the two against each other).
 */
import { isDeepStrictEqual } from 'node:util';
import { homeOf, placesOf, type PlacedEndpoint } from '../../model/migration.js';
import type { Item } from '../../model/item.js';
import type { UnderlayPath } from '../../model/query.js';
import type { Labels } from '../../model/resource.js';
import type { SubnetSpec } from '../../model/subnet.js';
import type { CompileCounters } from './counters.js';
import { DeltaBuilder, type ItemDelta } from './deltas.js';
import { atOnce } from '../in-turns.js';
import type { Change, NetworkView } from './inputs.js';
import { ItemSum } from './item-sum.js';
import { vtepItems } from './items.js';
import { NetworkDiff, type ChangedEndpoint } from './network-diff.js';
import { NveSums } from './nve-sums.js';
import { routeBetween, type RouteBetween } from './route-between.js';
import { reachOf } from './reach.js';
import { RouterDiff, type RouterReach } from './router-diff.js';
import type { RouterView } from './router-view.js';
import { Tables } from './tables.js';
import { pathsTo } from './underlay-paths.js';

/** What a change may touch. */
interface Scope {
  readonly networks: Set<string>;
  readonly routers: Set<string>;
  reach: RouterReach;
}

/** An endpoint, and the NVE that it comes to. */
interface Leading {
  readonly id: string;
  readonly endpoint: PlacedEndpoint;
  readonly target: string;
}

/** What it touches, at one moment. */
interface Scene {
  readonly networks: ReadonlyMap<string, NetworkView | undefined>;
  readonly routers: ReadonlyMap<string, RouterView | undefined>;
}

export class CompileIndex {
  readonly counters: CompileCounters = { full: 0, sum: 0, member: 0, endpoint: 0 };
  readonly #tables = new Tables();
  #version = 0;
  readonly #networks = new NetworkDiff(this.counters);
  readonly #routers = new RouterDiff(this.#tables, this.counters);
  readonly #sums = new NveSums(this.#tables, this.#networks, this.counters);

  /** Moves with every change that an NVE may see. */
  get version(): number {
    return this.#version;
  }

  /** Takes a change in, for nobody who would have to be told. */
  load(change: Change): void {
    this.#version++;
    this.#sums.forget();
    this.#tables.put(change);
  }

  /** Takes a change in, and tells which NVEs' configurations change by it, and how. */
  apply(change: Change): Map<string, ItemDelta> {
    if (this.#isInvisible(change)) {
      this.#tables.put(change);
      return new Map();
    }
    return atOnce(this.#diff([change], this.#scopeOf(change)));
  }

  /**
   * The same for changes of one moment: what one gives up another may have, without anything in
   * between. Of several of one resource the last counts.
   */
  applyAll(changes: readonly Change[]): Map<string, ItemDelta> {
    return atOnce(this.applyInSteps(changes));
  }

  /** The same in steps, between which it is neither as it was nor as it will be: for a fork that nobody else has. */
  *applyInSteps(changes: readonly Change[]): Generator<void, Map<string, ItemDelta>> {
    const visible: Change[] = [];
    const last = new Map(changes.map((change) => [`${change.kind} ${change.id}`, change]));
    for (const change of last.values()) {
      yield;
      if (this.#isInvisible(change)) this.#tables.put(change);
      else visible.push(change);
    }
    const [first, ...others] = visible;
    if (first === undefined) return new Map();
    if (others.length === 0) return yield* this.#diff(visible, this.#scopeOf(first));
    return yield* this.#diff(visible, yield* this.#scopeOfAll(visible));
  }

  *#diff(changes: readonly Change[], scope: Scope): Generator<void, Map<string, ItemDelta>> {
    const tables = this.#tables;
    this.#version++;
    const deltas = new DeltaBuilder();
    // An endpoint among others brings no NVE to its network and takes none from it.
    const isWhole = scope.reach !== 'endpoint';
    const before = this.#scene(scope, isWhole);
    const nves = changes.filter(({ kind }) => kind === 'Nve');
    const vteps = new Map(nves.map(({ id }) => [id, this.#vtepItems(id)]));
    const changed = yield* this.#put(changes);
    const changedIn = byNetwork(changed);
    this.#sums.forget(scope.networks);
    for (const [id, was] of vteps) deltas.diff(id, was, this.#vtepItems(id));
    const after = this.#scene(scope, isWhole, isWhole ? undefined : before.networks);
    for (const id of scope.networks) {
      const [was, is] = [before.networks.get(id), after.networks.get(id)];
      yield* this.#networks.diff(tables.network(id), was, is, changedIn(id), deltas);
    }
    for (const id of scope.routers) {
      const [was, is] = [before.routers.get(id), after.routers.get(id)];
      yield* this.#routers.diff(was, is, scope.reach, changed, deltas);
    }
    return yield* deltas.result();
  }

  /** @returns the endpoints that are others now */
  *#put(changes: readonly Change[]): Generator<void, ChangedEndpoint[]> {
    const tables = this.#tables;
    const endpoints = changes.filter(({ kind }) => kind === 'Endpoint');
    const were = endpoints.map(({ id }) => ({ id, before: tables.endpoint(id) }));
    yield* this.#take(changes);
    return were.map(({ id, before }) => ({ id, before, after: tables.endpoint(id) }));
  }

  /** What `full` comes to. */
  sum(nve: string): ItemSum {
    return this.#sums.of(nve) ?? ItemSum.of(this.full(nve).values());
  }

  /** The endpoints whose ports an NVE has; those that migrate on two. */
  portsAt(nve: string): Iterable<string> {
    return this.#tables.portsAt(nve);
  }

  /** The whole configuration of an NVE. */
  full(nve: string): Map<string, Item> {
    this.counters.full++;
    const tables = this.#tables;
    const items = new Map<string, Item>();
    const input = tables.nve(nve);
    if (input === undefined) return items;
    for (const item of vtepItems(input.spec)) items.set(item.key, item);
    for (const part of this.#partsIn(this.#sceneOf(tables.joined(nve)), nve)) {
      for (const item of part) items.set(item.key, item);
    }
    return items;
  }

  /** As it has it now. */
  current(kind: Change['kind'], id: string): Change {
    const tables = this.#tables;
    switch (kind) {
      case 'VirtualNetwork':
        return { kind, id, after: tables.network(id)?.spec };
      case 'Nve':
        return { kind, id, after: tables.nve(id) };
      case 'Endpoint':
        return { kind, id, after: tables.endpoint(id) };
      case 'Subnet':
        return { kind, id, after: tables.subnet(id) };
      case 'Router':
        return { kind, id, after: tables.router(id) };
    }
  }

  /**
   * Another one with all that these changes may reach, to see what they would do. In steps, between which this one is
   * to stay as it is.
   */
  *fork(changes: readonly Change[]): Generator<void, CompileIndex> {
    const fork = new CompileIndex();
    for (const change of reachOf(this.#tables, changes)) {
      fork.load(change);
      yield;
    }
    return fork;
  }

  /**
   * What the NVEs have because of an endpoint and of its place on `target`: there all of its networks,
   * elsewhere the endpoint itself, and what leads to `target`.
   */
  concerned(id: string, target: string): Map<string, Item[]> {
    const tables = this.#tables;
    const concerned = new Map<string, Item[]>();
    const endpoint = tables.endpoint(id);
    if (endpoint === undefined) return concerned;
    const { network } = endpoint;
    const scene = this.#sceneOf(tables.group(network));
    for (const nve of tables.membersOf([network])) {
      const items =
        nve === target
          ? [...this.#partsIn(scene, nve)].flatMap((part) => [...part])
          : [...this.#leadingItems(scene, nve, { id, endpoint, target })];
      concerned.set(nve, items);
    }
    return concerned;
  }

  /** All items, those of each network and of each router. */
  *#partsIn({ networks, routers }: Scene, nve: string): Generator<Iterable<Item>> {
    for (const [id, view] of networks) {
      const network = this.#tables.network(id);
      if (network === undefined || view === undefined) continue;
      yield this.#networks.itemsOf(view, network, nve);
    }
    for (const router of routers.values()) {
      if (router !== undefined) yield this.#routers.itemsOf(router, nve);
    }
  }

  *#leadingItems({ networks, routers }: Scene, nve: string, to: Leading): Generator<Item> {
    const { id, endpoint, target } = to;
    for (const view of networks.values()) {
      if (view !== undefined) yield* this.#networks.peerItems(view, nve, target);
    }
    const own = networks.get(endpoint.network);
    if (own !== undefined) yield* this.#networks.endpointItems(own, nve, id, endpoint);
    for (const router of routers.values()) {
      if (router !== undefined) yield* this.#routers.endpointItems(router, nve, endpoint);
    }
  }

  /** The NVEs that have a configuration. */
  nves(): Iterable<string> {
    return this.#tables.nves();
  }

  /** The NVEs that take part in any of these networks. */
  nvesOf(networks: Iterable<string>): Iterable<string> {
    return this.#tables.membersOf(networks);
  }

  /** From each NVE that shares a network with it, the ways over the underlay to an NVE. */
  pathsTo(nve: string): Map<string, UnderlayPath[]> {
    return pathsTo(this.#tables, nve);
  }

  /** The router that two networks have; undefined: none leads from one to the other. */
  routeBetween(a: string, b: string): RouteBetween | undefined {
    return routeBetween(this.#tables, a, b);
  }

  /** Inner MTU in force of a network; undefined: there is no such network. */
  effectiveMtu(network: string): number | undefined {
    return this.#tables.view(network)?.mtu;
  }

  /** Networks with their routers. */
  #sceneOf(networks: ReadonlySet<string>): Scene {
    const routers = new Set<string>();
    for (const id of networks) {
      for (const router of this.#tables.routersTo(id)) routers.add(router);
    }
    return this.#scene({ networks, routers }, true);
  }

  /**
   * @param isWhole the routers with all their networks
   * @param known views of the networks
   */
  #scene(
    { networks, routers }: Record<'networks' | 'routers', ReadonlySet<string>>,
    isWhole: boolean,
    known?: Scene['networks'],
  ): Scene {
    const tables = this.#tables;
    const views = known ?? new Map([...networks].map((id) => [id, tables.view(id)] as const));
    const beside = new Map<string, NetworkView | undefined>();
    const viewOf = (network: string): NetworkView | undefined => {
      if (views.has(network) || !isWhole) return views.get(network);
      if (!beside.has(network)) beside.set(network, tables.view(network));
      return beside.get(network);
    };
    const seen = new Map<string, RouterView | undefined>();
    for (const id of routers) seen.set(id, tables.routerView(id, viewOf, isWhole));
    return { networks: views, routers: seen };
  }

  /** What they may touch of the model as it was, and as it will be. */
  *#scopeOfAll(changes: readonly Change[]): Generator<void, Scope> {
    const isOfMembers = changes.every(({ kind }) => kind === 'Nve' || kind === 'Endpoint');
    const scope = newScope(isOfMembers ? 'members' : 'everything');
    for (const change of changes) {
      this.#addTouched(scope, change);
      yield;
    }
    const undo = changes.map(({ kind, id }) => this.current(kind, id));
    yield* this.#take(changes);
    for (const change of undo) {
      this.#addTouched(scope, change);
      yield;
    }
    yield* this.#take(undo);
    return scope;
  }

  *#take(changes: readonly Change[]): Generator<void> {
    for (const change of changes) {
      this.#tables.put(change);
      yield;
    }
  }

  #addTouched(scope: Scope, change: Change): void {
    if (change.kind !== 'Endpoint') {
      this.#addScope(scope, change);
      return;
    }
    for (const spec of [this.#tables.endpoint(change.id), change.after]) {
      if (spec !== undefined) this.#addGroup(scope, spec.network);
    }
  }

  #scopeOf(change: Change): Scope {
    const scope = newScope(change.kind === 'Nve' ? 'members' : 'everything');
    if (change.kind === 'Endpoint') this.#scopeOfEndpoint(scope, change);
    else this.#addScope(scope, change);
    return scope;
  }

  #addScope(scope: Scope, change: Exclude<Change, { kind: 'Endpoint' }>): void {
    const tables = this.#tables;
    const addOf = (subnet: string): void => {
      const spec = tables.subnet(subnet);
      if (spec !== undefined) this.#addGroup(scope, spec.network);
    };
    switch (change.kind) {
      case 'VirtualNetwork':
        this.#addGroup(scope, change.id);
        break;
      case 'Nve':
        for (const network of tables.joined(change.id)) this.#addGroup(scope, network);
        break;
      case 'Subnet': {
        for (const subnet of [tables.subnet(change.id), change.after]) {
          if (subnet === undefined) continue;
          this.#addGroup(scope, subnet.network);
        }
        for (const router of tables.routersNaming(change.id)) this.#addRouter(scope, router);
        break;
      }
      case 'Router':
        this.#addRouter(scope, change.id);
        for (const id of change.after?.subnets ?? []) addOf(id);
        for (const { subnet } of change.after?.exits ?? []) addOf(subnet);
        break;
    }
  }

  /** Others than its own network only where its NVE comes to a router or leaves it. */
  #scopeOfEndpoint(scope: Scope, { id, after }: Extract<Change, { kind: 'Endpoint' }>): void {
    const tables = this.#tables;
    const before = tables.endpoint(id);
    const specs = [before, after].filter((spec) => spec !== undefined);
    const reachesMore = this.#movesMember(before, after) || specs.some((s) => this.#isAtLost(s));
    scope.reach = reachesMore ? 'members' : 'endpoint';
    for (const { network } of specs) {
      scope.networks.add(network);
      for (const router of tables.routersTo(network)) scope.routers.add(router);
      if (scope.reach === 'members') this.#addGroup(scope, network);
    }
  }

  /** Routes to it, from any network, are not what they were. */
  #isAtLost(endpoint: PlacedEndpoint): boolean {
    return this.#tables.nve(homeOf(endpoint))?.withdrawn === true;
  }

  /** An NVE comes to a network's group by it, or leaves it. */
  #movesMember(before: PlacedEndpoint | undefined, after: PlacedEndpoint | undefined): boolean {
    const tables = this.#tables;
    const nves = after === undefined ? [] : placesOf(after).map(({ nve }) => nve);
    const network = after?.network ?? '';
    if (nves.some((nve) => tables.sharesIn(network, nve) === 0)) return true;
    if (before === undefined) return false;
    const stays = tables.group(before.network).has(network);
    return placesOf(before).some(
      ({ nve }) => tables.sharesIn(before.network, nve) <= 1 && !(stays && nves.includes(nve)),
    );
  }

  /** A network with those that routers lead to, and these. */
  #addGroup(scope: Scope, network: string): void {
    for (const each of this.#tables.reach(network)) {
      scope.networks.add(each);
      for (const router of this.#tables.routersTo(each)) scope.routers.add(router);
    }
  }

  /** With its networks, and whatever they are routed to. */
  #addRouter(scope: Scope, router: string): void {
    scope.routers.add(router);
    for (const network of this.#tables.networksTo(router)) this.#addGroup(scope, network);
  }

  /** The change is of something that no NVE sees. */
  #isInvisible(change: Change): boolean {
    const tables = this.#tables;
    switch (change.kind) {
      case 'VirtualNetwork':
        return isSameButForPeople(tables.network(change.id)?.spec, change.after);
      case 'Subnet': {
        const [was, is] = [tables.subnet(change.id), change.after].map(withoutPools);
        return isSameButForPeople(was, is);
      }
      case 'Router':
        return isSameButForPeople(tables.router(change.id), change.after);
      case 'Nve':
        return isDeepStrictEqual(tables.nve(change.id), change.after);
      case 'Endpoint':
        return isDeepStrictEqual(tables.endpoint(change.id), change.after);
    }
  }

  #vtepItems(nve: string): Item[] {
    const input = this.#tables.nve(nve);
    return input === undefined ? [] : [...vtepItems(input.spec)];
  }
}

function newScope(reach: RouterReach): Scope {
  return { networks: new Set(), routers: new Set(), reach };
}

/** The same as each network has them, for an endpoint may have come from another. */
function byNetwork(
  changed: readonly ChangedEndpoint[],
): (network: string) => readonly ChangedEndpoint[] {
  const found = new Map<string, ChangedEndpoint[]>();
  for (const { id, before, after } of changed) {
    for (const network of new Set([before?.network, after?.network])) {
      if (network === undefined) continue;
      const was = before?.network === network ? before : undefined;
      const is = after?.network === network ? after : undefined;
      const own = found.get(network) ?? [];
      found.set(network, own);
      own.push({ id, before: was, after: is });
    }
  }
  return (network) => found.get(network) ?? [];
}

interface ForPeople {
  readonly displayName: string;
  readonly labels: Labels;
}

function isSameButForPeople<S extends ForPeople>(a: S | undefined, b: S | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const { displayName, labels } = a;
  return isDeepStrictEqual(a, { ...b, displayName, labels });
}

/** What is given to endpoints is theirs then. */
function withoutPools(subnet: SubnetSpec | undefined): SubnetSpec | undefined {
  return subnet && { ...subnet, pools: [] };
}
