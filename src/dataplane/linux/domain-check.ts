import type { Memory } from './memory.js';
import { ownership, type Link } from './links.js';
import { bridgeName, UNTUNNELLED, vniOfName, vxlanName } from './names.js';
import { bridgeDomainKey } from '../../model/item.js';
import type { View, Wants } from './view.js';

/** Notes that it must be known whether a VN's bridge and VXLAN device are ours. */
export function needOurs(vni: number, wants: Wants, memory: Memory): void {
  if (memory.isOurs(vni)) {
    wants.ours.add(vni);
    return;
  }
  wants.links.add(bridgeName(vni));
  wants.links.add(vxlanName(vni));
}

/**
 * Notes in the view what is ours of each VN, and remembers it of those both of whose links were asked
 * for: where a bridge was read by itself, its VXLAN device is not missing. What was ours when the
 * reading began is so in this view, though the kernel may have told of a change since: that has a look
 * of its own.
 */
export function noteDomains(view: View, wants: Wants, memory: Memory): void {
  for (const vni of wants.ours) {
    if (wereAskedFor(vni, wants)) memory.setDomain(vni, false);
    else view.setOurs(vni, 'both');
  }
  for (const link of view.links.values()) {
    const vni = link.name.startsWith('nfvb') && link.kind === 'bridge' ? vniOf(link) : undefined;
    if (vni === undefined || !wereAskedFor(vni, wants)) continue;
    const vxlan = view.links.get(vxlanName(vni));
    const isWhole = vxlan === undefined ? isUntunnelled(link) : vniOf(vxlan) === vni;
    memory.setDomain(vni, isWhole);
    view.setOurs(vni, isWhole ? 'both' : 'bridge');
  }
}

/** Both links of a VN: what was not found is not there. */
function wereAskedFor(vni: number, { allLinks, links }: Wants): boolean {
  return allLinks || (links.has(bridgeName(vni)) && links.has(vxlanName(vni)));
}

/** Its bridge domain is to have no VXLAN device. */
export function isUntunnelled(bridge: Link | undefined): boolean {
  const found = bridge && ownership(bridge);
  return found?.owner === 'ours' && found.attested === UNTUNNELLED;
}

/** The VNI of a link with a name of ours that is ours, also if it has no alias yet, or has lost it. */
function vniOf(link: Link): number | undefined {
  const vni = vniOfName(link.name);
  const whose = ownership(link);
  if (vni === undefined || whose.owner === 'foreign') return undefined;
  return whose.owner === 'half' || whose.key === bridgeDomainKey(vni) ? vni : undefined;
}
