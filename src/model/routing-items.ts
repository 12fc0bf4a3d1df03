/**
 * Items of routing between virtual networks: a router's table on an NVE (VRF, RFC 4364 §3), the
 * gateways of networks in it, and its routes.
 */
import {
  ipRange,
  isMulticastMac,
  networkAddress,
  parseIp,
  parsePrefix,
  type Ip,
} from './addresses.js';
import {
  checkAddress,
  checkInterfaceAddress,
  checkMac,
  checkMtu,
  checkVni,
} from './item-checks.js';
import { isId } from './names.js';
import type { Violations } from './violations.js';

/** A router's tables, one for IPv4 and one for IPv6. */
export interface VrfItem {
  readonly kind: 'vrf';
  /** The router's own 24-bit id, which is the tables' too: 1-16777215. */
  readonly id: number;
  /** Id of the router. */
  readonly name: string;
}

/**
 * The NVE's own interface in a virtual network, by which a router of the NVE reaches it. It is the
 * same on each NVE that has the network (anycast): MAC and addresses too.
 */
export interface GatewayInterfaceItem {
  readonly kind: 'gateway_interface';
  readonly vrf: number;
  /** Of the virtual network, which has no other gateway on the NVE. */
  readonly vni: number;
  readonly mac: string;
  /** `address/length`; their subnets do not overlap, but those of one length may be one. */
  readonly addresses: readonly string[];
  /** Of a routed packet, in bytes. */
  readonly mtu: number;
}

/**
 * Which MAC an address behind a gateway interface has, so that no packet waits for an answer to ARP
 * or neighbour solicitation. A neighbour entry answers the guests' questions; this asks none.
 */
export interface GatewayNeighborItem {
  readonly kind: 'gateway_neighbor';
  readonly vrf: number;
  readonly vni: number;
  readonly ip: string;
  readonly mac: string;
}

export interface NextHop {
  readonly address: string;
  /** The network it is in, by its gateway interface; 0: where the routes of its VRF say. */
  readonly vni: number;
  /** Its share of the traffic beside the others', 1-255. */
  readonly weight: number;
}

export type RouteVia =
  | { readonly kind: 'drop' }
  /** Several: traffic is spread over them (ECMP, RFC 2992). */
  | { readonly kind: 'next_hops'; readonly nextHops: readonly NextHop[] }
  /** It is looked up again in this VRF. */
  | { readonly kind: 'vrf'; readonly vrf: number };

export interface RouteItem {
  readonly kind: 'route';
  readonly vrf: number;
  /** Canonical, host bits 0. */
  readonly prefix: string;
  readonly via: RouteVia;
}

export const vrfKey = (id: number): string => `vrf/${id}`;
export const gatewayKey = (vrf: number, vni: number): string => `gw/${vrf}/${vni}`;
export const gatewayNeighborKey = (vrf: number, vni: number, ip: string): string =>
  `gwneigh/${vrf}/${vni}/${ip}`;
export const routeKey = (vrf: number, prefix: string): string => `route/${vrf}/${prefix}`;

const MAX_VRF = 0xff_ffff;
const MAX_ADDRESSES = 16;
const MAX_NEXT_HOPS = 16;
const MAX_WEIGHT = 255;
const NO_MAC = '00:00:00:00:00:00';

function checkVrfId(v: Violations, field: string, id: number): void {
  if (!Number.isInteger(id) || id < 1 || id > MAX_VRF) {
    v.add(field, id, 'not the id of a VRF', `give 1-${MAX_VRF}`);
  }
}

function checkUnicastMac(v: Violations, mac: string): void {
  checkMac(v, mac);
  if (isMulticastMac(mac) || mac === NO_MAC) {
    v.add('mac', mac, 'no MAC of an interface', 'give a unicast MAC');
  }
}

export function checkVrf(v: Violations, { id, name }: VrfItem): void {
  checkVrfId(v, 'id', id);
  if (!isId(name)) v.add('name', name, 'not an id', 'give the id of a router');
}

export function checkGatewayInterface(v: Violations, item: GatewayInterfaceItem): void {
  const { addresses } = item;
  checkVrfId(v, 'vrf', item.vrf);
  checkVni(v, 'vni', item.vni);
  checkUnicastMac(v, item.mac);
  checkMtu(v, item.mtu);
  if (addresses.length === 0 || addresses.length > MAX_ADDRESSES) {
    const found = `${addresses.length} of them`;
    v.add('addresses', found, 'too few or too many', `give 1-${MAX_ADDRESSES}`);
  }
  for (const [i, text] of addresses.entries()) {
    const field = `addresses[${i}]`;
    checkInterfaceAddress(v, field, text);
    if (!/\/[1-9]\d*$/.test(text)) v.add(field, text, 'no subnet', 'give a length of 1 or more');
    if (isLinkLocal(text)) {
      v.add(field, text, 'a link-local address', 'leave it out: the interface has its own');
    }
    const other = addresses.slice(0, i).find((each) => overlap(each, text));
    if (other !== undefined) {
      v.add(field, text, `overlaps with ${other}`, 'give subnets that do not overlap');
    }
  }
}

/** VPP takes no two such addresses on one interface, but several of one subnet. */
function overlap(a: string, b: string): boolean {
  const [first, second] = [parseAddress(a), parseAddress(b)];
  if (first === undefined || second === undefined) return false;
  if (first.ip.family !== second.ip.family) return false;
  const shorter = Math.min(first.length, second.length);
  if (networkAddress(first.ip, shorter) !== networkAddress(second.ip, shorter)) return false;
  return first.length !== second.length || first.ip.text === second.ip.text;
}

function parseAddress(text: string): { readonly ip: Ip; readonly length: number } | undefined {
  const [address = '', digits = ''] = text.split('/');
  const ip = parseIp(address);
  const length = Number(digits);
  const isLength = digits !== '' && length <= (ip?.family === 'IPV6' ? 128 : 32);
  return ip !== undefined && isLength ? { ip, length } : undefined;
}

function isLinkLocal(text: string): boolean {
  const ip = parseIp(text.split('/', 1)[0] ?? '');
  return ip !== undefined && ipRange(ip) === 'linkLocal';
}

export function checkGatewayNeighbor(v: Violations, item: GatewayNeighborItem): void {
  checkVrfId(v, 'vrf', item.vrf);
  checkVni(v, 'vni', item.vni);
  checkAddress(v, 'ip', item.ip);
  checkUnicastMac(v, item.mac);
}

export function checkRoute(v: Violations, { vrf, prefix, via }: RouteItem): void {
  checkVrfId(v, 'vrf', vrf);
  const parsed = parsePrefix(prefix);
  if (parsed?.text !== prefix) {
    v.add('prefix', prefix, 'not a canonical prefix', 'give ADDRESS/LENGTH with host bits 0');
  } else if (ipRange({ family: parsed.family, text: parsed.address }) === 'multicast') {
    v.add('prefix', prefix, 'a multicast prefix', 'give a unicast one');
  }
  if (via.kind === 'vrf') {
    checkVrfId(v, 'via.vrf', via.vrf);
    if (via.vrf === vrf) v.add('via.vrf', vrf, 'the VRF of the route', 'give another');
  } else if (via.kind === 'next_hops') checkNextHops(v, prefix, via.nextHops);
}

function checkNextHops(v: Violations, prefix: string, hops: readonly NextHop[]): void {
  if (hops.length === 0 || hops.length > MAX_NEXT_HOPS) {
    v.add('next_hops', `${hops.length} of them`, 'too few or too many', `give 1-${MAX_NEXT_HOPS}`);
  }
  for (const [i, hop] of hops.entries()) {
    const { address, vni, weight } = hop;
    const field = `next_hops[${i}]`;
    checkAddress(v, field, address);
    if (vni !== 0) checkVni(v, `${field}.vni`, vni);
    else if (isLinkLocal(address)) {
      v.add(`${field}.vni`, vni, 'a link-local next hop of no network', 'give its network');
    }
    if (address.includes(':') !== prefix.includes(':')) {
      v.add(field, address, `not of the family of ${prefix}`, 'give one that is');
    }
    if (!Number.isInteger(weight) || weight < 1 || weight > MAX_WEIGHT) {
      v.add(`${field}.weight`, weight, 'out of range', `give 1-${MAX_WEIGHT}`);
    }
    const isTwice = hops.slice(0, i).some((each) => each.address === address && each.vni === vni);
    if (isTwice) v.add(field, address, 'given twice', 'give it once, with a weight');
  }
}
