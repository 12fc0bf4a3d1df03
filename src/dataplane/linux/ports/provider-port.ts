/**
 * ProviderPort: an uplink of the host as a port of the network's bridge, or a VLAN device on it. The uplink
 * itself is the host's: it is never deleted, and given back as it was found.
 */
import { NfvError } from '../../../errors.js';
import { providerPortKey, type ProviderPortItem } from '../../../model/item.js';
import { differing } from '../../../reconcile/differing.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import { giveBack, takeUplink } from './provider-flat.js';
import { flatObstacle, providerOwner, uplinkMissing } from './provider-links.js';
import { parseProviderTag, type ProviderTag } from './provider-tag.js';
import { makeVlan, mendVlan } from './provider-vlan.js';
import type { LinuxKind } from '../kind.js';
import { removeLink } from '../link-removal.js';
import { ownership, type Link } from '../links.js';
import type { Memory } from '../memory.js';
import { bridgeName, providerName, providerVniOfName } from '../names.js';
import { inTheWay } from './port-links.js';
import { readLinksNow } from '../reader.js';
import type { View } from '../view.js';

/** An uplink that cannot be told, but is not the one that is wanted. */
const UNKNOWN = '?';

export const providerPort: LinuxKind<ProviderPortItem> = {
  rank: 3,
  // A bridge that goes only lets go of its ports.
  outlivesDependencies: true,

  differences: (wanted, observed) =>
    differing({
      uplink: [wanted.uplink, observed.uplink],
      vlan: [wanted.vlan, observed.vlan],
      mtu: [wanted.mtu, observed.mtu],
    }),

  mustRecreate: (wanted, observed) =>
    wanted.uplink !== observed.uplink || wanted.vlan !== observed.vlan,

  claims: ({ uplink, vlan }) => [vlan === 0 ? `uplink ${uplink}` : `VLAN ${vlan} of ${uplink}`],

  reads([vni], wanted, wants, memory) {
    wants.links.add(providerName(Number(vni)));
    for (const link of memory.providerLinks(Number(vni))) wants.links.add(link);
    if (!memory.primed) wants.allLinks = true;
    const device = wanted && memory.uplinks.get(wanted.uplink);
    if (device === undefined) return;
    wants.links.add(device);
    if (wanted?.vlan === 0) wants.addresses = true;
  },

  observe([vni], wanted, view, memory) {
    const found = linkOf(Number(vni), view);
    const links = [found?.name, wanted && memory.uplinks.get(wanted.uplink)];
    memory.setProvider(
      Number(vni),
      links.filter((name) => name !== undefined),
    );
    if (found !== undefined) return seen(Number(vni), found, wanted, view, memory);
    return wanted && obstacle(wanted, view, memory);
  },

  *list(view) {
    for (const link of view.links.values()) {
      const found = ownership(link);
      if (found.owner === 'ours' && found.key.startsWith('provider/')) yield found.key;
      const vni = found.owner === 'half' ? providerVniOfName(link.name) : undefined;
      if (vni !== undefined) yield providerPortKey(vni);
    }
  },

  async create(wanted, doors, memory) {
    const device = deviceOf(wanted, memory);
    if (wanted.vlan === 0) await takeUplink(wanted, device, doors);
    else await makeVlan(wanted, device, doors);
    memory.setProvider(wanted.vni, [device, providerName(wanted.vni)]);
  },

  async update(wanted, _from, doors, memory) {
    const device = deviceOf(wanted, memory);
    if (wanted.vlan === 0) await takeUplink(wanted, device, doors);
    else await mendVlan(wanted, device, doors);
  },

  async remove({ vni }, doors, memory) {
    for (const link of await readLinksNow(doors.ip)) {
      const owner = providerOwner(link, vni);
      if (owner === 'foreign') continue;
      if (link.name === providerName(vni)) await removeLink(link.name, doors);
      else if (owner === 'ours') await giveBack(link, vni, doors);
    }
    memory.forgetProvider(vni);
  },
};

/** @throws NfvError ITEM_UNSUPPORTED */
function deviceOf({ uplink }: ProviderPortItem, { uplinks }: Memory): string {
  const device = uplinks.get(uplink);
  if (device !== undefined) return device;
  throw new NfvError('ITEM_UNSUPPORTED', `this host has no provider uplink ${uplink}`, {
    metadata: { uplink },
    remedy: 'name the uplink in "providers" of the agent’s configuration, and restart the agent',
  });
}

function linkOf(vni: number, view: View): Link | undefined {
  const named = view.links.get(providerName(vni));
  const half = named !== undefined && providerOwner(named, vni) === 'half' ? named : undefined;
  return view.owned.get(providerPortKey(vni)) ?? half;
}

function seen(
  vni: number,
  link: Link,
  wanted: ProviderPortItem | undefined,
  view: View,
  { uplinks }: Memory,
): Sight<ProviderPortItem> {
  const tag = tagOf(link);
  const { uplink, vlan } = tag ?? wanted ?? { uplink: UNKNOWN, vlan: 0 };
  const device = uplinks.get(uplink);
  const isThere = vlan === 0 ? link.name === device : isVlan(link, vlan, device);
  const held = { kind: 'provider_port', vni, vlan, uplink: isThere ? uplink : UNKNOWN } as const;
  if (wanted === undefined) return { payload: { ...held, mtu: link.mtu }, defects: [] };
  const missing = isThere ? undefined : whileMissing(link, wanted, { uplink, vlan }, view, device);
  if (missing !== undefined) return missing;
  if (vlan === 0 && isThere && isElsewhere(link, vni)) return inBridge(link);
  return {
    payload: { ...held, mtu: carries(link, wanted) ? wanted.mtu : link.mtu },
    defects: [
      ...(tag === undefined ? [`${link.name}: creation was broken off`] : []),
      ...memberDefects(link, vni),
      ...(vlan === 0 ? [] : parentDefects(view.links.get(device ?? ''))),
    ],
  };
}

/** It was renamed, or its name was: what carries frames is not given up for one that is not there. */
function whileMissing(
  { name, vlan }: Link,
  wanted: ProviderPortItem,
  held: Pick<ProviderPortItem, 'uplink' | 'vlan'>,
  view: View,
  device: string | undefined,
): NfvError | undefined {
  if (wanted.uplink !== held.uplink || wanted.vlan !== held.vlan) return undefined;
  if (device === undefined || view.links.has(device)) return undefined;
  return uplinkMissing(held.uplink, device, `; ${vlan?.parent ?? name} stays in its place`);
}

function tagOf(link: Link): ProviderTag | undefined {
  const found = ownership(link);
  return found.owner === 'ours' ? parseProviderTag(found.attested) : undefined;
}

/** An uplink's own MTU is the host's. */
function carries({ mtu }: Link, wanted: ProviderPortItem): boolean {
  return wanted.vlan === 0 ? mtu >= wanted.mtu : mtu === wanted.mtu;
}

function isVlan({ vlan }: Link, id: number, device: string | undefined): boolean {
  return vlan?.id === id && vlan.parent === device;
}

const isElsewhere = ({ master }: Link, vni: number): boolean =>
  master !== '' && master !== bridgeName(vni);

function memberDefects({ name, master, up, slave }: Link, vni: number): string[] {
  if (master !== bridgeName(vni) || slave === undefined) {
    return [`${name}: not in ${bridgeName(vni)}`];
  }
  const floods = slave.flood && slave.mcastFlood && slave.bcastFlood !== false;
  return [
    ...(up ? [] : [`${name}: link down`]),
    ...(slave.learning ? [] : [`${name}: learning off`]),
    ...(floods ? [] : [`${name}: does not flood`]),
  ];
}

function parentDefects(parent: Link | undefined): string[] {
  return parent?.up === false ? [`${parent.name}: link down`] : [];
}

/** What keeps it from being made; undefined: nothing that is seen. */
function obstacle(
  { vni, uplink, vlan }: ProviderPortItem,
  view: View,
  { uplinks }: Memory,
): NfvError | undefined {
  if (vlan !== 0) {
    return view.links.has(providerName(vni)) ? inTheWay(providerName(vni)) : undefined;
  }
  const link = view.links.get(uplinks.get(uplink) ?? '');
  // That of another network which goes is given up first.
  if (link === undefined || ownership(link).owner === 'ours') return undefined;
  return flatObstacle(link, view.addresses);
}

function inBridge({ name, master }: Link): NfvError {
  return new NfvError('FOREIGN_OBJECT', `${name} was put into ${master}, which is not ours`, {
    metadata: { object: name },
  });
}
