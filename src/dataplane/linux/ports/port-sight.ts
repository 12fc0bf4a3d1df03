/** What a port's link on the host tells of it. */
import type { Port, TapPort } from '../../../model/endpoint.js';
import { portKey, type PortItem } from '../../../model/item.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import { makesAddresses } from '../addressless.js';
import { isUntunnelled } from '../domain-check.js';
import { ownership, type Link } from '../links.js';
import type { Memory } from '../memory.js';
import { bridgeName, givenName, portName, vniOfName, vxlanName } from '../names.js';
import { inTheWay, whoseLink } from './port-links.js';
import {
  hashOfAddress,
  hashOfPlace,
  isReplaced,
  parsePortTag,
  type TapTag,
  type VethTag,
} from './port-tag.js';
import type { View } from '../view.js';

/** What cannot be told, but is not what is wanted. */
export const UNKNOWN = '?';

/** A made-up endpoint for a half-created link, of which nobody knows any more whose it was. */
export const leftoverEndpoint = (link: string): string => `${UNKNOWN}${link}`;

/** The link of a made-up endpoint; undefined: it is a real one. */
export function leftoverName(endpoint: string): string | undefined {
  return endpoint.startsWith(UNKNOWN) ? endpoint.slice(UNKNOWN.length) : undefined;
}

export function portSight(
  endpoint: string,
  wanted: PortItem | undefined,
  view: View,
): Sight<PortItem> {
  const named = wanted === undefined ? undefined : view.links.get(portName(wanted));
  if (named !== undefined && whoseLink(named, endpoint) === 'foreign') return inTheWay(named.name);
  const link = view.owned.get(portKey(endpoint)) ?? view.links.get(leftoverName(endpoint) ?? '');
  if (link !== undefined) return seen(endpoint, link, wanted, view);
  if (wanted === undefined || named === undefined) return undefined;
  return { payload: wanted, defects: [`${named.name}: creation was broken off`] };
}

function seen(
  endpoint: string,
  link: Link,
  wanted: PortItem | undefined,
  view: View,
): Sight<PortItem> {
  const found = ownership(link);
  const tag = found.owner === 'ours' ? parsePortTag(found.attested) : undefined;
  const vni = link.master.startsWith('nfvb') ? vniOfName(link.master) : undefined;
  const guest = guestOf(tag, wanted);
  return {
    payload: {
      kind: 'port',
      endpoint,
      vni: vni ?? wanted?.vni ?? 0,
      mac: guest.mac,
      addresses: guest.addresses,
      adminUp: link.up,
      mtu: link.mtu,
      port: portOf(link, tag, wanted),
    },
    defects: [
      ...ownDefects(link, found.owner, tag),
      ...placeDefects(link, tag, wanted, view),
      ...bridgeDefects(link, wanted, view),
    ],
  };
}

/** What the guest's end was given; of a tap, whose guest is not ours to look into, as wanted. */
function guestOf(
  tag: VethTag | TapTag | undefined,
  wanted: PortItem | undefined,
): Pick<PortItem, 'mac' | 'addresses'> {
  if (tag?.kind !== 'veth') return { mac: wanted?.mac ?? '', addresses: wanted?.addresses ?? [] };
  const known = new Map(wanted?.addresses.map((address) => [hashOfAddress(address), address]));
  return { mac: tag.mac, addresses: tag.addresses.map((hash) => known.get(hash) ?? UNKNOWN) };
}

function portOf(link: Link, tag: VethTag | TapTag | undefined, wanted: PortItem | undefined): Port {
  const named = wanted !== undefined && portName(wanted) === link.name;
  const name = named ? givenName(wanted.port) : link.name;
  if (link.kind === 'tun') return tapOf(link, tag?.kind === 'tap' ? tag : undefined, name);
  const place = wanted?.port.kind === 'veth' ? wanted.port : undefined;
  const there = place !== undefined && tag?.kind === 'veth' && tag.place === hashOfPlace(place);
  return {
    kind: 'veth',
    netns: there ? place.netns : UNKNOWN,
    interface: there ? place.interface : UNKNOWN,
    hostInterface: name,
  };
}

/** Whoever opens a tap may change whether it has vnet_hdr (drivers/net/tun.c, tun_set_iff). */
function tapOf(link: Link, tag: TapTag | undefined, name: string): TapPort {
  return {
    kind: 'tap',
    interface: name,
    ownerUid: tag?.ownerUid ?? -1,
    multiQueue: link.tap?.multiQueue ?? false,
    vnetHdr: tag?.vnetHdr ?? false,
  };
}

function ownDefects(
  link: Link,
  owner: 'ours' | 'half' | 'foreign',
  tag: VethTag | TapTag | undefined,
): string[] {
  if (owner !== 'ours') return [`${link.name}: creation was broken off`];
  const wrongMtu = tag?.kind === 'veth' && tag.mtu !== link.mtu;
  return [
    ...(wrongMtu ? [`${link.name}: the guest's end has mtu ${tag.mtu}`] : []),
    ...(makesAddresses(link) ? [`${link.name}: makes itself IPv6 addresses`] : []),
  ];
}

function placeDefects(
  { name }: Link,
  tag: VethTag | TapTag | undefined,
  wanted: PortItem | undefined,
  view: View,
): string[] {
  if (tag?.kind !== 'veth' || wanted?.port.kind !== 'veth') return [];
  const { netns } = wanted.port;
  if (!isReplaced(tag, view.namespaces.get(netns))) return [];
  return [`${name}: its other end is in a namespace that was called ${netns} before`];
}

function bridgeDefects(link: Link, wanted: PortItem | undefined, view: View): string[] {
  if (wanted === undefined) return [];
  const { slave } = link;
  if (!link.master.startsWith('nfvb') || slave === undefined) {
    return [`${link.name}: not in ${bridgeName(wanted.vni)}`];
  }
  const vxlan = view.links.get(vxlanName(wanted.vni))?.slave;
  const floods = slave.flood && slave.mcastFlood && slave.bcastFlood !== false;
  // Without tunnels all that is known of MACs is learned.
  const isUntold = vxlan === undefined && !isUntunnelled(view.links.get(bridgeName(wanted.vni)));
  const learns = isUntold || slave.learning === (vxlan?.learning ?? true);
  return [
    ...(floods ? [] : [`${link.name}: does not flood`]),
    ...(learns ? [] : [`${link.name}: learning ${slave.learning ? 'on' : 'off'}`]),
  ];
}

/** Remembers all ports of ours, when all links were read. */
export function notePorts(view: View, memory: Memory): void {
  for (const [key, link] of view.owned) {
    const [kind, endpoint = ''] = key.split('/');
    const vni = link.master.startsWith('nfvb') ? vniOfName(link.master) : undefined;
    if (kind === 'port') memory.setPort({ endpoint, link: link.name, vni: vni ?? 0 });
  }
}
