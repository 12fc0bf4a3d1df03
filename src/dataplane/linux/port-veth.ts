/** A veth port: one end in a bridge of ours, the other in the guest's network namespace. */
import { hasErrno } from '../../host/iproute2/answers.js';
import { NfvError } from '../../errors.js';
import type { VethPort } from '../../model/endpoint.js';
import type { PortItem } from '../../model/item.js';
import type { Door } from './door.js';
import type { Doors } from './doors.js';
import { removeLink, undoLink } from './link-removal.js';
import { ownership, parseAddresses, parseLinks, type Link } from './links.js';
import { GROUP, portName } from './names.js';
import { attach, checkName, inTheWay, whoseLink } from './port-links.js';
import { hashOfAddress, hashOfPlace, parsePortTag, vethTag, type VethTag } from './port-tag.js';
import { readLinkNow } from './reader.js';

/** @throws NfvError NETNS_MISSING, FOREIGN_OBJECT, READBACK_MISMATCH, ITEM_INVALID */
export async function createVeth(item: PortItem, port: VethPort, doors: Doors): Promise<void> {
  const name = portName(item);
  for (const each of [name, port.interface]) checkName(each);
  await needNetns(port.netns, doors);
  try {
    await make(item, port, name, doors);
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
    const there = await readLinkNow(name, doors);
    if (there === undefined) throw inTheWay(port.interface, `the namespace ${port.netns}`);
    const whose = whoseLink(there, item.endpoint);
    if (whose === 'foreign') throw inTheWay(name);
    if (whose === 'ours') {
      await updateVeth(item, port, doors);
      return;
    }
    await removeLink(name, doors);
    await make(item, port, name, doors);
  }
}

/**
 * Makes a pair, seen from the guest's namespace, by a process that ends then: `ip` keeps the file of
 * each namespace open that a command names (ip/iplink.c), and a namespace lives as long as that.
 */
async function make(item: PortItem, port: VethPort, name: string, doors: Doors): Promise<void> {
  const mtu = ['mtu', String(item.mtu)];
  const far = ['name', port.interface, 'address', item.mac, ...mtu];
  const near = ['name', name, ...mtu, 'group', GROUP, 'netns', doors.ownNetns];
  const undoing = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      await undoLink(name, doors);
      throw error;
    }
  };
  await doors.inNetns(port.netns, async (guest) => {
    await guest.run('link', 'add', ...far, 'type', 'veth', 'peer', ...near);
    doors.changedLinks(name);
    await undoing(configure(item, port, guest, undefined));
  });
  await undoing(attach(item, vethTag(item, port), name, doors, undefined));
}

/** Mends what can be mended, else makes it anew; @throws as `createVeth` */
export async function updateVeth(item: PortItem, port: VethPort, doors: Doors): Promise<void> {
  const name = portName(item);
  const link = await readLinkNow(name, doors);
  const whose = link === undefined ? 'none' : whoseLink(link, item.endpoint);
  if (whose === 'foreign') throw inTheWay(name);
  const tag = link === undefined ? undefined : tagOf(link);
  if (link === undefined || tag?.place !== hashOfPlace(port)) {
    await recreate(item, port, doors);
    return;
  }
  if (!isAttested(item, tag)) {
    await needNetns(port.netns, doors);
    try {
      await doors.inNetns(port.netns, (guest) => configure(item, port, guest, tag));
    } catch (error) {
      // The guest did away with its end, or renamed it: what is wanted cannot be set on it.
      if (!hasErrno(error, 'ENODEV')) throw error;
      await recreate(item, port, doors);
      return;
    }
  }
  await attach(item, vethTag(item, port), name, doors, link);
}

async function recreate(item: PortItem, port: VethPort, doors: Doors): Promise<void> {
  await needNetns(port.netns, doors);
  await removeLink(portName(item), doors);
  await createVeth(item, port, doors);
}

function tagOf(link: Link): VethTag | undefined {
  const found = ownership(link);
  const tag = found.owner === 'ours' ? parsePortTag(found.attested) : undefined;
  return tag?.kind === 'veth' ? tag : undefined;
}

/** What the guest's end was given is what it is to have. */
export function isAttested(item: PortItem, tag: VethTag): boolean {
  const addresses = item.addresses.map(hashOfAddress);
  return item.mac === tag.mac && item.mtu === tag.mtu && addresses.join() === tag.addresses.join();
}

async function needNetns(netns: string, doors: Doors): Promise<void> {
  if (await doors.netnsExists(netns)) return;
  throw new NfvError('NETNS_MISSING', `there is no network namespace ${netns}`, {
    metadata: { netns },
    remedy: `create the network namespace: ip netns add ${netns}`,
  });
}

/**
 * Configures the guest's end. Of its addresses those go that we gave it before (`before`) and that
 * are no longer wanted; what the guest added is its own. IPv6 addresses are there at once: the NVA
 * gives each out only once, so there is no duplicate to wait for.
 */
async function configure(
  item: PortItem,
  port: VethPort,
  guest: Door,
  before: VethTag | undefined,
): Promise<void> {
  const dev = ['dev', port.interface];
  const kept: string[] = before === undefined ? [] : await change(item, port, guest, before);
  const changes = [...item.addresses, ...kept].map((address) => addAddress(address, dev, guest));
  changes.push(guest.run('link', 'set', ...dev, 'up'));
  // Goes out with them, and is answered after them.
  const [answer] = await Promise.all([guest.query('addr', 'show', ...dev), ...changes]);
  checkGuest(item, port, answer);
}

/**
 * Takes back what the guest's end is no longer to have. Answers the other addresses: with an IPv4
 * address the kernel may take all others of its subnet away (promote_secondaries is off), so they
 * must be given again.
 */
async function change(
  item: PortItem,
  port: VethPort,
  guest: Door,
  before: VethTag,
): Promise<string[]> {
  const dev = ['dev', port.interface];
  await guest.run('link', 'set', ...dev, 'address', item.mac, 'mtu', String(item.mtu));
  const given = (address: string): boolean => before.addresses.includes(hashOfAddress(address));
  const found = await guestAddresses(guest, port);
  const gone = found.filter((address) => given(address) && !item.addresses.includes(address));
  for (const address of gone) await removeAddress(address, dev, guest);
  const taken = [...gone, ...item.addresses];
  return gone.length === 0 ? [] : found.filter((address) => !taken.includes(address));
}

async function addAddress(address: string, dev: readonly string[], guest: Door): Promise<void> {
  try {
    await guest.run('addr', 'add', address, ...dev, ...(address.includes(':') ? ['nodad'] : []));
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
}

/** With an IPv4 address the kernel may have taken it away already, or the guest has. */
async function removeAddress(address: string, dev: readonly string[], guest: Door): Promise<void> {
  try {
    await guest.run('addr', 'del', address, ...dev);
  } catch (error) {
    if (!hasErrno(error, 'EADDRNOTAVAIL')) throw error;
  }
}

async function guestAddresses(guest: Door, port: VethPort): Promise<string[]> {
  const found = parseAddresses(await guest.query('addr', 'show', 'dev', port.interface));
  return found
    .filter(({ scope }) => scope === 'global')
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`);
}

/** @throws NfvError READBACK_MISMATCH */
function checkGuest(item: PortItem, port: VethPort, answer: unknown): void {
  const link = parseLinks(answer).find(({ name }) => name === port.interface);
  const found = parseAddresses(answer).map((a) => `${a.address}/${a.prefixLength}`);
  const wrong = item.addresses.filter((address) => !found.includes(address));
  const problems = [
    ...(link?.mtu === item.mtu ? [] : [`mtu ${link?.mtu ?? 'unknown'}, not ${item.mtu}`]),
    ...(link?.mac === item.mac ? [] : [`mac ${link?.mac ?? 'unknown'}, not ${item.mac}`]),
    ...(link?.up === true ? [] : ['down']),
    ...wrong.map((address) => `without ${address}`),
  ];
  if (problems.length === 0) return;
  const where = `${port.interface} in namespace ${port.netns}`;
  throw new NfvError('READBACK_MISMATCH', `${where} is ${problems.join(', ')}`);
}
