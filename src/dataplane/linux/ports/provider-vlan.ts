/** A VLAN of an uplink: a device of ours on it (net/8021q), which takes the tag off and puts it on. */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { NfvError } from '../../../errors.js';
import { providerPortKey, type ProviderPortItem } from '../../../model/item.js';
import { addressless, dropMade } from '../addressless.js';
import type { Doors } from '../doors.js';
import { removeLink, undoLink } from '../link-removal.js';
import type { Link } from '../links.js';
import { alias, GROUP, providerName } from '../names.js';
import { inTheWay } from './port-links.js';
import { enterBridge, inUse, providerOwner, uplinkNow } from './provider-links.js';
import { providerTag } from './provider-tag.js';
import { readLinkNow } from '../reader.js';

/** @throws NfvError HOST_INTERFACE_MISSING, UNDERLAY_MTU_TOO_SMALL, ITEM_UNSUPPORTED, FOREIGN_OBJECT */
export async function makeVlan(
  wanted: ProviderPortItem,
  device: string,
  doors: Doors,
): Promise<void> {
  const parent = await uplinkNow(wanted, device, doors);
  if (parent.master !== '') {
    throw inUse(parent, `is a port of ${parent.master}`, 'take it out there, or name another');
  }
  const name = providerName(wanted.vni);
  const there = await readLinkNow(name, doors);
  if (there !== undefined) {
    if (providerOwner(there, wanted.vni) === 'foreign') throw inTheWay(name);
    await removeLink(name, doors);
  }
  await add(wanted, device, doors);
  try {
    await complete(wanted, parent, undefined, doors);
  } catch (error) {
    await undoLink(name, doors);
    throw error;
  }
}

async function add(
  { vni, vlan, mtu }: ProviderPortItem,
  device: string,
  doors: Doors,
): Promise<void> {
  const name = providerName(vni);
  const link = ['link', 'add', 'link', device, 'name', name, 'mtu', String(mtu), 'group', GROUP];
  try {
    await doors.ip.run(...link, 'type', 'vlan', 'id', String(vlan));
  } catch (error) {
    if (hasErrno(error, 'EOPNOTSUPP')) {
      throw new NfvError('ITEM_UNSUPPORTED', 'this kernel has no VLAN devices', {
        cause: error,
        remedy: 'load the module 8021q: modprobe 8021q',
      });
    }
    if (!hasErrno(error, 'EEXIST')) throw error;
    throw new NfvError('FOREIGN_OBJECT', `${device} has VLAN ${vlan} already, not ours`, {
      cause: error,
      metadata: { object: device },
      remedy: 'delete that VLAN device, or choose another VLAN',
    });
  }
  doors.madeLink(name);
}

/** Puts it right in place; one that is not there is made. @throws as `makeVlan` */
export async function mendVlan(
  wanted: ProviderPortItem,
  device: string,
  doors: Doors,
): Promise<void> {
  const name = providerName(wanted.vni);
  const link = await readLinkNow(name, doors);
  if (link === undefined || providerOwner(link, wanted.vni) !== 'ours') {
    await makeVlan(wanted, device, doors);
    return;
  }
  const parent = await uplinkNow(wanted, device, doors);
  await complete(wanted, parent, link, doors);
}

/** The alias comes last: it says "complete". */
async function complete(
  wanted: ProviderPortItem,
  parent: Link,
  found: Link | undefined,
  doors: Doors,
): Promise<void> {
  const { vni, mtu } = wanted;
  const name = providerName(vni);
  const set = ['link', 'set', 'dev', name];
  // A VLAN device is up only if what it is on is.
  if (!parent.up) await doors.ip.run('link', 'set', 'dev', parent.name, 'up');
  await doors.ip.run(...set, 'mtu', String(mtu));
  const quiet = addressless(mtu);
  if (quiet.length > 0) await doors.ip.run(...set, ...quiet);
  for (const words of dropMade(name, mtu, found)) await doors.ip.run(...words);
  await enterBridge(name, vni, found, doors);
  const tag = providerTag(wanted, { wasUp: true, wasCalled: '' });
  await doors.ip.run(...set, 'up', 'alias', alias(providerPortKey(vni), tag));
}
