/** A veth port: one end in a bridge of ours, the other in the guest's network namespace. */
import { hasErrno } from '../../../host/iproute2/answers.js';
import type { Words } from '../../../host/iproute2/command.js';
import { NfvError } from '../../../errors.js';
import type { VethPort } from '../../../model/endpoint.js';
import type { PortItem } from '../../../model/item.js';
import type { Doors } from '../doors.js';
import { parseFdb } from '../entries.js';
import { removeLink, undoLink } from '../link-removal.js';
import { ownership, parseAddresses, parseLinks, type Link } from '../links.js';
import { bridgeName, GROUP, portName } from '../names.js';
import { attach, checkName, inTheWay, whoseLink } from './port-links.js';
import {
  hashOfAddress,
  hashOfPlace,
  isReplaced,
  parsePortTag,
  vethTag,
  type VethTag,
} from './port-tag.js';
import { readLinkNow } from '../reader.js';

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

/** Makes a pair, seen from the guest's namespace. What it made is undone when it fails. */
async function make(item: PortItem, port: VethPort, name: string, doors: Doors): Promise<void> {
  const mtu = ['mtu', String(item.mtu)];
  const far = ['name', port.interface, 'address', item.mac, ...mtu];
  const near = ['name', name, ...mtu, 'group', GROUP, 'netns', doors.ownNetns];
  const add = ['link', 'add', ...far, 'type', 'veth', 'peer', ...near];
  let made = false;
  // Before: if the name is given to another meanwhile, that is seen.
  const inode = await doors.netnsInode(port.netns);
  try {
    const answer = await doors.inNetns(port.netns, [add, ...setUp(item, port)], show(port));
    made = true;
    doors.madeLink(name);
    checkGuest(item, port, answer);
    await attach(item, vethTag(item, port, inode), name, doors, undefined);
  } catch (error) {
    // Otherwise what has the name may be somebody else's.
    if (made || isAfterFirst(error)) await undoLink(name, doors);
    throw error;
  }
}

/** The first command was carried out, and one after it refused. */
function isAfterFirst(error: unknown): boolean {
  return error instanceof NfvError && Number(error.metadata['line'] ?? 1) > 1;
}

/** Mends what can be mended, else makes it anew; @throws as `createVeth` */
export async function updateVeth(item: PortItem, port: VethPort, doors: Doors): Promise<void> {
  const name = portName(item);
  const link = await readLinkNow(name, doors);
  const whose = link === undefined ? 'none' : whoseLink(link, item.endpoint);
  if (whose === 'foreign') throw inTheWay(name);
  const tag = link === undefined ? undefined : tagOf(link);
  const isElsewhere = isReplaced(tag, await doors.netnsInode(port.netns));
  if (link === undefined || tag?.place !== hashOfPlace(port) || isElsewhere) {
    await recreate(item, port, link, doors);
    return;
  }
  if (!isAttested(item, tag)) {
    await needNetns(port.netns, doors);
    try {
      await reconfigure(item, port, tag, doors);
    } catch (error) {
      // The guest did away with its end, or renamed it: what is wanted cannot be set on it.
      if (!hasErrno(error, 'ENODEV')) throw error;
      await recreate(item, port, link, doors);
      return;
    }
  }
  await attach(item, vethTag(item, port, tag.inode), name, doors, link);
}

/** The bridge's entries go with its end of the pair, and are set again on the new one. */
async function recreate(
  item: PortItem,
  port: VethPort,
  before: Link | undefined,
  doors: Doors,
): Promise<void> {
  await needNetns(port.netns, doors);
  const name = portName(item);
  const stays = before?.master === bridgeName(item.vni);
  const macs = stays ? await macsBehind(name, doors) : [];
  await removeLink(name, doors);
  await createVeth(item, port, doors);
  await Promise.all(
    macs.map((mac) => {
      const entry = ['fdb', 'replace', mac, 'dev', name, 'master', 'static', 'extern_learn'];
      return doors.bridge.run(...entry);
    }),
  );
}

/** Those that we set, of the endpoint and of others behind it. */
async function macsBehind(name: string, doors: Doors): Promise<readonly string[]> {
  const found = parseFdb(await doors.fdbShow.query('fdb', 'show', 'dev', name), name);
  return found.filter(({ self, extern }) => !self && extern).map(({ mac }) => mac);
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

const show = ({ interface: name }: VethPort): Words => ['addr', 'show', 'dev', name];

/** IPv6 addresses are there at once: the NVA gives each out only once, so no duplicate is waited for. */
const give = (verb: 'add' | 'replace', address: string, { interface: name }: VethPort): Words => [
  ...['addr', verb, address, 'dev', name],
  ...(address.includes(':') ? ['nodad'] : []),
];

/** What makes the guest's end ready, once it is there. */
function setUp(item: PortItem, port: VethPort): Words[] {
  const addresses = item.addresses.map((address) => give('replace', address, port));
  return [...addresses, ['link', 'set', 'dev', port.interface, 'up']];
}

/**
 * Changes the guest's end. Of its addresses those go that we gave it before and that are no longer
 * wanted; what the guest added is its own. With an IPv4 address the kernel takes away all others of
 * its subnet that came later (promote_secondaries is off): so the last go first, and what was the
 * guest's is given back.
 */
async function reconfigure(
  item: PortItem,
  port: VethPort,
  before: VethTag,
  doors: Doors,
): Promise<void> {
  const dev = ['dev', port.interface];
  const change = ['link', 'set', ...dev, 'address', item.mac, 'mtu', String(item.mtu)];
  const found = addressesIn(await doors.inNetns(port.netns, [change], show(port)));
  const given = (address: string): boolean => before.addresses.includes(hashOfAddress(address));
  const gone = found.filter((address) => given(address) && !item.addresses.includes(address));
  const removals = gone.reverse().map((address) => ['addr', 'del', address, ...dev]);
  const commands = [...removals, ...setUp(item, port)];
  checkGuest(item, port, await doors.inNetns(port.netns, commands, show(port)));
  if (gone.length === 0) return;
  const taken = [...gone, ...item.addresses];
  for (const address of found.filter((each) => !taken.includes(each))) {
    await giveBack(address, port, doors);
  }
}

async function giveBack(address: string, port: VethPort, doors: Doors): Promise<void> {
  try {
    await doors.inNetns(port.netns, [give('add', address, port)], show(port));
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
}

/** Global ones, with their prefix lengths. */
function addressesIn(answer: unknown): string[] {
  return parseAddresses(answer)
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
