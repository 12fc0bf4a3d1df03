/** Reads VPP's routing: tables, gateway interfaces in them, neighbours, routes. */
import type { DetailsOf } from '../../../vpp-api/product-types.js';
import { retvalOf } from '../../../vpp-api/client/refused.js';
import { addressesOf } from '../read-interfaces.js';
import {
  FAMILIES,
  familyOf,
  type Binding,
  type Family,
  type RoutingView,
  type Source,
  type TableNames,
} from './routing-view.js';
import type { Interface, View } from '../view.js';
import { NO_INTERFACE, RETVAL, type Vpp } from '../vpp.js';
import type { Wants } from '../wants.js';
import { parseTag } from '../tag.js';

/** Beyond so many prefixes of a table all of it is read. */
const MAX_LOOKUPS = 256;

/** What can be read without knowing anything else. */
export async function readTables({ routing }: Wants, view: RoutingView, vpp: Vpp): Promise<void> {
  if (!routing.tables || !vpp.can('routing')) return;
  for (const [id, names] of await tableNames(vpp)) {
    for (const [family, name] of names) view.addTable(id, family, name);
  }
}

/** The rest, when interfaces and tables have been read. */
export async function readRouting(wants: Wants, view: View, vpp: Vpp): Promise<void> {
  if (!vpp.can('routing')) return;
  await Promise.all([
    ...gatewaysIn(wants, wants.routing.gateways, view).map(async ({ index }) => {
      view.routing.bindings.set(index, await readBinding(index, vpp));
    }),
    readNeighbors(wants, view, vpp),
    readRoutes(wants, view.routing, vpp),
  ]);
}

/** All tables that VPP has, by id. */
export async function tableNames(vpp: Vpp): Promise<ReadonlyMap<number, TableNames>> {
  const tables = new Map<number, Map<Family, string>>();
  for (const { table } of await vpp.dump('ip_table_dump', {})) {
    const names = tables.get(table.table_id) ?? new Map<Family, string>();
    tables.set(table.table_id, names.set(table.is_ip6 ? 'IPv6' : 'IPv4', table.name));
  }
  return tables;
}

export async function readBinding(index: number, vpp: Vpp): Promise<Binding> {
  const table = async (isIp6: boolean): Promise<number> => {
    const asked = { sw_if_index: index, is_ipv6: isIp6 };
    return (await vpp.request('sw_interface_get_table', asked)).vrf_id;
  };
  const [ip4, ip6, addresses] = await Promise.all([
    table(false),
    table(true),
    addressesOf([index], vpp),
  ]);
  const texts = addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  return { tables: [ip4, ip6], addresses: texts };
}

/** Static neighbours of an interface, or of all: what an operator or a control plane has made. */
export async function staticNeighbors(
  index: number,
  vpp: Vpp,
): Promise<{ readonly index: number; readonly ip: string; readonly mac: string }[]> {
  const found = await Promise.all(
    (['ADDRESS_IP4', 'ADDRESS_IP6'] as const).map((af) =>
      vpp.dump('ip_neighbor_dump', { sw_if_index: index, af }),
    ),
  );
  return found
    .flat()
    .filter(({ neighbor }) => isStatic(neighbor.flags))
    .map(({ neighbor: { sw_if_index, ip_address: ip, mac_address: mac } }) => ({
      index: sw_if_index,
      ip,
      mac,
    }));
}

type Flags = DetailsOf<'ip_neighbor_dump'>['neighbor']['flags'];

function isStatic(flags: Flags): boolean {
  return flags.includes('IP_API_NEIGHBOR_FLAG_STATIC');
}

function gatewaysIn(wants: Wants, tags: ReadonlySet<string>, view: View): Interface[] {
  const wanted = wants.everything ? view.tags() : tags;
  return [...wanted].flatMap((tag) => {
    const found = view.tagged(tag);
    return found !== undefined && parseTag(tag)?.key.startsWith('gw/') === true ? [found] : [];
  });
}

async function readNeighbors(wants: Wants, view: View, vpp: Vpp): Promise<void> {
  const indices = wants.everything
    ? [NO_INTERFACE]
    : gatewaysIn(wants, wants.routing.neighbors, view).map(({ index }) => index);
  for (const found of await Promise.all(indices.map((index) => staticNeighbors(index, vpp)))) {
    for (const { index, ip, mac } of found) view.routing.addNeighbor(index, ip, mac);
  }
}

async function readRoutes(wants: Wants, view: RoutingView, vpp: Vpp): Promise<void> {
  const asked = wants.everything ? [...view.tables.keys()] : [...wants.routing.routes.keys()];
  const ours = asked.flatMap((vrf) =>
    FAMILIES.filter((family) => view.isOurs(vrf, family)).map((family) => ({ vrf, family })),
  );
  if (ours.length === 0) return;
  const sources = await readSources(vpp);
  const unknown = { name: 'unknown', priority: 0 };
  const add = (vrf: number, { prefix, src, paths }: RouteOfDump): void => {
    view.addRoute(vrf, canonical(prefix), { source: sources.get(src) ?? unknown, paths });
  };
  await Promise.all(
    ours.map(async ({ vrf, family }) => {
      const prefixes = [...(wants.routing.routes.get(vrf) ?? [])];
      const own = prefixes.filter((prefix) => familyOf(prefix) === family);
      const isFew = !wants.everything && own.length <= MAX_LOOKUPS;
      const found = isFew ? await lookUp(vrf, own, vpp) : await dumpRoutes(vrf, family, vpp);
      for (const route of found) add(vrf, route);
    }),
  );
}

/** Where an interface has an IPv4 address, VPP shows the bits of the host too. */
function canonical(prefix: string): string {
  if (prefix.includes(':')) return prefix;
  const [address = '', length = ''] = prefix.split('/');
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const hosts = 2 ** (32 - Number(length));
  // The usual case, and what costs: there may be very many.
  if (bits % hosts === 0) return prefix;
  const network = bits - (bits % hosts);
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256);
  return `${parts.join('.')}/${length}`;
}

type RouteOfDump = DetailsOf<'ip_route_v2_dump'>['route'];

async function dumpRoutes(vrf: number, family: Family, vpp: Vpp): Promise<RouteOfDump[]> {
  const table = { table_id: vrf, is_ip6: family === 'IPv6', name: '' };
  // 0: from whatever source.
  return (await vpp.dump('ip_route_v2_dump', { src: 0, table })).map(({ route }) => route);
}

async function lookUp(vrf: number, prefixes: readonly string[], vpp: Vpp): Promise<RouteOfDump[]> {
  const found = await Promise.all(
    prefixes.map(async (prefix) => {
      try {
        const asked = { table_id: vrf, exact: 1, prefix };
        return [(await vpp.request('ip_route_lookup_v2', asked)).route];
      } catch (error) {
        const retval = retvalOf(error);
        if (retval === RETVAL.NO_SUCH_ENTRY || retval === RETVAL.NO_SUCH_FIB) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}

/** By the numbers that routes have; those of plugins differ from VPP to VPP. */
async function readSources(vpp: Vpp): Promise<ReadonlyMap<number, Source>> {
  const found = await vpp.dump('fib_source_dump', {});
  return new Map(found.map(({ src: { id, name, priority } }) => [id, { name, priority }]));
}
