/**
 * Routes of uplinks, in the table of the underlay. VPP keeps them by where they are from, and gives names to sources of
 * its clients' own (vnet/fib): what is from ours nobody else has put there. Of one prefix VPP takes the route from the
 * source with the least number; what another has there shows again when ours is gone.
 */
import { parsePrefix } from '../../../model/addresses.js';
import { retvalOf } from '../../../vpp-api/client/refused.js';
import { pathVia } from '../routing/fib-path.js';
import type { Uplink, UplinkRoute } from './uplink.js';
import { RETVAL, unless, type Vpp } from '../vpp.js';

/** The table of the underlay. */
const TABLE = 0;
export const SOURCE = 'nfvd';
/** Just before those of the API, 128 (`foreach_fib_source` of vnet/fib/fib_source.h): the configuration's goes first. */
const PRIORITY = 127;
/** What VPP takes for its API; a VPP that has no more numbers for sources answers that, too. */
const OF_THE_API = 0;
const FAMILIES = [false, true] as const;
const NONE: ReadonlySet<string> = new Set();

export class UplinkRoutes {
  /** Routes from our source that the configuration did not have when a VPP was first looked at. */
  #left: { readonly start: number; readonly prefixes: ReadonlySet<string> } | undefined;

  constructor(private readonly all: readonly Uplink[]) {}

  /** A route that is there already from our source is put over it, which changes nothing (fib_table_entry_path_add). */
  async put(routes: readonly UplinkRoute[], index: number, vpp: Vpp): Promise<void> {
    if (routes.length === 0) return;
    const src = await makeSource(vpp);
    await Promise.all(routes.map((route) => addRoute(route, index, src, vpp)));
  }

  /** The prefixes of routes that are ours, and that the configuration does not have. */
  async leftovers(vpp: Vpp): Promise<readonly string[]> {
    if (!canTell(vpp)) return [];
    const src = await findSource(vpp);
    if (this.#left?.start !== vpp.start) {
      const prefixes = src === undefined ? NONE : await this.#find(src, vpp);
      this.#left = { start: vpp.start, prefixes };
    }
    if (src === undefined) return [];
    // There come no more of them: nobody else has our source, and the configuration is read once.
    const left = [...this.#left.prefixes];
    const are = await Promise.all(left.map((prefix) => isFrom(src, prefix, vpp)));
    return left.filter((_, i) => are[i]);
  }

  /** To be asked of a prefix of `leftovers`. */
  async remove(prefix: string, vpp: Vpp): Promise<void> {
    const src = await findSource(vpp);
    if (src === undefined) return;
    const route = { table_id: TABLE, stats_index: 0, prefix, src, paths: [] };
    const work = vpp.request('ip_route_add_del_v2', { is_add: false, is_multipath: false, route });
    await unless(work, RETVAL.NO_SUCH_ENTRY);
  }

  /** VPP goes through all of the table for it, which may be large: once. */
  async #find(src: number, vpp: Vpp): Promise<ReadonlySet<string>> {
    const wanted = new Set(this.all.flatMap(({ routes }) => routes.map(({ to }) => textOf(to))));
    const found = await Promise.all(
      FAMILIES.map((isIp6) => {
        const table = { table_id: TABLE, is_ip6: isIp6, name: '' };
        return vpp.dump('ip_route_v2_dump', { src, table });
      }),
    );
    const ours = found.flat().filter(({ route }) => route.src === src);
    return new Set(
      ours.map(({ route }) => textOf(route.prefix)).filter((prefix) => !wanted.has(prefix)),
    );
  }
}

const textOf = (prefix: string): string => parsePrefix(prefix)?.text ?? prefix;

function canTell(vpp: Vpp): boolean {
  return vpp.can('routing') && vpp.has('fib_source_add');
}

async function findSource(vpp: Vpp): Promise<number | undefined> {
  const all = await vpp.dump('fib_source_dump', {});
  return all.find(({ src }) => src.name === SOURCE)?.src.id;
}

/** VPP keeps it until it ends. */
async function makeSource(vpp: Vpp): Promise<number> {
  if (!canTell(vpp)) return OF_THE_API;
  const found = await findSource(vpp);
  if (found !== undefined) return found;
  const src = { priority: PRIORITY, id: 0, name: SOURCE };
  return (await vpp.request('fib_source_add', { src })).id;
}

async function addRoute(
  { to, via }: UplinkRoute,
  index: number,
  src: number,
  vpp: Vpp,
): Promise<void> {
  const route = { table_id: TABLE, stats_index: 0, prefix: to, paths: [pathVia(via, { index })] };
  if (vpp.has('ip_route_add_del_v2')) {
    const flat = { is_add: true, is_multipath: false, route: { ...route, src } };
    await vpp.request('ip_route_add_del_v2', flat);
  } else await vpp.request('ip_route_add_del', { is_add: true, is_multipath: false, route });
}

/** What VPP takes for this prefix is from this source. */
async function isFrom(src: number, prefix: string, vpp: Vpp): Promise<boolean> {
  try {
    const asked = { table_id: TABLE, exact: 1, prefix };
    return (await vpp.request('ip_route_lookup_v2', asked)).route.src === src;
  } catch (error) {
    if (retvalOf(error) === RETVAL.NO_SUCH_ENTRY) return false;
    throw error;
  }
}
