/** Reads what is wanted of the kernel: a few things one by one, many by a dump. */
import { mapBounded } from '../../host/bounded.js';
import { hasErrno } from '../../host/iproute2/answers.js';
import type { Door } from './door.js';
import type { Doors } from './doors.js';
import {
  parseFdb,
  parseNeighborLine,
  parseNeighbors,
  parseRoute,
  type FdbEntry,
  type Neighbor,
  type Route,
} from './entries.js';
import { parseLinks, type Link } from './links.js';
import type { Memory } from './memory.js';
import { bridgeName, FLOOD_MAC, vniOfName, vxlanName } from './names.js';
import { readRouters } from './routing/read-routers.js';
import {
  View,
  type MacPlace,
  type MemberPlace,
  type NeighborPlace,
  type Path,
  type Wants,
} from './view.js';

/** From so many on a dump costs less; a `get` is some 10 us in the kernel and iproute2. */
const MANY = 256;
const MANY_LINKS = 32;
/** If a dump leaves out more than this of what was asked for, it is not there. */
const FEW = 1024;

/** @throws NfvError when something cannot be read; never a partial view */
export async function read(wants: Wants, doors: Doors, memory: Memory): Promise<View> {
  if (wants.macs.size > MANY) wants.allLinks = true;
  const view = new View(wants.names);
  const all = wants.everything || wants.macs.size > MANY;
  const [macs] = await Promise.all([
    all ? [] : readMacs(wants, doors),
    all ? undefined : readFloods(wants, doors, view),
    readLinks(wants, doors, view),
    readAddresses(wants, doors, view),
    readPaths(wants, doors, view),
    readNamespaces(wants, doors, view),
    readSettings(wants, doors, view),
    readNeighbors(wants, doors, view),
    readRouters(wants, doors, view),
    readFilters(wants, doors, view),
  ]);
  // Whose port a device is, the links tell.
  if (!all) await placeMacs(macs, doors, view, memory);
  else await dumpFdb(doors, view).then(() => fillFdb(wants, doors, view));
  if (areDumped(wants)) await fillNeighbors(wants, doors, view);
  return view;
}

/** What `ask` answers; undefined when the kernel says that there is no such thing. */
async function ifThere<T>(ask: Promise<T>): Promise<T | undefined> {
  try {
    return await ask;
  } catch (error) {
    if (hasErrno(error, 'ENODEV', 'ENOENT')) return undefined;
    throw error;
  }
}

async function readLinks(wants: Wants, doors: Doors, view: View): Promise<void> {
  if (wants.allLinks || wants.links.size > MANY_LINKS) {
    for (const link of await readLinksNow(doors.ip)) view.addLink(link);
    return;
  }
  await Promise.all([...wants.links].map((name) => readLink(name, doors, view)));
}

async function readLink(name: string, doors: Doors, view: View): Promise<void> {
  const link = await readLinkNow(name, doors);
  if (link !== undefined) view.addLink(link);
}

/** Undefined: there is none of that name. */
export async function readLinkNow(name: string, doors: Doors): Promise<Link | undefined> {
  const show = async (): Promise<Link[] | undefined> => {
    const answer = await ifThere(doors.ip.query('link', 'show', 'dev', name));
    return answer === undefined ? undefined : parseLinks(answer);
  };
  const links = await show();
  if (links?.length !== 0) return links?.find((link) => link.name === name);
  // It is there, but with another index than the one that iproute2 remembers, and is passed over.
  doors.strangeLinks(name);
  return (await show())?.find((link) => link.name === name);
}

export async function readLinksNow(ip: Door): Promise<Link[]> {
  return parseLinks(await ip.query('link', 'show'));
}

async function readAddresses(wants: Wants, doors: Doors, view: View): Promise<void> {
  if (!wants.addresses) return;
  view.addresses = await doors.addresses();
}

async function readPaths(wants: Wants, doors: Doors, view: View): Promise<void> {
  await Promise.all(
    [...wants.paths.values()].map(async (path) => {
      const route = await readPath(path, doors.ip);
      if (route !== undefined) view.addRoute(path, route);
    }),
  );
}

/** So many at a time: each is a file that is looked at. */
const NAMESPACES_AT_ONCE = 16;

async function readNamespaces(wants: Wants, doors: Doors, view: View): Promise<void> {
  await mapBounded([...wants.namespaces], NAMESPACES_AT_ONCE, async (name) => {
    const inode = await doors.netnsInode(name);
    if (inode !== undefined) view.namespaces.set(name, inode);
  });
}

/** The route that a packet from `local` to `remote` takes; undefined: none. */
export async function readPath(path: Path, ip: Door): Promise<Route | undefined> {
  try {
    return parseRoute(await ip.query('route', 'get', path.remote, 'from', path.local));
  } catch (error) {
    if (hasErrno(error, ...NO_ROUTE)) return undefined;
    throw error;
  }
}

/** EACCES is a `prohibit` route, EINVAL a `blackhole` or an address that is not ours. */
const NO_ROUTE = ['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL', 'EADDRNOTAVAIL', 'ENETDOWN'];

async function readSettings(wants: Wants, doors: Doors, view: View): Promise<void> {
  // One bridge after the other: reading a setting is quick, and many at once are many open files.
  for (const vni of wants.settings) {
    view.settings.set(vni, await doors.isolationDefects(bridgeName(vni)));
  }
}

async function readFilters(wants: Wants, doors: Doors, view: View): Promise<void> {
  await Promise.all(
    [...wants.filters].map(async ([vni, mac]) => {
      view.filters.set(vni, await doors.gatewayFilter.defects(vni, mac));
    }),
  );
}

async function readNeighbors(wants: Wants, doors: Doors, view: View): Promise<void> {
  if (areDumped(wants)) {
    const show = (door: Door): Promise<unknown> => door.query('neigh', 'show', 'nud', 'all');
    for (const neighbor of parseNeighbors(await doors.once('ip', show))) {
      const vni = ofBridge(neighbor.device);
      if (vni !== undefined) view.addNeighbor(vni, neighbor);
    }
    return;
  }
  await Promise.all(
    [...wants.neighbors.values()].map(async ({ vni, ip }) => {
      const neighbor = await readNeighborNow(vni, ip, doors);
      if (neighbor !== undefined) view.addNeighbor(vni, neighbor);
    }),
  );
}

function areDumped({ everything, neighbors }: Wants): boolean {
  return everything || neighbors.size > MANY;
}

/** Undefined: the bridge has none of that address. */
export async function readNeighborNow(
  vni: number,
  ip: string,
  { ip: door }: Pick<Doors, 'ip'>,
): Promise<Neighbor | undefined> {
  const line = await ifThere(door.queryText('neigh', 'get', ip, 'dev', bridgeName(vni)));
  const neighbor = line === undefined ? undefined : parseNeighborLine(line);
  return neighbor?.ip === ip ? neighbor : undefined;
}

function ofBridge(device: string): number | undefined {
  return device.startsWith('nfvb') ? vniOfName(device) : undefined;
}

function ofVxlan(device: string): number | undefined {
  return device.startsWith('nfvx') ? vniOfName(device) : undefined;
}

async function dumpFdb(doors: Doors, view: View): Promise<void> {
  const show = (door: Door): Promise<unknown> => door.query('fdb', 'show');
  for (const entry of parseFdb(await doors.once('bridge', show))) {
    const vni = vniOf(entry, view);
    if (vni !== undefined) view.addFdb(vni, entry);
  }
}

/**
 * A dump that takes several messages goes on by position (net/bridge/br_fdb.c, br_fdb_dump; vxlan_core.c,
 * vxlan_fdb_dump): whatever is deleted before it hides as many entries after it. MACs are learned and
 * forgotten all the time; so what was there and is not in a dump is asked for by itself. What is new is
 * set anyhow, and what nobody asked for has time until the next dump.
 */
async function fillFdb(wants: Wants, doors: Doors, view: View): Promise<void> {
  const missing = (place: MacPlace): boolean => {
    const { bridge, vxlan } = view.entriesOf(place.vni, place.mac);
    return bridge === undefined || (bridge.device === vxlanName(place.vni) && vxlan.length === 0);
  };
  await fill(wants.macs, missing, wants, view, async (place) => {
    const before = view.entriesOf(place.vni, place.mac);
    const { bridge, vxlan } = await readMac(place, doors.bridge);
    if (before.bridge === undefined && bridge !== undefined) view.addFdb(place.vni, bridge);
    if (before.vxlan.length === 0 && vxlan !== undefined) view.addFdb(place.vni, vxlan);
  });
  const lists = new Map<number, Promise<FdbEntry[]>>();
  const absent = ({ vni, remote }: MemberPlace): boolean =>
    view.entriesOf(vni, FLOOD_MAC).vxlan.every(({ dst }) => dst !== remote);
  await fill(wants.members, absent, wants, view, async ({ vni, remote }) => {
    const list = lists.get(vni) ?? readFlood(vni, doors);
    lists.set(vni, list);
    const entry = (await list).find(({ dst }) => dst === remote);
    if (entry !== undefined) view.addFdb(vni, entry);
  });
}

/** A dump of neighbours goes on by bucket, which moves when the table grows (net/core/neighbour.c). */
async function fillNeighbors(wants: Wants, doors: Doors, view: View): Promise<void> {
  const missing = ({ vni, ip }: NeighborPlace): boolean => view.neighbor(vni, ip) === undefined;
  await fill(wants.neighbors, missing, wants, view, async ({ vni, ip }) => {
    const neighbor = await readNeighborNow(vni, ip, doors);
    if (neighbor !== undefined) view.addNeighbor(vni, neighbor);
  });
}

/** Asks for what was there, and is missing where there is a bridge, if that is not much; so many at a time. */
async function fill<P extends MacPlace | NeighborPlace | MemberPlace>(
  places: ReadonlyMap<string, P>,
  isMissing: (place: P) => boolean,
  { allLinks }: Wants,
  { links }: View,
  ask: (place: P) => Promise<void>,
): Promise<void> {
  const isHere = ({ vni }: P): boolean => !allLinks || links.has(bridgeName(vni));
  const missing = [...places.values()].filter(
    (place) => place.wasThere === true && isMissing(place) && isHere(place),
  );
  if (missing.length > FEW) return;
  for (let i = 0; i < missing.length; i += MANY) {
    await Promise.all(missing.slice(i, i + MANY).map(ask));
  }
}

/** The VN that an entry of a dump is of; undefined: not of ours. */
function vniOf(entry: FdbEntry, view: View): number | undefined {
  if (entry.self) return ofVxlan(entry.device);
  return ofBridge(view.links.get(entry.device)?.master ?? '');
}

interface FoundMac {
  readonly vni: number;
  readonly entries: readonly FdbEntry[];
}

function readMacs(wants: Wants, doors: Doors): Promise<FoundMac[]> {
  return Promise.all(
    [...wants.macs.values()].map(async (place) => {
      const { bridge, vxlan } = await readMac(place, doors.bridge);
      return { vni: place.vni, entries: [bridge, vxlan].filter((entry) => entry !== undefined) };
    }),
  );
}

async function placeMacs(
  found: readonly FoundMac[],
  doors: Doors,
  view: View,
  memory: Memory,
): Promise<void> {
  const entries = found.flatMap((mac) => mac.entries);
  await readPortsAt(entries, doors, view, memory);
  for (const mac of found) for (const entry of mac.entries) view.addFdb(mac.vni, entry);
}

interface MacHalves {
  readonly bridge: FdbEntry | undefined;
  readonly vxlan: FdbEntry | undefined;
}

/** The two entries that a unicast MAC can have. */
export async function readMac({ vni, mac }: MacPlace, bridge: Door): Promise<MacHalves> {
  const get = async (...where: string[]): Promise<FdbEntry | undefined> => {
    const answer = await ifThere(bridge.query('fdb', 'get', mac, ...where));
    return answer === undefined ? undefined : parseFdb(answer).find((entry) => entry.mac === mac);
  };
  const [inBridge, inVxlan] = await Promise.all([
    get('br', bridgeName(vni)),
    get('dev', vxlanName(vni), 'self'),
  ]);
  return { bridge: inBridge, vxlan: inVxlan };
}

/** The links that entries lead to and that are not known to be ports of ours. */
async function readPortsAt(
  entries: readonly FdbEntry[],
  doors: Doors,
  view: View,
  memory: Memory,
): Promise<void> {
  const unknown = entries
    .filter((entry) => !entry.self && !view.links.has(entry.device))
    .map((entry) => entry.device)
    .filter((name) => vniOfName(name) === undefined && memory.portAt(name) === undefined);
  await Promise.all([...new Set(unknown)].map((name) => readLink(name, doors, view)));
}

async function readFloods(wants: Wants, doors: Doors, view: View): Promise<void> {
  await Promise.all(
    [...wants.floods].map(async (vni) => {
      for (const entry of await readFlood(vni, doors)) view.addFdb(vni, entry);
    }),
  );
}

async function readFlood(vni: number, doors: Doors): Promise<FdbEntry[]> {
  const device = vxlanName(vni);
  const answer = await ifThere(doors.fdbShow.query('fdb', 'show', 'dev', device));
  const entries = answer === undefined ? [] : parseFdb(answer, device);
  return entries.filter(({ self, mac }) => self && mac === FLOOD_MAC);
}
