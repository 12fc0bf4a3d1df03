/** An uplink as a whole: all its frames are the network's. */
import { providerPortKey, type ProviderPortItem } from '../../../model/item.js';
import { hasErrno } from '../../../host/iproute2/answers.js';
import type { Doors } from '../doors.js';
import { ownership, type Link } from '../links.js';
import { alias, bridgeName } from '../names.js';
import {
  addressOn,
  enterBridge,
  flatObstacle,
  inUse,
  providerOwner,
  uplinkNow,
} from './provider-links.js';
import { parseProviderTag, providerTag } from './provider-tag.js';

/**
 * Takes it, or puts it back. The alias comes first: whatever is not as it was has one, and is given back.
 * @throws NfvError HOST_INTERFACE_MISSING, UNDERLAY_MTU_TOO_SMALL; FOREIGN_OBJECT: it is in use
 */
export async function takeUplink(
  wanted: ProviderPortItem,
  device: string,
  doors: Doors,
): Promise<void> {
  const { vni } = wanted;
  const link = await uplinkNow(wanted, device, doors);
  const isOurs = providerOwner(link, vni) === 'ours';
  if (!isOurs) await take(wanted, link, doors);
  else if (link.master !== '' && link.master !== bridgeName(vni)) {
    throw inUse(link, `was put into ${link.master}, which is not ours`, 'take it out there');
  }
  if (isOurs && link.master !== bridgeName(vni)) await stillFree(link, doors);
  try {
    await enterBridge(device, vni, link, doors);
    await doors.ip.run('link', 'set', 'dev', device, 'up');
  } catch (error) {
    if (!isOurs) await undoTake(link, doors);
    throw error;
  }
}

/** Since somebody took it out of our bridge. */
async function stillFree(link: Link, doors: Doors): Promise<void> {
  const obstacle = addressOn(link, await doors.addresses());
  if (obstacle !== undefined) throw obstacle;
}

async function take(wanted: ProviderPortItem, link: Link, doors: Doors): Promise<void> {
  const obstacle = flatObstacle(link, await doors.addresses());
  if (obstacle !== undefined) throw obstacle;
  const before = { wasUp: link.up, wasCalled: link.alias };
  const tag = alias(providerPortKey(wanted.vni), providerTag(wanted, before));
  await doors.ip.run('link', 'set', 'dev', link.name, 'alias', tag);
}

async function undoTake({ name, up, alias: before }: Link, doors: Doors): Promise<void> {
  await doors.undo('link', 'set', 'dev', name, 'nomaster');
  if (!up) await doors.undo('link', 'set', 'dev', name, 'down');
  // That it fails is not told: what it is undone for is. The alias still says how it was.
  await doors.setAlias(name, before).catch(() => undefined);
}

/** In this order: as long as it is not as it was, it has our alias. That it is gone is success. */
export async function giveBack(link: Link, vni: number, doors: Doors): Promise<void> {
  const { name, master } = link;
  const found = ownership(link);
  const { wasUp = true, wasCalled = '' } =
    (found.owner === 'ours' ? parseProviderTag(found.attested) : undefined) ?? {};
  try {
    const set = ['link', 'set', 'dev', name];
    if (master === bridgeName(vni)) await doors.ip.run(...set, 'nomaster');
    // In a bridge of others it is theirs by now, with an address the host's.
    const isOthers = master !== '' && master !== bridgeName(vni);
    const isFree = !isOthers && addressOn(link, await doors.addresses()) === undefined;
    if (!wasUp && isFree) await doors.ip.run(...set, 'down');
    await doors.setAlias(name, wasCalled);
  } catch (error) {
    if (!hasErrno(error, 'ENODEV')) throw error;
  }
}
