/** The way to a remote VTEP, in VPP's routing table. */
import type { ReplyOf } from '../../../vpp-api/product-types.js';
import { RETVAL, type Vpp } from '../vpp.js';
import { retvalOf } from '../../../vpp-api/client/refused.js';

/** The table of the underlay. */
const TABLE = 0;
/** Paths that lead nowhere (vnet/fib/fib_types.api). */
const DEAD_ENDS: ReadonlySet<string> = new Set([
  'FIB_API_PATH_TYPE_DROP',
  'FIB_API_PATH_TYPE_ICMP_UNREACH',
  'FIB_API_PATH_TYPE_ICMP_PROHIBIT',
  'FIB_API_PATH_TYPE_LOCAL',
]);

/** VPP has a route to this address that leads away from the host. */
export async function leads(address: string, vpp: Vpp): Promise<boolean> {
  const paths = await lookUp(`${address}/${address.includes(':') ? 128 : 32}`, false, vpp);
  return paths.some(({ type }) => !DEAD_ENDS.has(String(type)));
}

/** VPP has a route to just this prefix, by this neighbour. */
export async function hasRoute(to: string, via: string, vpp: Vpp): Promise<boolean> {
  return (await lookUp(to, true, vpp)).some(({ nh }) => nh.address === via);
}

type Paths = ReplyOf<'ip_route_lookup_v2'>['route']['paths'];

async function lookUp(prefix: string, exact: boolean, vpp: Vpp): Promise<Paths> {
  const asked = { table_id: TABLE, exact: exact ? 1 : 0, prefix };
  try {
    const { route } = vpp.has('ip_route_lookup_v2')
      ? await vpp.request('ip_route_lookup_v2', asked)
      : await vpp.request('ip_route_lookup', asked);
    return route.paths;
  } catch (error) {
    if (retvalOf(error) === RETVAL.NO_SUCH_ENTRY) return [];
    throw error;
  }
}
