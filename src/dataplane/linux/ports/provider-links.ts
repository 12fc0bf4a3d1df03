/** Whose the links are that provider ports have, or would have. */
import { NfvError } from '../../../errors.js';
import { providerPortKey, type ProviderPortItem } from '../../../model/item.js';
import type { Doors } from '../doors.js';
import { ownership, type HostAddress, type Link } from '../links.js';
import { bridgeName, providerName } from '../names.js';
import { checkName } from './port-links.js';
import { MAX_FORMER_ALIAS } from './provider-tag.js';
import { readLinkNow } from '../reader.js';

/** `half`: of a VLAN device only; an uplink that was taken has an alias. */
export function providerOwner(link: Link, vni: number): 'ours' | 'half' | 'foreign' {
  const found = ownership(link);
  if (found.owner === 'ours') return found.key === providerPortKey(vni) ? 'ours' : 'foreign';
  return found.owner === 'half' && link.name === providerName(vni) ? 'half' : 'foreign';
}

/** Why an uplink that is not ours yet cannot be a bridge's port as a whole; undefined: it can. */
export function flatObstacle(link: Link, addresses: readonly HostAddress[]): NfvError | undefined {
  if (link.loopback) return inUse(link, 'is the loopback', 'name another interface in "providers"');
  if (link.master !== '') {
    return inUse(link, `is a port of ${link.master}`, remedy('take it out there'));
  }
  const cut = addressOn(link, addresses);
  if (cut !== undefined) return cut;
  const found = ownership(link);
  if (found.owner === 'ours') return inUse(link, `is that of ${found.key}`, 'name another');
  if (link.alias.length > MAX_FORMER_ALIAS) {
    const why = `has an alias of ${link.alias.length} characters`;
    return inUse(link, why, `give it one of at most ${MAX_FORMER_ALIAS}`);
  }
  return undefined;
}

const remedy = (text: string): string => `${text}, or give a VLAN of it (--provider-vlan)`;

/** The host has an address there, which a bridge would cut off. */
export function addressOn(link: Link, addresses: readonly HostAddress[]): NfvError | undefined {
  const own = addresses.find((each) => each.link.name === link.name && each.scope !== 'link');
  if (own === undefined) return undefined;
  const moved = remedy('take its addresses away');
  return inUse(link, `has the address ${own.address}, which would be cut off`, moved);
}

export function inUse({ name }: Link, why: string, remedy: string): NfvError {
  return new NfvError('FOREIGN_OBJECT', `the uplink ${name} ${why}`, {
    metadata: { object: name },
    remedy,
  });
}

/** `more`: what to add for people. */
export function uplinkMissing(uplink: string, device: string, more = ''): NfvError {
  const text = `the host has no interface ${device}, the provider uplink ${uplink}${more}`;
  return new NfvError('HOST_INTERFACE_MISSING', text, {
    metadata: { interface: device },
    remedy: 'create the interface, or correct its name in "providers" of the agent’s configuration',
  });
}

/** @throws NfvError HOST_INTERFACE_MISSING, UNDERLAY_MTU_TOO_SMALL, ITEM_INVALID */
export async function uplinkNow(
  { uplink, mtu }: ProviderPortItem,
  device: string,
  doors: Doors,
): Promise<Link> {
  checkName(device);
  const link = await readLinkNow(device, doors);
  if (link === undefined) throw uplinkMissing(uplink, device);
  if (link.mtu < mtu) {
    const text = `${device} has an MTU of ${link.mtu}; for the network it takes ${mtu}`;
    throw new NfvError('UNDERLAY_MTU_TOO_SMALL', text, {
      metadata: { interface: device, mtu: String(link.mtu), needed: String(mtu) },
    });
  }
  return link;
}

/** Makes a link a port of the network's bridge that learns and floods, whatever it is. */
export async function enterBridge(
  name: string,
  vni: number,
  found: Link | undefined,
  doors: Doors,
): Promise<void> {
  const set = ['link', 'set', 'dev', name];
  const inside = found?.master === bridgeName(vni);
  const flood = ['flood', 'on', 'mcast_flood', 'on'];
  if (!inside) await doors.ip.run(...set, 'master', bridgeName(vni));
  await doors.ip.run(...set, 'type', 'bridge_slave', 'learning', 'on', ...flood);
  // A port that enters a bridge floods broadcasts.
  if (inside && found.slave?.bcastFlood === false) await doors.floodBroadcasts(name, true);
}
