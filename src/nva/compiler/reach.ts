/** What of the model some changes may reach: networks with all that is routed to, and who takes part. Pure. */
import type { RouterSpec } from '../../model/router.js';
import { gatewayNves } from '../../model/router-exit.js';
import type { Change } from './inputs.js';
import type { Tables } from './tables.js';

/** As changes from nothing; some come twice. */
export function* reachOf(tables: Tables, changes: readonly Change[]): Generator<Change> {
  const networks = new Set<string>();
  for (const id of seedsOf(tables, changes)) {
    for (const each of tables.reach(id)) networks.add(each);
  }
  const nves = new Set(changes.flatMap(nvesNamed));
  const routers = new Set(changes.filter(({ kind }) => kind === 'Router').map(({ id }) => id));
  const subnets = new Set(changes.filter(({ kind }) => kind === 'Subnet').map(({ id }) => id));
  for (const id of networks) {
    const network = tables.network(id);
    if (network === undefined) continue;
    yield { kind: 'VirtualNetwork', id, after: network.spec };
    for (const nve of network.byNve.keys()) nves.add(nve);
    for (const subnet of network.subnets) subnets.add(subnet);
    for (const router of tables.routersTo(id)) routers.add(router);
    for (const [endpoint, after] of network.endpoints) {
      yield { kind: 'Endpoint', id: endpoint, after };
    }
  }
  for (const id of routers) {
    for (const nve of gatewayNves(tables.exitsOf(id))) nves.add(nve);
    yield { kind: 'Router', id, after: tables.router(id) };
  }
  for (const id of subnets) yield { kind: 'Subnet', id, after: tables.subnet(id) };
  for (const id of nves) yield { kind: 'Nve', id, after: tables.nve(id) };
}

/** The networks that changes are about. */
function* seedsOf(tables: Tables, changes: readonly Change[]): Generator<string> {
  for (const change of changes) {
    const { id } = change;
    switch (change.kind) {
      case 'VirtualNetwork':
        yield id;
        break;
      case 'Nve':
        yield* tables.joined(id);
        break;
      case 'Endpoint':
        for (const spec of [tables.endpoint(id), change.after]) if (spec) yield spec.network;
        break;
      case 'Subnet':
        for (const spec of [tables.subnet(id), change.after]) if (spec) yield spec.network;
        for (const router of tables.routersNaming(id)) yield* tables.networksTo(router);
        break;
      case 'Router':
        yield* tables.networksTo(id);
        yield* networksOf(tables, change.after);
        break;
    }
  }
}

function* networksOf(tables: Tables, router: RouterSpec | undefined): Generator<string> {
  const { subnets = [], exits = [] } = router ?? {};
  for (const id of [...subnets, ...exits.map(({ subnet }) => subnet)]) {
    const spec = tables.subnet(id);
    if (spec !== undefined) yield spec.network;
  }
}

function nvesNamed(change: Change): string[] {
  if (change.kind === 'Nve') return [change.id];
  if (change.kind === 'Router') return [...gatewayNves(change.after?.exits ?? [])];
  return change.kind === 'Endpoint' && change.after !== undefined ? [change.after.nve] : [];
}
