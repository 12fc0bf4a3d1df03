/** A tap port: a persistent tap device in a bridge of ours, for a virtual machine monitor. */
import type { TapPort } from '../../../model/endpoint.js';
import type { PortItem } from '../../../model/item.js';
import type { Doors } from '../doors.js';
import { removeLink, undoLink } from '../link-removal.js';
import type { Link } from '../links.js';
import { derivedPortName, GROUP, portName } from '../names.js';
import { attach, checkName, inTheWay, whoseLink } from './port-links.js';
import { tapTag } from './port-tag.js';
import { readLinkNow } from '../reader.js';

/**
 * A tap is made by an ioctl that takes no group (drivers/net/tun.c). So it is made under its
 * derived name: one of that name without any mark is what a broken-off creation left.
 * @throws NfvError FOREIGN_OBJECT, ITEM_INVALID
 */
export async function createTap(item: PortItem, port: TapPort, doors: Doors): Promise<void> {
  const name = portName(item);
  const derived = derivedPortName(item.endpoint);
  checkName(name);
  for (const each of new Set([name, derived])) {
    const link = await readLinkNow(each, doors);
    if (link === undefined) continue;
    const whose = whoseLink(link, item.endpoint);
    if (whose === 'ours' && each === name) {
      await updateTap(item, port, doors);
      return;
    }
    if (whose === 'foreign' && !(each === derived && isUnmarkedTap(link))) throw inTheWay(each);
    await removeLink(each, doors);
  }
  const options = [port.multiQueue ? ['multi_queue'] : [], port.vnetHdr ? ['vnet_hdr'] : []].flat();
  const owner = ['user', String(port.ownerUid)];
  await doors.ip.run('tuntap', 'add', 'dev', derived, 'mode', 'tap', ...owner, ...options);
  let made = derived;
  try {
    const rename = name === derived ? [] : ['name', name];
    await doors.ip.run('link', 'set', 'dev', derived, 'group', GROUP, ...rename);
    made = name;
    doors.madeLink(name);
    await attach(item, tapTag(port), name, doors, undefined);
  } catch (error) {
    await undoLink(made, doors);
    throw error;
  }
}

export async function updateTap(item: PortItem, port: TapPort, doors: Doors): Promise<void> {
  const name = portName(item);
  const link = await readLinkNow(name, doors);
  const whose = link === undefined ? 'none' : whoseLink(link, item.endpoint);
  if (whose === 'foreign') throw inTheWay(name);
  if (whose !== 'ours') await createTap(item, port, doors);
  else await attach(item, tapTag(port), name, doors, link);
}

function isUnmarkedTap(link: Link): boolean {
  const { kind, alias, group, master } = link;
  return kind === 'tun' && alias === '' && group === 'default' && master === '';
}
