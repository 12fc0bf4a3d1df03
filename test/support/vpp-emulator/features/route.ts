import type { Feature, Handler } from '../feature.js';
import { ADMIN_UP, NONE, RETVAL, type VppState } from '../state.js';
import { isValues, type Value, type Values } from '../wire.js';
import { addressAt, asAddress, isIp6, masked } from './address.js';

interface Route {
  readonly ip6: boolean;
  readonly table: number;
  readonly address: string;
  readonly length: number;
  paths: readonly Values[];
  readonly statsIndex: number;
}

const keyOf = (ip6: boolean, table: number): string => `${ip6 ? 6 : 4}/${table}`;

/** FIB_API_PATH_TYPE_NORMAL, SOURCE_LOOKUP */
const WITH_NEXT_HOP: readonly Value[] = [0, 6];

export class Routes {
  readonly #tables = new Map<string, { ip6: boolean; id: number; name: string }>();
  readonly #routes = new Map<string, Route>();
  #statsIndex = 0;

  constructor() {
    for (const ip6 of [false, true]) {
      this.#tables.set(keyOf(ip6, 0), { ip6, id: 0, name: ip6 ? 'ipv6-VRF:0' : 'ipv4-VRF:0' });
    }
  }

  get tables(): readonly { ip6: boolean; id: number; name: string }[] {
    return [...this.#tables.values()];
  }

  hasTable(ip6: boolean, id: number): boolean {
    return this.#tables.has(keyOf(ip6, id));
  }

  addTable(ip6: boolean, id: number, name: string): void {
    const named = name === '' ? `ipv${ip6 ? 6 : 4}-VRF:${id}` : name;
    if (!this.hasTable(ip6, id)) this.#tables.set(keyOf(ip6, id), { ip6, id, name: named });
  }

  /** The default tables stay, whatever one asks. */
  removeTable(ip6: boolean, id: number): void {
    if (id === 0) return;
    this.#tables.delete(keyOf(ip6, id));
    for (const [key, route] of this.#routes) {
      if (route.ip6 === ip6 && route.table === id) this.#routes.delete(key);
    }
  }

  inTable(ip6: boolean, id: number): Route[] {
    return [...this.#routes.values()].filter((r) => r.ip6 === ip6 && r.table === id);
  }

  get(table: number, address: string, length: number): Route | undefined {
    return this.#routes.get(`${table}/${address}/${length}`);
  }

  set(table: number, address: string, length: number, paths: readonly Values[]): Route {
    const known = this.get(table, address, length);
    if (known !== undefined) {
      known.paths = paths;
      return known;
    }
    const statsIndex = this.#statsIndex++;
    const route = { ip6: isIp6(address), table, address, length, paths, statsIndex };
    this.#routes.set(`${table}/${address}/${length}`, route);
    return route;
  }

  delete(table: number, address: string, length: number): void {
    this.#routes.delete(`${table}/${address}/${length}`);
  }
}

const addDelTable: Handler = (request, { routes }) => {
  const ip6 = request.flag('table.is_ip6');
  const id = request.num('table.table_id');
  if (request.flag('is_add')) routes.addTable(ip6, id, request.text('table.name'));
  else routes.removeTable(ip6, id);
  request.reply();
};

const addDelRoute: Handler = (request, state) => {
  const { routes } = state;
  const table = request.num('route.table_id');
  const whole = addressAt(request, 'route.prefix.address');
  const length = request.num('route.prefix.len');
  if (!routes.hasTable(isIp6(whole), table)) {
    request.retval(RETVAL.NO_SUCH_FIB);
    return;
  }
  const paths = request.list('route.paths').filter((path) => isValues(path));
  const problem = paths.map((path) => pathProblem(path, state)).find((each) => each !== 0);
  if (problem !== undefined || length > whole.length * 4) {
    request.retval(problem ?? RETVAL.INVALID_PREFIX_LENGTH);
    return;
  }
  const address = masked(whole, length);
  const known = routes.get(table, address, length)?.paths ?? [];
  const multipath = request.flag('is_multipath');
  const isAdd = request.flag('is_add');
  if (paths.length === 0 && (isAdd || multipath)) {
    request.retval(RETVAL.NO_PATHS_IN_ROUTE);
    return;
  }
  const left = known.filter((path) => !paths.some((other) => isSamePath(path, other)));
  if (isAdd) {
    const { statsIndex } = routes.set(
      table,
      address,
      length,
      multipath ? [...left, ...paths] : paths,
    );
    request.reply({ stats_index: statsIndex });
    return;
  }
  if (multipath && left.length > 0) routes.set(table, address, length, left);
  else routes.delete(table, address, length);
  request.reply();
};

const dumpRoutes: Handler = (request, { routes }) => {
  const id = request.num('table.table_id');
  for (const route of routes.inTable(request.flag('table.is_ip6'), id)) {
    request.details({ route: asRoute(route) });
  }
};

const lookupRoute: Handler = (request, state) => {
  const address = addressAt(request, 'prefix.address');
  const length = request.num('prefix.len');
  const table = request.num('table_id');
  const exact = request.num('exact') !== 0;
  for (let bits = length; bits >= (exact ? length : 0); bits--) {
    const prefix = masked(address, bits);
    const found = state.routes.get(table, prefix, bits);
    const paths = found?.paths ?? ownPaths(state, table, address, bits);
    if (paths.length === 0) continue;
    const statsIndex = found?.statsIndex ?? 0;
    const ip6 = isIp6(address);
    const route = { ip6, table, address: prefix, length: bits, paths, statsIndex };
    request.reply({ route: asRoute(route) });
    return;
  }
  request.retval(RETVAL.NO_SUCH_ENTRY);
};

const LOCAL = 1;
const DROP = 2;

/** The routes that an address brings, and that each table has from the start (fib_table, ip4_fib). */
function ownPaths(state: VppState, table: number, address: string, bits: number): Values[] {
  const ip6 = isIp6(address);
  for (const { addresses, tables, flags, swIfIndex } of state.interfaces.values()) {
    if ((tables.get(ip6) ?? 0) !== table || (flags & ADMIN_UP) === 0) continue;
    for (const key of addresses) {
      const [own = '', length] = key.split('/');
      if (isIp6(own) !== ip6) continue;
      if (own === address && bits === own.length * 4) return [pathTo(NONE, LOCAL, ip6)];
      const isItsSubnet = Number(length) === bits && masked(own, bits) === masked(address, bits);
      if (isItsSubnet) return [pathTo(swIfIndex, 0, ip6)];
    }
  }
  return bits === 0 ? [pathTo(NONE, DROP, ip6)] : [];
}

function pathTo(swIfIndex: number, type: number, ip6: boolean): Values {
  return {
    sw_if_index: swIfIndex,
    table_id: 0,
    rpf_id: 0,
    weight: 1,
    preference: 0,
    type,
    flags: 0,
    proto: ip6 ? 1 : 0,
    nh: { address: ''.padEnd(32, '0'), via_label: 0, obj_id: 0, classify_table_index: 0 },
    n_labels: 0,
    label_stack: Array.from({ length: 16 }, () => ({ is_uniform: 0, label: 0, ttl: 0, exp: 0 })),
  };
}

/** src/vnet/ip/ip_api.c, src/vnet/fib/fib_api.c */
export const ipRoutes: Feature = {
  module: 'ip',
  handlers: {
    ip_table_add_del: addDelTable,
    ip_table_add_del_v2: addDelTable,
    ip_table_dump: (request, { routes }) => {
      for (const { ip6, id, name } of routes.tables) {
        request.details({ table: { table_id: id, is_ip6: ip6, name } });
      }
    },
    ip_route_add_del: addDelRoute,
    ip_route_add_del_v2: addDelRoute,
    ip_route_dump: dumpRoutes,
    ip_route_v2_dump: dumpRoutes,
    ip_route_lookup: lookupRoute,
    ip_route_lookup_v2: lookupRoute,
  },
};

/** fib_api_path_decode */
function pathProblem(path: Values, state: VppState): number {
  if (!WITH_NEXT_HOP.includes(path['type'] ?? 0)) return 0;
  const swIfIndex = path['sw_if_index'];
  const table = path['table_id'];
  if (swIfIndex === NONE) {
    const ip6 = path['proto'] === 1;
    return state.routes.hasTable(ip6, Number(table)) ? 0 : RETVAL.NO_SUCH_FIB;
  }
  return state.interfaces.has(Number(swIfIndex)) ? 0 : RETVAL.NO_MATCHING_INTERFACE;
}

function isSamePath(a: Values, b: Values): boolean {
  const parts = (path: Values): string =>
    JSON.stringify([path['sw_if_index'], path['table_id'], path['type'], path['nh']]);
  return parts(a) === parts(b);
}

function asRoute({ table, address, length, paths, statsIndex }: Route): Values {
  const prefix = { address: asAddress(address), len: length };
  return { table_id: table, stats_index: statsIndex, prefix, n_paths: paths.length, paths };
}
