/** What a table has in each place: of several sources the one with the least number (fib_source.h). */
import { ADMIN_UP, NONE, type VppState } from '../state.js';
import type { Values } from '../wire.js';
import type { Feature } from '../feature.js';
import { isIp6, masked } from './address.js';

export interface Entry {
  readonly table: number;
  readonly address: string;
  readonly length: number;
  readonly src: number;
  readonly paths: readonly Values[];
  readonly statsIndex: number;
}

const SPECIAL = 1;
const INTERFACE = 4;
export const API = 8;
const ADJACENCY = 15;
const DEFAULT_ROUTE = 20;

/** `[id, priority, name]` */
const SOURCES = [
  [SPECIAL, 0, 'special'],
  [INTERFACE, 3, 'interface'],
  [API, 128, 'API'],
  [9, 129, 'CLI'],
  [ADJACENCY, 208, 'adjacency'],
  [DEFAULT_ROUTE, 253, 'default-route'],
] as const;

/** `FIB_SOURCE_LAST` + 1, and those that plugins have. */
const FIRST_ADDED = 26;

const NORMAL = 0;
const LOCAL = 1;
const DROP = 2;

/** What each table has from the start: `[address, length, source]` (ip4_fib.c, ip6_fib.c). */
const IP4 = [
  ['00000000', 0, DEFAULT_ROUTE],
  ['f0000000', 4, SPECIAL],
  ['e0000000', 4, SPECIAL],
  ['00000000', 32, DEFAULT_ROUTE],
  ['ffffffff', 32, DEFAULT_ROUTE],
] as const;
const IP6 = [
  [''.padEnd(32, '0'), 0, DEFAULT_ROUTE],
  ['fe8'.padEnd(32, '0'), 10, SPECIAL],
] as const;

export function entriesOf(state: VppState, ip6: boolean, table: number): Entry[] {
  const best = new Map<string, Entry>();
  for (const entry of allOf(state, ip6, table)) {
    const place = `${masked(entry.address, entry.length)}/${entry.length}`;
    const other = best.get(place);
    if (other === undefined || isBefore(entry, other, state)) best.set(place, entry);
  }
  return [...best.values()];
}

/** What finds the entry of a table for a prefix, of those that there are now. */
export function entryFinder(
  state: VppState,
  table: number,
  ip6: boolean,
): (address: string, length: number) => Entry | undefined {
  // Once for all lengths that a lookup tries: there may be thousands of interfaces.
  const own = [...ownOf(state, ip6, table)];
  return (address, length) => {
    const found = own.filter(
      (each) => each.length === length && masked(each.address, length) === address,
    );
    const sources = [API, ...state.fibSources.map(({ id }) => id)];
    const given = sources.flatMap((src) => state.routes.get(table, address, length, src) ?? []);
    const all: Entry[] = [...found, ...given];
    return all.sort((a, b) => (isBefore(a, b, state) ? -1 : 1))[0];
  };
}

/** fib_source_cmp: those of one number in the order in which they came. */
function isBefore(a: Entry, b: Entry, state: VppState): boolean {
  const [of, than] = [priorityOf(a.src, state), priorityOf(b.src, state)];
  return of === than ? a.src < b.src : of < than;
}

function priorityOf(source: number, { fibSources }: VppState): number {
  const own = SOURCES.find(([id]) => id === source)?.[1];
  return own ?? fibSources.find(({ id }) => id === source)?.priority ?? 0;
}

function* allOf(state: VppState, ip6: boolean, table: number): Iterable<Entry> {
  yield* ownOf(state, ip6, table);
  yield* state.routes.inTable(ip6, table);
}

/** What VPP has by itself. */
function* ownOf(state: VppState, ip6: boolean, table: number): Iterable<Entry> {
  const drop = pathTo(NONE, DROP, ip6);
  for (const [address, length, src] of ip6 ? IP6 : IP4) {
    yield entry(table, address, length, src, drop);
  }
  for (const each of state.interfaces.values()) {
    if (each.addresses.size === 0) continue;
    const isIn = (each.tables.get(ip6) ?? 0) === table && (each.flags & ADMIN_UP) !== 0;
    for (const key of isIn ? each.addresses : []) {
      if (isIp6(key.split('/')[0] ?? '') === ip6) yield* ofAddress(key, each.swIfIndex, table);
    }
  }
  for (const { swIfIndex, ip } of state.neighbors.all) {
    const at = state.interfaces.get(swIfIndex);
    if (isIp6(ip) !== ip6 || (at?.tables.get(ip6) ?? 0) !== table) continue;
    yield entry(table, ip, ip.length * 4, ADJACENCY, pathTo(swIfIndex, NORMAL, ip6, ip));
  }
}

/** ip4_add_interface_routes, ip6_add_interface_routes */
function* ofAddress(key: string, swIfIndex: number, table: number): Iterable<Entry> {
  const [own = '', digits] = key.split('/');
  const ip6 = isIp6(own);
  const bits = own.length * 4;
  const length = Number(digits);
  const subnet = masked(own, length);
  if (length < bits) {
    // Of IPv4 with the bits of the host, as it was given.
    const path = pathTo(swIfIndex, NORMAL, ip6);
    yield entry(table, ip6 ? subnet : own, length, INTERFACE, path);
  }
  if (!ip6 && length < 31) {
    const last = (1n << BigInt(bits - length)) - 1n;
    const broadcast = (BigInt(`0x${subnet}`) | last).toString(16).padStart(8, '0');
    const drop = pathTo(NONE, DROP, ip6);
    yield entry(table, subnet, bits, INTERFACE, drop);
    yield entry(table, broadcast, bits, INTERFACE, drop);
  }
  yield entry(table, own, bits, INTERFACE, pathTo(swIfIndex, LOCAL, ip6, own));
}

function entry(table: number, address: string, length: number, src: number, path: Values): Entry {
  return { table, address, length, src, paths: [path], statsIndex: 0 };
}

function pathTo(swIfIndex: number, type: number, ip6: boolean, address = ''): Values {
  return {
    sw_if_index: swIfIndex,
    table_id: 0,
    rpf_id: 0,
    weight: 1,
    preference: 0,
    type,
    flags: 0,
    proto: ip6 ? 1 : 0,
    nh: {
      address: address.padEnd(32, '0'),
      via_label: 0,
      obj_id: 0,
      classify_table_index: 0,
    },
    n_labels: 0,
    label_stack: Array.from({ length: 16 }, () => ({ is_uniform: 0, label: 0, ttl: 0, exp: 0 })),
  };
}

/** src/vnet/fib/fib_api.c, fib_source.c */
export const fibSources: Feature = {
  module: 'fib',
  handlers: {
    fib_source_add: (request, { fibSources }) => {
      const id = FIRST_ADDED + fibSources.length;
      fibSources.push({
        id,
        priority: request.num('src.priority'),
        name: request.text('src.name'),
      });
      request.reply({ id });
    },
    fib_source_dump: (request, { fibSources }) => {
      for (const [id, priority, name] of SOURCES) request.details({ src: { id, priority, name } });
      for (const src of fibSources) request.details({ src });
    },
  },
};
