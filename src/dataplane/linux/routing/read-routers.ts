/** Reads routers: a few things one by one, many by a dump. */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { mapBounded } from '../../../host/bounded.js';
import { NfvError } from '../../../errors.js';
import { vrfKey } from '../../../model/routing-items.js';
import type { Door } from '../door.js';
import type { Doors } from '../doors.js';
import { parseNeighbors } from '../entries.js';
import { number, rows, text } from '../json.js';
import { parseAddresses, parseLinks, type Link } from '../links.js';
import { innerName, parseAlias } from '../names.js';
import { parseRoutes } from './router-routes.js';
import { settingDefects } from './router-settings.js';
import { RouterView, type RouterState, type RouterWants } from './router-view.js';
import type { View, Wants } from '../view.js';

/** From so many on a dump costs less: for one neighbour or route iproute2 reads all, too. */
const MANY = 4;
/** Routers that are read at a time; to begin with each takes a process. */
const AT_ONCE = 8;
/** @throws NfvError when something cannot be read; never a partial view */
export async function readRouters(wants: Wants, doors: Doors, view: View): Promise<void> {
  const found = wants.everything ? await doors.routers.list() : [];
  const vrfs = [...new Set([...wants.routers.keys(), ...found])];
  if (vrfs.length === 0) return;
  const needsNumbers =
    wants.everything || [...wants.routers.values()].some(({ settings }) => settings);
  const numbers = needsNumbers ? await readNumbers(doors) : new Map<string, number>();
  await mapBounded(vrfs, AT_ONCE, async (vrf) => {
    const wanted = wants.everything ? 'everything' : wants.router(vrf);
    view.routers.set(vrf, await readRouter(vrf, wanted, numbers, doors));
  });
}

/** The numbers (nsid) that network namespaces have in ours, by name. */
async function readNumbers({ ip }: Doors): Promise<ReadonlyMap<string, number>> {
  const found = rows(await ip.query('netns', 'list-id'));
  return new Map(found.map((row) => [text(row, 'name') ?? '', number(row, 'nsid') ?? -1]));
}

async function readRouter(
  vrf: number,
  wants: RouterWants | 'everything',
  numbers: ReadonlyMap<string, number>,
  doors: Doors,
): Promise<RouterView> {
  const place = await doors.routers.place(vrf);
  if (place !== 'namespace') return new RouterView(place === 'file' ? 'half' : 'nothing');
  try {
    const door = await doors.routers.inside(vrf);
    const view = new RouterView(await stateOf(vrf, door));
    if (view.state !== 'ours') return view;
    const work = [readLinks(wants, door, view), readNeighbors(wants, door, view)];
    await Promise.all([...work, readRoutes(wants, door, view)]);
    if (wants === 'everything' || wants.settings) {
      view.nsid = numbers.get(await doors.routers.nameOf(vrf));
      view.settings = [
        ...settingDefects(await door.query('netconf', 'show')),
        ...(view.nsid === undefined ? ['the kernel tells nothing of it'] : []),
      ];
    }
    return view;
  } catch (error) {
    // It went meanwhile.
    const isGone = error instanceof NfvError && error.code === 'NETNS_MISSING';
    if (isGone) return new RouterView('nothing');
    throw error;
  }
}

/** Whose a namespace with a router's name is: its loopback has our mark, or it was never used. */
export async function stateOf(vrf: number, door: Door): Promise<RouterState> {
  const [lo] = parseLinks(await door.query('link', 'show', 'dev', 'lo'));
  if (lo !== undefined && parseAlias(lo.alias)?.key === vrfKey(vrf)) return 'ours';
  if (lo?.alias !== '' || lo.up) return 'foreign';
  return parseLinks(await door.query('link', 'show')).length === 1 ? 'half' : 'foreign';
}

async function readLinks(
  wants: RouterWants | 'everything',
  door: Door,
  view: RouterView,
): Promise<void> {
  const isAll = wants === 'everything' || wants.allLinks;
  if (!isAll && wants.gateways.size === 0) return;
  // Not `dev NAME`: after a `link show` in the same batch, iproute2 then leaves the addresses out
  // (ip/ipaddress.c, do_link). A router has few interfaces.
  const answer = await door.query('addr', 'show');
  const names = isAll ? undefined : new Set([...wants.gateways].map(innerName));
  const isWanted = (name: string): boolean => names?.has(name) ?? true;
  for (const link of parseLinks(answer)) if (isWanted(link.name)) view.links.set(link.name, link);
  view.addresses = parseAddresses(answer).filter(({ link }) => isWanted(link.name));
}

/** The interface of a router, as it is now. */
export async function readInner(vni: number, door: Door): Promise<Link | undefined> {
  const name = innerName(vni);
  const answer = await ifThere(door.query('link', 'show', 'dev', name));
  return answer === undefined ? undefined : parseLinks(answer).find((link) => link.name === name);
}

async function readNeighbors(
  wants: RouterWants | 'everything',
  door: Door,
  view: RouterView,
): Promise<void> {
  const fixed = ['nud', 'permanent'];
  if (wants === 'everything' || wants.neighbors.size > MANY) {
    const answer = await door.query('neigh', 'show', ...fixed);
    for (const neighbor of parseNeighbors(answer)) view.addNeighbor(neighbor);
    return;
  }
  await Promise.all(
    [...wants.neighbors.values()].map(async ({ vni, ip }) => {
      const device = innerName(vni);
      const answer = await ifThere(door.query('neigh', 'show', 'to', ip, 'dev', device, ...fixed));
      if (answer === undefined) return;
      for (const neighbor of parseNeighbors(answer, device)) view.addNeighbor(neighbor);
    }),
  );
}

async function readRoutes(
  wants: RouterWants | 'everything',
  door: Door,
  view: RouterView,
): Promise<void> {
  if (wants === 'everything' || wants.prefixes.size > MANY) {
    const routes = await door.query('route', 'show', 'table', 'all');
    for (const route of parseRoutes(routes)) view.addRoute(route);
    return;
  }
  await Promise.all(
    [...wants.prefixes].map(async (prefix) => {
      for (const route of await readRoute(prefix, door)) view.addRoute(route);
    }),
  );
}

/** The routes to just a prefix, as they are now; a table must be named for both families to be read. */
export async function readRoute(
  prefix: string,
  door: Door,
): Promise<ReturnType<typeof parseRoutes>> {
  const answer = await door.query('route', 'show', 'table', 'all', 'exact', prefix);
  return parseRoutes(answer).filter((route) => route.prefix === prefix);
}

async function ifThere(ask: Promise<unknown>): Promise<unknown> {
  try {
    return await ask;
  } catch (error) {
    if (hasErrno(error, 'ENODEV', 'ENOENT')) return undefined;
    throw error;
  }
}
