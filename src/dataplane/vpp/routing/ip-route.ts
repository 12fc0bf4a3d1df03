/**
 * Route: an entry of a VRF's table that was given over the API (vnet/fib). Those that VPP has by
 * itself, of addresses, neighbours and what each table begins with, are from other sources.
 */
import { NfvError } from '../../../errors.js';
import {
  gatewayKey,
  routeKey,
  vrfKey,
  type NextHop,
  type RouteItem,
  type RouteVia,
} from '../../../model/routing-items.js';
import { differing } from '../../../reconcile/differing.js';
import type { FibPath } from '../../../vpp-api/generated/messages.js';
import { interfaceOf, type Context } from '../context.js';
import { ANY, dropPath, pathVia } from './fib-path.js';
import type { VppKind } from '../kind.js';
import { familyOf, type FoundRoute } from './routing-view.js';
import type { View } from '../view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from '../vpp.js';

/** Of VPP's sources of routes (vnet/fib/fib_source.h). */
const OURS = 'API';
/** The network of a next hop by an interface that is not ours, or is no more. */
const UNKNOWN = -1;
const NONE: readonly string[] = [];

export const ipRoute: VppKind<RouteItem> = {
  rank: 7,
  differences: (wanted, observed) =>
    wanted.via === observed.via ? [] : differing({ via: [told(wanted.via), told(observed.via)] }),
  /**
   * A path by an interface that was deleted drops for ever, and VPP shares it among routes: it is gone
   * when all of them are, whatever interface has its index now (fib_path_back_walk_notify).
   */
  mustRecreate: (_wanted, { via }) =>
    via.kind === 'next_hops' && via.nextHops.some(({ vni }) => vni === UNKNOWN),

  reads([vrf, ...parts], wanted, wants) {
    // There may be very many.
    if (wants.everything) return;
    wants.interfaces = true;
    wants.routing.tables = true;
    wants.routing.route(Number(vrf), wanted?.prefix ?? parts.join('/'));
  },

  observe([text, ...parts], wanted, view) {
    const { vrf, prefix } = wanted ?? { vrf: Number(text), prefix: parts.join('/') };
    const found = view.routing.routes(vrf).get(prefix);
    if (found === undefined) return undefined;
    if (found.source.name !== OURS) return wanted && obstacle(vrf, prefix, found);
    // What is as wanted is the wanted one: thousands of them are not kept twice, nor compared again.
    if (wanted !== undefined && isAsWanted(wanted, found, view)) {
      return { payload: wanted, defects: NONE };
    }
    return { payload: { kind: 'route', vrf, prefix, via: viaOf(vrf, found, view) }, defects: NONE };
  },

  *list(view) {
    for (const vrf of view.routing.tables.keys()) {
      for (const [prefix, { source }] of view.routing.routes(vrf)) {
        if (source.name === OURS) yield routeKey(vrf, prefix);
      }
    }
  },

  create: put,
  update: (wanted, _from, context) => put(wanted, context),
  remove: ({ vrf, prefix }, { vpp }) =>
    unless(addDel(vrf, prefix, [], false, vpp), RETVAL.NO_SUCH_FIB),
};

function put(route: RouteItem, context: Context): Promise<unknown> {
  return addDel(route.vrf, route.prefix, pathsOf(route, context), true, context.vpp);
}

/** Not async: of thousands a promise less counts. */
function addDel(
  vrf: number,
  prefix: string,
  paths: readonly FibPath[],
  isAdd: boolean,
  vpp: Vpp,
): Promise<unknown> {
  // Without is_multipath the paths take the place of those that there are. Source 0 is the API's.
  const route = { table_id: vrf, stats_index: 0, prefix, src: 0, paths };
  return vpp.request('ip_route_add_del_v2', { is_add: isAdd, is_multipath: false, route });
}

function pathsOf({ vrf, prefix, via }: RouteItem, context: Context): FibPath[] {
  switch (via.kind) {
    case 'drop':
      return [dropPath(familyOf(prefix))];
    case 'vrf':
      return [pathVia(ANY[familyOf(prefix)], { table: via.vrf })];
    case 'next_hops':
      return via.nextHops.map(({ address, vni, weight }) => {
        if (vni === 0) return pathVia(address, { table: vrf, weight });
        return pathVia(address, { index: interfaceOf(gatewayKey(vrf, vni), context), weight });
      });
  }
}

/** What VPP has there from a source that goes before ours; one that comes after is put over. */
function obstacle(vrf: number, prefix: string, { source }: FoundRoute): NfvError | undefined {
  if (source.priority > API_PRIORITY) return undefined;
  const text = `VPP's ${vrfKey(vrf)} has ${prefix} from "${source.name}", which goes before a route`;
  return new NfvError('FOREIGN_OBJECT', text, {
    metadata: { table: String(vrf), prefix, source: source.name },
  });
}

/** `foreach_fib_source` of vnet/fib/fib_source.h: addresses of interfaces 3, CLI 0x81, neighbours later. */
const API_PRIORITY = 0x80;

/** With its next hops in the same order, which is the usual case for one or two. */
function isAsWanted({ vrf, via }: RouteItem, { paths }: FoundRoute, view: View): boolean {
  if (via.kind !== 'next_hops' || via.nextHops.length !== paths.length) return false;
  return paths.every((path, i) => {
    const hop = via.nextHops[i];
    if (hop === undefined || !isNormal(path)) return false;
    const isThere = path.nh.address === hop.address && path.weight === hop.weight;
    return isThere && networkOf(vrf, path, view) === hop.vni;
  });
}

function viaOf(vrf: number, { paths }: FoundRoute, view: View): RouteVia {
  const [first] = paths;
  const isOne = paths.length === 1 && first !== undefined;
  if (isOne && first.type === 'FIB_API_PATH_TYPE_DROP') return { kind: 'drop' };
  const isTable = isOne && first.sw_if_index === NO_INTERFACE && isAny(first.nh.address);
  if (isTable && isNormal(first)) return { kind: 'vrf', vrf: first.table_id };
  const nextHops = paths.filter(isNormal).map((path): NextHop => ({
    address: path.nh.address,
    vni: networkOf(vrf, path, view),
    weight: path.weight,
  }));
  return { kind: 'next_hops', nextHops };
}

type Path = FoundRoute['paths'][number];

function isNormal({ type, flags }: Path): boolean {
  return type === 'FIB_API_PATH_TYPE_NORMAL' && flags.length === 0;
}

function isAny(address: string): boolean {
  return address === ANY.IPv4 || address === ANY.IPv6;
}

/** The VNI of a next hop; 0: it is looked up in the table itself. */
function networkOf(vrf: number, { sw_if_index: index, table_id: table }: Path, view: View): number {
  if (index === NO_INTERFACE) return table === vrf ? 0 : UNKNOWN;
  const gateway = view.gatewayAt(index);
  return gateway?.vrf === vrf ? gateway.vni : UNKNOWN;
}

/** In the order of the addresses: VPP keeps paths in its own. */
function told(via: RouteVia): string {
  if (via.kind === 'drop') return 'drop';
  if (via.kind === 'vrf') return `vrf ${via.vrf}`;
  return via.nextHops.map(hopText).sort().join(', ');
}

function hopText({ address, vni, weight }: NextHop): string {
  const where =
    vni === 0 ? '' : vni === UNKNOWN ? ' by an interface that is not ours' : ` in ${vni}`;
  return `${address}${where}${weight === 1 ? '' : ` weight ${weight}`}`;
}
