/** What a veth's and a tap's ends on the host have in common. */
import { isIndexName } from '../../../host/iproute2/command.js';
import { NfvError } from '../../../errors.js';
import { portKey, type PortItem } from '../../../model/item.js';
import { addressless, dropMade } from '../addressless.js';
import { isUntunnelled } from '../domain-check.js';
import type { Doors } from '../doors.js';
import { ownership, type Link } from '../links.js';
import { alias, bridgeName, vxlanName } from '../names.js';
import { readLinkNow } from '../reader.js';

/** Whose a link is that has the place of an endpoint's port. */
export function whoseLink(link: Link, endpoint: string): 'ours' | 'half' | 'foreign' {
  const found = ownership(link);
  if (found.owner !== 'ours') return found.owner;
  return found.key === portKey(endpoint) ? 'ours' : 'foreign';
}

export function inTheWay(name: string, where = 'this host'): NfvError {
  return new NfvError('FOREIGN_OBJECT', `${where} already has an interface ${name}, not ours`, {
    metadata: { object: name },
  });
}

/** @throws NfvError ITEM_INVALID for a name that iproute2 may take for an index */
export function checkName(name: string): void {
  if (!isIndexName(name)) return;
  throw new NfvError('ITEM_INVALID', `iproute2 cannot be told an interface called ${name}`, {
    remedy: 'choose a name that does not begin with "if" and a digit',
  });
}

/**
 * Puts the host's end into its bridge, as wanted, whatever it was before. The commands go out
 * together and are carried out in order, the alias last. `attested`: see port-tag.ts.
 */
export async function attach(
  { endpoint, vni, mtu, adminUp }: PortItem,
  attested: string,
  name: string,
  doors: Doors,
  found: Link | undefined,
): Promise<void> {
  const bridge = bridgeName(vni);
  const vxlan = await readLinkNow(vxlanName(vni), doors);
  const learning = (await learns(bridge, vxlan, doors)) ? 'on' : 'off';
  const set = ['link', 'set', 'dev', name];
  const flood = ['flood', 'on', 'mcast_flood', 'on'];
  const tag = alias(portKey(endpoint), attested);
  const inside = found?.master === bridge;
  const enter = inside ? [] : ['master', bridge];
  // A port that enters a bridge floods broadcasts.
  const mute = inside && found.slave?.bcastFlood === false;
  await Promise.all([
    doors.ip.run(...set, 'mtu', String(mtu), ...enter),
    doors.ip.run(
      ...set,
      ...addressless(mtu),
      'type',
      'bridge_slave',
      'learning',
      learning,
      ...flood,
    ),
    ...dropMade(name, mtu, found).map((words) => doors.ip.run(...words)),
    mute ? doors.floodBroadcasts(name, true) : undefined,
    doors.ip.run(...set, adminUp ? 'up' : 'down', 'alias', tag),
  ]);
}

/** In a network without tunnels all that is known of MACs is learned. */
async function learns(bridge: string, vxlan: Link | undefined, doors: Doors): Promise<boolean> {
  if (vxlan !== undefined) return vxlan.slave?.learning === true;
  return isUntunnelled(await readLinkNow(bridge, doors));
}
