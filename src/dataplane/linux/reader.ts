/** Reads what is wanted of the kernel: a few things one by one, many by a dump. */
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
import { readRouters } from './read-routers.js';
import { View, type MacPlace, type Path, type Wants } from './view.js';

/** From so many on a dump costs less; a `get` is some 10 us in the kernel and iproute2. */
const MANY = 256;
const MANY_LINKS = 32;

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
    readSettings(wants, doors, view),
    readNeighbors(wants, doors, view),
    readRouters(wants, doors, view),
    readFilters(wants, doors, view),
  ]);
  // Whose port a device is, the links tell.
  if (all) await dumpFdb(doors, view);
  else await placeMacs(macs, doors, view, memory);
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
  if (wants.everything || wants.neighbors.size > MANY) {
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
      const device = vxlanName(vni);
      const answer = await ifThere(doors.fdbShow.query('fdb', 'show', 'dev', device));
      if (answer === undefined) return;
      for (const entry of parseFdb(answer, device)) {
        if (entry.self && entry.mac === FLOOD_MAC) view.addFdb(vni, entry);
      }
    }),
  );
}
