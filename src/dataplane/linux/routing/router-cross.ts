/**
 * The way from one router to another: a veth pair between their namespaces. It is made when a route
 * first needs it and goes with one of the routers; both ends have fixed MACs, so nobody asks for one.
 */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { NfvError } from '../../../errors.js';
import { vrfKey } from '../../../model/routing-items.js';
import type { Doors } from '../doors.js';
import { parseLinks, type Link } from '../links.js';
import { alias, crossName, crossVrfOfName } from '../names.js';
import { CROSS_PEER } from './router-routes.js';
import type { RouterView } from './router-view.js';

/** The most that a veth can have: the gateways' MTUs count. */
const MTU = '65535';

/** Of the end in the router with the lesser id, and of the other. */
const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;

const macOf = (vrf: number, other: number): string => (vrf < other ? MACS[0] : MACS[1]);

/** Says which pair an end is of. */
const tagOf = (vrf: number, other: number): string => alias(vrfKey(vrf), `to-${other}`);

/** What is wrong with the way from `vrf` to another, for people. */
export function crossDefects(vrf: number, other: number, router: RouterView): string[] {
  const link = router.links.get(crossName(other));
  if (link === undefined) return [`${crossName(other)}: missing`];
  return [
    ...(link.up ? [] : [`${link.name}: link down`]),
    ...(link.up && !link.lowerUp ? [`${link.name}: its end in the other router is down`] : []),
    ...(link.alias === tagOf(vrf, other) ? [] : [`${link.name}: creation was broken off`]),
  ];
}

/** An end without its mark: the making of the pair was broken off. Nobody else's has its name and MAC. */
export function isHalfMade(vrf: number, { name, alias: text, kind, mac }: Link): boolean {
  const other = crossVrfOfName(name);
  return other !== undefined && text === '' && kind === 'veth' && mac === macOf(vrf, other);
}

/** Idempotent. @throws NfvError FOREIGN_OBJECT, NETNS_MISSING */
export async function needCross(vrf: number, other: number, doors: Doors): Promise<void> {
  await doors.routers.inTurn(Math.min(vrf, other), async () => {
    const [here, there] = await Promise.all([endIn(vrf, other, doors), endIn(other, vrf, doors)]);
    if (here !== undefined && there !== undefined) {
      await Promise.all([fit(vrf, other, doors), fit(other, vrf, doors)]);
      return;
    }
    if (here !== undefined) await remove(vrf, other, doors);
    if (there !== undefined) await remove(other, vrf, doors);
    await make(vrf, other, doors);
  });
}

/** @throws NfvError FOREIGN_OBJECT */
async function endIn(vrf: number, other: number, doors: Doors): Promise<Link | undefined> {
  const inside = await doors.routers.inside(vrf);
  const links = parseLinks(await inside.query('link', 'show'));
  const found = links.find(({ name }) => name === crossName(other));
  if (found === undefined || found.alias === tagOf(vrf, other)) return found;
  if (isHalfMade(vrf, found)) return found;
  const text = `${vrfKey(vrf)} has an interface ${found.name}, not ours`;
  throw new NfvError('FOREIGN_OBJECT', text, { metadata: { object: found.name } });
}

/** By a process that ends: what lasts would keep the other's namespace open (see `Guests`). */
async function make(vrf: number, other: number, doors: Doors): Promise<void> {
  const [here, there] = await Promise.all([doors.routers.nameOf(vrf), doors.routers.nameOf(other)]);
  const near = ['name', crossName(other), 'address', macOf(vrf, other), 'mtu', MTU];
  const far = ['name', crossName(vrf), 'address', macOf(other, vrf), 'mtu', MTU, 'netns', there];
  const add = ['link', 'add', ...near, 'type', 'veth', 'peer', ...far];
  await doors.inNetns(here, [add], ['link', 'show', 'dev', crossName(other)]);
  forget(vrf, other, doors);
  try {
    await Promise.all([fit(vrf, other, doors), fit(other, vrf, doors)]);
  } catch (error) {
    await doors.routers.undo(vrf, 'link', 'del', 'dev', crossName(other));
    forget(vrf, other, doors);
    throw error;
  }
}

async function fit(vrf: number, other: number, doors: Doors): Promise<void> {
  const inside = await doors.routers.inside(vrf);
  const name = crossName(other);
  const set = ['link', 'set', 'dev', name];
  await inside.run(...set, 'addrgenmode', 'none', 'up');
  await Promise.all(
    Object.values(CROSS_PEER).map((ip) => {
      const neighbor = [ip, 'lladdr', macOf(other, vrf), 'dev', name, 'nud', 'permanent'];
      return inside.run('neigh', 'replace', ...neighbor);
    }),
  );
  await inside.run(...set, 'alias', tagOf(vrf, other));
}

async function remove(vrf: number, other: number, doors: Doors): Promise<void> {
  const inside = await doors.routers.inside(vrf);
  try {
    await inside.run('link', 'del', 'dev', crossName(other));
  } catch (error) {
    if (!hasErrno(error, 'ENODEV')) throw error;
  }
  forget(vrf, other, doors);
}

/** Both ends came or went. */
function forget(vrf: number, other: number, doors: Doors): void {
  doors.routers.gone(vrf, crossName(other));
  doors.routers.gone(other, crossName(vrf));
}
