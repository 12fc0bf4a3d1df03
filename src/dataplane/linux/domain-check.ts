import type { Memory } from './memory.js';
import { ownership, type Link } from './links.js';
import { bridgeName, UNTUNNELLED, vxlanName } from './names.js';
import { bridgeDomainKey } from '../../model/item.js';
import type { View, Wants } from './view.js';

/** Notes that it must be known whether a VN's bridge and VXLAN device are ours. */
export function needOurs(vni: number, wants: Wants, memory: Memory): void {
  if (memory.isOurs(vni)) return;
  wants.links.add(bridgeName(vni));
  wants.links.add(vxlanName(vni));
}

/**
 * Remembers of the VNs whose links were read which are ours. Where a bridge was read by itself, the
 * VXLAN device is not missing: what is remembered stays.
 */
export function noteDomains(view: View, wants: Wants, memory: Memory): void {
  for (const link of view.links.values()) {
    const vni = link.name.startsWith('nfvb') && link.kind === 'bridge' ? vniOf(link) : undefined;
    if (vni === undefined) continue;
    const device = vxlanName(vni);
    if (!wants.allLinks && !wants.links.has(device)) continue;
    const vxlan = view.links.get(device);
    const isWhole = vxlan === undefined ? isUntunnelled(link) : vniOf(vxlan) === vni;
    memory.setDomain(vni, isWhole);
  }
}

/** Its bridge domain is to have no VXLAN device. */
export function isUntunnelled(bridge: Link | undefined): boolean {
  const found = bridge && ownership(bridge);
  return found?.owner === 'ours' && found.attested === UNTUNNELLED;
}

/** The VNI of a link that carries the alias of a bridge domain and its name. */
function vniOf(link: Link): number | undefined {
  const whose = ownership(link);
  if (whose.owner !== 'ours') return undefined;
  const vni = Number(whose.key.split('/')[1]);
  const named = link.name === bridgeName(vni) || link.name === vxlanName(vni);
  return named && whose.key === bridgeDomainKey(vni) ? vni : undefined;
}
