/** A request to add a route with one path, for tests and benchmarks; `i` varies the prefix. */
export function routeFields(i = 0): {
  is_add: boolean;
  is_multipath: boolean;
  route: Record<string, unknown> & { paths: Record<string, unknown>[] };
} {
  const label = { is_uniform: 0, label: 0, ttl: 0, exp: 0 };
  const path = {
    sw_if_index: 1,
    table_id: 0,
    rpf_id: 0,
    weight: 1,
    preference: 0,
    type: 'FIB_API_PATH_TYPE_NORMAL',
    flags: [],
    proto: 'FIB_API_PATH_NH_PROTO_IP4',
    nh: { address: '10.1.1.1', via_label: 0, obj_id: 0, classify_table_index: 0 },
    n_labels: 0,
    label_stack: Array.from({ length: 16 }, () => ({ ...label })),
  };
  const prefix = `${10 + ((i >> 16) & 63)}.${(i >> 8) & 255}.${i & 255}.0/24`;
  const route = { table_id: 0, stats_index: 0, prefix, src: 0, paths: [path] };
  return { is_add: true, is_multipath: false, route };
}
