/** Making, mending and removing a gateway interface. */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { NfvError } from '../../../errors.js';
import type { GatewayInterfaceItem } from '../../../model/routing-items.js';
import { addressless, dropMade } from '../addressless.js';
import type { Door } from '../door.js';
import { isUntunnelled } from '../domain-check.js';
import type { Doors } from '../doors.js';
import { bare, overlap } from '../../../model/interface-addresses.js';
import { addressesAt } from './gateway-addresses.js';
import { parseNeighbors } from '../entries.js';
import { answersFor, gatewayAlias, inTheWay, stateOf, strangerIn } from './gateway-links.js';
import { restoreSubnets } from './gateway-subnets.js';
import { removeLink, undoLink } from '../link-removal.js';
import { parseAddresses, type HostAddress, type Link } from '../links.js';
import { bridgeName, gatewayName, GROUP, innerName, PROTOCOL } from '../names.js';
import { readInner } from './read-routers.js';
import { readLinkNow, readNeighborNow } from '../reader.js';

/** @throws NfvError FOREIGN_OBJECT, GATEWAY_ADDRESS_IN_USE; nothing is left of one that fails */
export async function createGateway(wanted: GatewayInterfaceItem, doors: Doors): Promise<void> {
  const inside = await doors.routers.inside(wanted.vrf);
  try {
    await make(wanted, inside, doors);
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
    await mendGateway(wanted, wanted, doors);
  }
}

/** Puts it right whatever is wrong with it. @throws as `createGateway` */
export async function mendGateway(
  wanted: GatewayInterfaceItem,
  from: GatewayInterfaceItem,
  doors: Doors,
): Promise<void> {
  const { vrf, vni } = wanted;
  const inside = await doors.routers.inside(vrf);
  const near = await readLinkNow(gatewayName(vni), doors);
  const far = await readInner(vni, inside);
  const state = stateOf(vrf, vni, near);
  if (state === 'foreign' || state === 'other') throw inTheWay(gatewayName(vni));
  const stranger = strangerIn(vrf, vni, far);
  if (stranger !== undefined) throw inTheWay(stranger.name);
  if (state === 'ours' && far !== undefined) {
    if (far.mac !== wanted.mac) await changeMac(wanted, inside);
    await fit(wanted, inside, doors, near);
    await restoreSubnets(wanted, inside);
    await forget(from, wanted, doors);
    return;
  }
  // Half a pair is the half of nothing.
  if (near !== undefined) await removeLink(gatewayName(vni), doors);
  await removeInner(vni, vrf, doors);
  await make(wanted, inside, doors);
}

/** Idempotent. `answers`: what else its bridge is known to answer; false: it is another's by now */
export async function removeGateway(
  from: GatewayInterfaceItem,
  answers: readonly string[],
  doors: Doors,
): Promise<boolean> {
  const { vrf, vni } = from;
  const near = await readLinkNow(gatewayName(vni), doors);
  const state = stateOf(vrf, vni, near);
  if (state === 'ours' || state === 'half') await removeLink(gatewayName(vni), doors);
  doors.routers.gone(vrf, innerName(vni));
  if (state === 'other' || state === 'foreign') return false;
  await Promise.all([
    doors.gatewayFilter.clear(vni),
    removeAnswers(vni, [...answersFor(from), ...answers], doors),
  ]);
  return true;
}

/** Makes the pair, seen from the router. What it made is undone when it fails. */
async function make(wanted: GatewayInterfaceItem, inside: Door, doors: Doors): Promise<void> {
  const { vrf, vni, mac } = wanted;
  const mtu = ['mtu', String(wanted.mtu)];
  const near = ['name', gatewayName(vni), ...mtu, 'group', GROUP, 'netns', doors.ownNetns];
  const far = ['name', innerName(vni), 'address', mac, ...mtu];
  await inside.run('link', 'add', ...far, 'type', 'veth', 'peer', ...near);
  doors.madeLink(gatewayName(vni));
  doors.routers.gone(vrf, innerName(vni));
  try {
    await fit(wanted, inside, doors, undefined);
  } catch (error) {
    await doors.undoing((ip) => removeAnswers(vni, answersFor(wanted), { ip }));
    await undoLink(gatewayName(vni), doors);
    doors.routers.gone(vrf, innerName(vni));
    throw error;
  }
}

/** The mark of the host's end comes last: it says "complete". */
async function fit(
  wanted: GatewayInterfaceItem,
  inside: Door,
  doors: Doors,
  found: Link | undefined,
): Promise<void> {
  const { vrf, vni, mtu } = wanted;
  const quiet = addressless(mtu);
  const far = ['link', 'set', 'dev', innerName(vni)];
  await inside.run(...far, 'mtu', String(mtu));
  if (quiet.length > 0) await inside.run(...far, ...quiet);
  await doors.routers.inTurn(vrf, () => setAddresses(wanted, inside));
  await inside.run(...far, 'up', 'alias', gatewayAlias(wanted));
  const name = gatewayName(vni);
  const near = ['link', 'set', 'dev', name];
  const flags = ['learning', 'off', 'flood', 'off', 'mcast_flood', 'on'];
  await Promise.all([
    doors.ip.run(...near, 'mtu', String(mtu), 'master', bridgeName(vni)),
    doors.ip.run(...near, ...quiet, 'type', 'bridge_slave', ...flags),
    ...dropMade(name, mtu, found).map((words) => doors.ip.run(...words)),
  ]);
  await keepLocal(wanted, doors);
  await doors.ip.run(...near, 'up', 'alias', gatewayAlias(wanted));
}

/** With the address the kernel drops the neighbours (net/core/neighbour.c, neigh_changeaddr). */
async function changeMac({ vni, mac }: GatewayInterfaceItem, inside: Door): Promise<void> {
  const name = innerName(vni);
  const answer = await inside.query('neigh', 'show', 'dev', name, 'nud', 'permanent');
  await inside.run('link', 'set', 'dev', name, 'address', mac);
  await Promise.all(
    parseNeighbors(answer, name).map((each) => {
      const entry = [each.ip, 'lladdr', each.mac, 'dev', name, 'nud', 'permanent'];
      return inside.run('neigh', 'replace', ...entry, ...(each.extern ? ['extern_learn'] : []));
    }),
  );
}

/**
 * Sticky: an entry that is only static moves to where a frame with its MAC comes from
 * (net/bridge/br_fdb.c, br_fdb_update).
 */
async function keepLocal(wanted: GatewayInterfaceItem, doors: Doors): Promise<void> {
  const { vni, mac } = wanted;
  const entry = ['fdb', 'replace', mac, 'dev', gatewayName(vni), 'master', 'static', 'sticky'];
  await keepFromTunnels(wanted, doors);
  await doors.floodBroadcasts(gatewayName(vni), true);
  await Promise.all([
    doors.bridge.run(...entry),
    ...answersFor(wanted).map((ip) => {
      const neighbor = [ip, 'lladdr', mac, ...at(vni), 'nud', 'permanent'];
      return doors.ip.run('neigh', 'replace', ...neighbor, 'protocol', PROTOCOL);
    }),
  ]);
}

/** In a provider network there are none: a gateway has an address of its own there, and is to be heard. */
async function keepFromTunnels({ vni, mac }: GatewayInterfaceItem, doors: Doors): Promise<void> {
  try {
    await doors.gatewayFilter.set(vni, mac);
  } catch (error) {
    if (!hasErrno(error, 'ENODEV')) throw error;
    if (!isUntunnelled(await readLinkNow(bridgeName(vni), doors))) throw error;
  }
}

/** Takes away what only the gateway as it was before needs. */
async function forget(
  from: GatewayInterfaceItem,
  wanted: GatewayInterfaceItem,
  doors: Doors,
): Promise<void> {
  const { vni } = wanted;
  if (from.mac !== wanted.mac && from.mac !== '') {
    await unlessGone(doors.bridge.run('fdb', 'del', from.mac, 'dev', gatewayName(vni), 'master'));
  }
  const kept = new Set(answersFor(wanted));
  const gone = from.mac === '' ? [] : answersFor(from).filter((ip) => !kept.has(ip));
  await removeAnswers(vni, gone, doors);
}

/** What has become a neighbour entry stays. */
export async function removeAnswers(
  vni: number,
  ips: readonly string[],
  doors: Pick<Doors, 'ip'>,
): Promise<void> {
  const remove = async (ip: string): Promise<void> => {
    const found = await readNeighborNow(vni, ip, doors);
    if (found === undefined || found.extern) return;
    await unlessGone(doors.ip.run('neigh', 'del', ip, ...at(vni)));
  };
  await Promise.all([...new Set(ips)].map(remove));
}

const at = (vni: number): readonly string[] => ['dev', bridgeName(vni)];

/**
 * The kernel takes the same subnet at two interfaces of a namespace, and then routes to one of them.
 * @throws NfvError GATEWAY_ADDRESS_IN_USE
 */
async function setAddresses(wanted: GatewayInterfaceItem, inside: Door): Promise<void> {
  const name = innerName(wanted.vni);
  const found = parseAddresses(await inside.query('addr', 'show'));
  const others = found.filter(({ link, scope }) => link.name !== name && scope === 'global');
  for (const each of wanted.addresses) {
    const other = others.find((address) => overlap(each, whole(address)));
    if (other === undefined) continue;
    const text = `${each} overlaps with ${whole(other)} of ${other.link.name}`;
    throw new NfvError('GATEWAY_ADDRESS_IN_USE', `in router ${wanted.vrf} ${text}`, {
      metadata: { address: each },
    });
  }
  const own = found.filter(({ link }) => link.name === name).map(whole);
  const needed = addressesAt(wanted.addresses, wanted.mac);
  const missing = needed.filter((each) => !own.includes(each));
  const superfluous = own.filter((each) => !needed.includes(each));
  await Promise.all([
    ...missing.map((each) => add(each, name, inside)),
    ...superfluous.map((each) => unlessGone(inside.run('addr', 'del', each, 'dev', name))),
  ]);
}

const whole = ({ address, prefixLength }: HostAddress): string => `${address}/${prefixLength}`;

/** IPv6 addresses are there at once: that other hosts have them too is meant. */
async function add(address: string, name: string, inside: Door): Promise<void> {
  const nodad = bare(address).includes(':') ? ['nodad'] : [];
  await inside.run('addr', 'replace', address, 'dev', name, ...nodad);
}

async function removeInner(vni: number, vrf: number, doors: Doors): Promise<void> {
  const inside = await doors.routers.inside(vrf);
  if ((await readInner(vni, inside)) !== undefined) {
    await unlessGone(inside.run('link', 'del', 'dev', innerName(vni)));
  }
  doors.routers.gone(vrf, innerName(vni));
}

async function unlessGone(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENODEV', 'EADDRNOTAVAIL')) throw error;
  }
}
