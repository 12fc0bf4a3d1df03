/** Paths of routes as VPP's API has them (vnet/fib/fib_types.api, fib_api_path_decode). */
import type { FibPath } from '../../../vpp-api/generated/messages.js';
import { NO_INTERFACE } from '../vpp.js';

const NO_LABEL = { is_uniform: 0, label: 0, ttl: 0, exp: 0 } as const;
const LABELS = Array.from({ length: 16 }, () => NO_LABEL);
const NO_RPF = 0xffff_ffff;

export const ANY = { IPv4: '0.0.0.0', IPv6: '::' } as const;

/** To a neighbour on an interface; without one it is looked up in the table, without an address too. */
export function pathVia(
  address: string,
  to: { readonly index?: number; readonly table?: number; readonly weight?: number } = {},
): FibPath {
  const { index = NO_INTERFACE, table = 0, weight = 1 } = to;
  return {
    sw_if_index: index,
    table_id: table,
    rpf_id: NO_RPF,
    weight,
    preference: 0,
    type: 'FIB_API_PATH_TYPE_NORMAL',
    flags: [],
    proto: address.includes(':') ? 'FIB_API_PATH_NH_PROTO_IP6' : 'FIB_API_PATH_NH_PROTO_IP4',
    nh: { address, via_label: 0, obj_id: 0, classify_table_index: 0 },
    n_labels: 0,
    label_stack: LABELS,
  };
}

export function dropPath(family: keyof typeof ANY): FibPath {
  return { ...pathVia(ANY[family]), type: 'FIB_API_PATH_TYPE_DROP' };
}
