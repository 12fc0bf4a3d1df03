import type { Feature, Handler } from '../feature.js';
import { NONE, RETVAL, type VppState } from '../state.js';
import { isValues, type Value, type Values } from '../wire.js';
import { addressAt, asAddress, isIp6, masked } from './address.js';
import { API, entriesOf, entryFinder, type Entry } from './fib-entries.js';

interface Route {
  readonly ip6: boolean;
  readonly src: number;
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
  readonly #tables = new Map<string, Table>();
  readonly #routes = new Map<string, Route>();
  /** Lists of paths by an interface that is no more: they drop until no route has them. */
  readonly #dead = new Set<string>();
  #statsIndex = 0;

  constructor() {
    for (const ip6 of [false, true]) {
      const name = ip6 ? 'ipv6-VRF:0' : 'ipv4-VRF:0';
      this.#tables.set(keyOf(ip6, 0), { ip6, id: 0, name, isLocked: true });
    }
  }

  get tables(): readonly Table[] {
    return [...this.#tables.values()];
  }

  hasTable(ip6: boolean, id: number): boolean {
    return this.#tables.has(keyOf(ip6, id));
  }

  addTable(ip6: boolean, id: number, name: string): void {
    const named = name === '' ? `ipv${ip6 ? 6 : 4}-VRF:${id}` : name;
    const known = this.#tables.get(keyOf(ip6, id));
    if (known !== undefined) known.isLocked = true;
    else this.#tables.set(keyOf(ip6, id), { ip6, id, name: named, isLocked: true });
  }

  /** The default tables stay, whatever one asks; any other as long as something is in it. */
  unlockTable(ip6: boolean, id: number): void {
    const known = this.#tables.get(keyOf(ip6, id));
    if (id !== 0 && known !== undefined) known.isLocked = false;
  }

  sweepTables(isBound: (ip6: boolean, id: number) => boolean): void {
    for (const { ip6, id, isLocked } of this.tables) {
      if (!isLocked && !isBound(ip6, id) && !this.#leadsTo(ip6, id)) this.#removeTable(ip6, id);
    }
  }

  #leadsTo(ip6: boolean, id: number): boolean {
    return [...this.#routes.values()].some(
      (route) =>
        route.ip6 === ip6 &&
        route.paths.some(
          (path) => path['type'] === 0 && path['sw_if_index'] === NONE && path['table_id'] === id,
        ),
    );
  }

  #removeTable(ip6: boolean, id: number): void {
    this.#tables.delete(keyOf(ip6, id));
    for (const [key, route] of this.#routes) {
      if (route.ip6 === ip6 && route.table === id) this.#routes.delete(key);
    }
  }

  inTable(ip6: boolean, id: number): Route[] {
    return [...this.#routes.values()].filter((r) => r.ip6 === ip6 && r.table === id);
  }

  /** From one source. */
  get(table: number, address: string, length: number, src: number): Route | undefined {
    return this.#routes.get(`${table}/${address}/${length} ${src}`);
  }

  set(
    table: number,
    address: string,
    length: number,
    src: number,
    paths: readonly Values[],
  ): Route {
    const known = this.get(table, address, length, src);
    if (known !== undefined) {
      const before = known.paths;
      known.paths = paths;
      this.#release(before);
      return known;
    }
    const statsIndex = this.#statsIndex++;
    const route = { ip6: isIp6(address), src, table, address, length, paths, statsIndex };
    this.#routes.set(`${table}/${address}/${length} ${src}`, route);
    return route;
  }

  delete(table: number, address: string, length: number, src: number): void {
    const known = this.get(table, address, length, src);
    this.#routes.delete(`${table}/${address}/${length} ${src}`);
    if (known !== undefined) this.#release(known.paths);
  }

  /** fib_path_back_walk_notify */
  interfaceGone(swIfIndex: number): void {
    for (const { paths } of this.#routes.values()) {
      if (paths.some((path) => path['sw_if_index'] === swIfIndex)) {
        this.#dead.add(JSON.stringify(paths));
      }
    }
  }

  isDead(paths: readonly Values[]): boolean {
    return this.#dead.has(JSON.stringify(paths));
  }

  #release(paths: readonly Values[]): void {
    const text = JSON.stringify(paths);
    if (!this.#dead.has(text)) return;
    const isUsed = [...this.#routes.values()].some((each) => JSON.stringify(each.paths) === text);
    if (!isUsed) this.#dead.delete(text);
  }
}

interface Table {
  readonly ip6: boolean;
  readonly id: number;
  readonly name: string;
  isLocked: boolean;
}

const addDelTable: Handler = (request, state) => {
  const { routes } = state;
  const ip6 = request.flag('table.is_ip6');
  const id = request.num('table.table_id');
  sweep(state);
  if (request.flag('is_add')) routes.addTable(ip6, id, request.text('table.name'));
  else routes.unlockTable(ip6, id);
  sweep(state);
  request.reply();
};

/** fib_table_unlock: what is bound to a table keeps it. */
function sweep({ routes, interfaces }: VppState): void {
  const all = [...interfaces.values()];
  routes.sweepTables((ip6, id) => all.some(({ tables }) => tables.get(ip6) === id));
}

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
  const src = (request.has('route.src') ? request.num('route.src') : 0) || API;
  const known = routes.get(table, address, length, src)?.paths ?? [];
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
      src,
      multipath ? [...left, ...paths] : paths,
    );
    request.reply({ stats_index: statsIndex });
    return;
  }
  if (multipath && left.length > 0) routes.set(table, address, length, src, left);
  else routes.delete(table, address, length, src);
  request.reply();
};

const dumpRoutes: Handler = (request, state) => {
  const id = request.num('table.table_id');
  const source = request.has('src') ? request.num('src') : 0;
  for (const route of entriesOf(state, request.flag('table.is_ip6'), id)) {
    if (source === 0 || source === route.src) request.details({ route: asRoute(route) });
  }
};

const lookupRoute: Handler = (request, state) => {
  const address = addressAt(request, 'prefix.address');
  const length = request.num('prefix.len');
  const table = request.num('table_id');
  if (!state.routes.hasTable(isIp6(address), table)) {
    request.retval(RETVAL.NO_SUCH_FIB);
    return;
  }
  const exact = request.num('exact') !== 0;
  const entryAt = entryFinder(state, table, isIp6(address));
  for (let bits = length; bits >= (exact ? length : 0); bits--) {
    const found = entryAt(masked(address, bits), bits);
    if (found === undefined) continue;
    request.reply({ route: asRoute(found) });
    return;
  }
  request.retval(RETVAL.NO_SUCH_ENTRY);
};

/** src/vnet/ip/ip_api.c, src/vnet/fib/fib_api.c */
export const ipRoutes: Feature = {
  module: 'ip',
  handlers: {
    ip_table_add_del: addDelTable,
    ip_table_add_del_v2: addDelTable,
    ip_table_dump: (request, state) => {
      sweep(state);
      const { routes } = state;
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

function asRoute({ table, address, length, paths, statsIndex, src }: Entry): Values {
  const prefix = { address: asAddress(address), len: length };
  return { table_id: table, stats_index: statsIndex, prefix, n_paths: paths.length, src, paths };
}
