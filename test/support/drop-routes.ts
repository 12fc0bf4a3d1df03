/** Routes of every number, all of which drop: VPP needs nothing else for them. */
import type { MessageFields } from '../../src/vpp-api/product-types.js';

export type TestRoute = MessageFields<'ip_route_add_del_v2'>['route'];
type Path = TestRoute['paths'][number];

function path(proto: Path['proto'], address: string): Path {
  return {
    sw_if_index: 0xffff_ffff,
    table_id: 0,
    rpf_id: 0,
    weight: 1,
    preference: 0,
    type: 'FIB_API_PATH_TYPE_DROP',
    flags: [],
    proto,
    nh: { address, via_label: 0, obj_id: 0, classify_table_index: 0 },
    n_labels: 0,
    label_stack: Array.from({ length: 16 }, () => ({ is_uniform: 0, label: 0, ttl: 0, exp: 0 })),
  };
}

const PATH4 = path('FIB_API_PATH_NH_PROTO_IP4', '0.0.0.0');
const PATH6 = path('FIB_API_PATH_NH_PROTO_IP6', '::');

/** 16.0.0.0/32 and up; `n` below 2^24. */
export function route4(n: number, table = 0): TestRoute {
  return routeTo(prefix4(n), table, PATH4);
}

export function prefix4(n: number): string {
  return `${16 + (n >>> 16)}.${(n >>> 8) & 255}.${n & 255}.1/32`;
}

export function routeTo4(prefix: string, table = 0): TestRoute {
  return routeTo(prefix, table, PATH4);
}

/** fd00::1/128 and up; `n` below 2^16. */
export function route6(n: number, table = 0): TestRoute {
  return routeTo(`fd00::${n.toString(16)}/128`, table, PATH6);
}

function routeTo(prefix: string, table: number, only: Path): TestRoute {
  return { table_id: table, stats_index: 0, prefix, src: 0, paths: [only] };
}
