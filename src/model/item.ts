/**
 * The pieces an NVE's configuration is made of, the same for every dataplane
 * (docs/architecture.md, "The items an NVA sends an NVE").
 */
import type { DriftPolicy } from './drift-policy.js';
import type { Port } from './endpoint.js';
import { checkPort, MAX_IPS } from './endpoint.js';
import { isHostAddress, ipRange, parseIp, parseMac } from './addresses.js';
import { Violations } from './violations.js';
import { isId } from './names.js';
import { MAX_MTU, MAX_VNI, MIN_MTU, MIN_VNI } from './virtual-network.js';

/** The NVE's own tunnel address. */
export interface VtepItem {
  readonly kind: 'vtep';
  readonly address: string;
}

/** The NVE's part of a virtual network. */
export interface BridgeDomainItem {
  readonly kind: 'bridge_domain';
  readonly network: string;
  readonly vni: number;
  /** The local VTEP address its tunnels leave from. */
  readonly vtep: string;
  readonly learn: boolean;
  readonly flood: boolean;
  readonly arpSuppression: boolean;
  /** Inner MTU in bytes. */
  readonly mtu: number;
  /** The underlay's multicast group for BUM frames; empty: none. */
  readonly bumGroup: string;
  /** Of all items of this VNI; absent: the agent's own. */
  readonly driftPolicy?: DriftPolicy;
}

/** A remote VTEP that takes part in a virtual network. */
export interface TunnelItem {
  readonly kind: 'tunnel';
  readonly vni: number;
  readonly remote: string;
  readonly local: string;
}

/** A remote VTEP that gets a copy of BUM frames (head-end replication). */
export interface FloodMemberItem {
  readonly kind: 'flood_member';
  readonly vni: number;
  readonly remote: string;
}

export type MacVia =
  | { readonly kind: 'remote'; readonly vtep: string }
  | { readonly kind: 'endpoint'; readonly endpoint: string };

/** Where a MAC is: behind a remote VTEP or behind the local port of an endpoint. */
export interface MacEntryItem {
  readonly kind: 'mac_entry';
  readonly vni: number;
  readonly mac: string;
  readonly via: MacVia;
}

/** Which MAC has an IP address, for ARP and neighbour suppression. */
export interface NeighborEntryItem {
  readonly kind: 'neighbor_entry';
  readonly vni: number;
  readonly ip: string;
  readonly mac: string;
}

/** An endpoint's port. */
export interface PortItem {
  readonly kind: 'port';
  readonly endpoint: string;
  readonly vni: number;
  readonly mac: string;
  /** `address/length`. */
  readonly addresses: readonly string[];
  readonly adminUp: boolean;
  /** Bytes, of both ends. */
  readonly mtu: number;
  readonly port: Port;
}

export type Payload =
  | VtepItem
  | BridgeDomainItem
  | TunnelItem
  | FloodMemberItem
  | MacEntryItem
  | NeighborEntryItem
  | PortItem;

export type ItemKind = Payload['kind'];

export type PayloadOf<K extends ItemKind> = Extract<Payload, { readonly kind: K }>;

export interface Item {
  readonly key: string;
  /** Names this content; opaque. */
  readonly version: string;
  readonly dependsOn: readonly string[];
  readonly payload: Payload;
}

export const ITEM_KINDS = [
  'vtep',
  'bridge_domain',
  'tunnel',
  'flood_member',
  'mac_entry',
  'neighbor_entry',
  'port',
] as const satisfies readonly ItemKind[];

export const vtepKey = (address: string): string => `vtep/${address}`;
export const bridgeDomainKey = (vni: number): string => `bd/${vni}`;
export const tunnelKey = (vni: number, remote: string): string => `tunnel/${vni}/${remote}`;
export const floodKey = (vni: number, remote: string): string => `flood/${vni}/${remote}`;
export const macKey = (vni: number, mac: string): string => `mac/${vni}/${mac}`;
export const neighborKey = (vni: number, ip: string): string => `neigh/${vni}/${ip}`;
export const portKey = (endpoint: string): string => `port/${endpoint}`;

/** The key that belongs to a payload. */
export function keyOf(payload: Payload): string {
  switch (payload.kind) {
    case 'vtep':
      return vtepKey(payload.address);
    case 'bridge_domain':
      return bridgeDomainKey(payload.vni);
    case 'tunnel':
      return tunnelKey(payload.vni, payload.remote);
    case 'flood_member':
      return floodKey(payload.vni, payload.remote);
    case 'mac_entry':
      return macKey(payload.vni, payload.mac);
    case 'neighbor_entry':
      return neighborKey(payload.vni, payload.ip);
    case 'port':
      return portKey(payload.endpoint);
  }
}

const KIND_OF_PREFIX: ReadonlyMap<string, ItemKind> = new Map([
  ['vtep', 'vtep'],
  ['bd', 'bridge_domain'],
  ['tunnel', 'tunnel'],
  ['flood', 'flood_member'],
  ['mac', 'mac_entry'],
  ['neigh', 'neighbor_entry'],
  ['port', 'port'],
]);

/** A key's kind and the rest of it, in parts; undefined: a kind that nobody here knows. */
export function splitKey(key: string): readonly [ItemKind | undefined, readonly string[]] {
  const [prefix = '', ...rest] = key.split('/');
  return [KIND_OF_PREFIX.get(prefix), rest];
}

export function isOfKind<K extends ItemKind>(payload: Payload, kind: K): payload is PayloadOf<K> {
  return payload.kind === kind;
}

/** Characters of any key; none of those above comes near. */
export const MAX_KEY = 256;
const MAX_DEPENDENCIES = 16;

/** The keys a payload's item must wait for. */
export function dependenciesOf(payload: Payload): readonly string[] {
  switch (payload.kind) {
    case 'vtep':
      return [];
    case 'bridge_domain':
      return [vtepKey(payload.vtep)];
    case 'tunnel':
      return [bridgeDomainKey(payload.vni)];
    case 'flood_member':
      return [tunnelKey(payload.vni, payload.remote)];
    case 'mac_entry':
      return [
        payload.via.kind === 'remote'
          ? tunnelKey(payload.vni, payload.via.vtep)
          : portKey(payload.via.endpoint),
      ];
    case 'neighbor_entry':
      return [macKey(payload.vni, payload.mac)];
    case 'port':
      return [bridgeDomainKey(payload.vni)];
  }
}

/**
 * An item as it came over the wire: an NVE trusts no NVA with its kernel.
 * @throws NfvError ITEM_INVALID with every violation, fields under the item's key.
 */
export function checkItem(item: Item): Item {
  const v = new Violations(item.key === '' ? 'item' : item.key);
  const { payload } = item;
  checkPayload(v, payload);
  if (keyOf(payload) !== item.key) {
    v.add('key', item.key, `not the key of its content`, `give "${keyOf(payload)}"`);
  }
  if (item.version === '' || item.version.length > 64) {
    v.add('version', item.version, 'not a version', 'give 1-64 characters');
  }
  checkDependencies(v, item.dependsOn);
  v.throwIfAny('ITEM_INVALID');
  return item;
}

function checkDependencies(v: Violations, keys: readonly string[]): void {
  if (keys.length > MAX_DEPENDENCIES) {
    v.add('depends_on', `${keys.length} keys`, 'too many', `give at most ${MAX_DEPENDENCIES}`);
  }
  const odd = keys.find((key) => key === '' || key.length > MAX_KEY);
  if (odd !== undefined) v.add('depends_on', odd, 'not a key', `give 1-${MAX_KEY} characters`);
}

function checkPayload(v: Violations, p: Payload): void {
  if (p.kind !== 'vtep' && !(Number.isInteger(p.vni) && p.vni >= MIN_VNI && p.vni <= MAX_VNI)) {
    v.add('vni', p.vni, 'not a VNI', `give ${MIN_VNI}-${MAX_VNI}`);
  }
  switch (p.kind) {
    case 'vtep':
      checkAddress(v, 'address', p.address);
      break;
    case 'bridge_domain':
      checkBridgeDomain(v, p);
      break;
    case 'tunnel':
      checkAddress(v, 'remote', p.remote);
      checkAddress(v, 'local', p.local);
      if (p.remote === p.local) v.add('remote', p.remote, 'a tunnel to ourselves', 'leave it out');
      break;
    case 'flood_member':
      checkAddress(v, 'remote', p.remote);
      break;
    case 'mac_entry':
      checkMac(v, p.mac);
      if (p.via.kind === 'remote') checkAddress(v, 'remote', p.via.vtep);
      else checkEndpointId(v, p.via.endpoint);
      break;
    case 'neighbor_entry':
      checkAddress(v, 'ip', p.ip);
      checkMac(v, p.mac);
      break;
    case 'port':
      checkPortItem(v, p);
      break;
  }
}

function checkBridgeDomain(v: Violations, p: BridgeDomainItem): void {
  if (!isId(p.network)) v.add('network', p.network, 'not an id', 'give a network id');
  checkAddress(v, 'vtep', p.vtep);
  checkMtu(v, p.mtu);
  if (p.bumGroup === '') return;
  const group = parseIp(p.bumGroup);
  if (group?.text !== p.bumGroup || ipRange(group) !== 'multicast') {
    v.add('bum_group', p.bumGroup, 'not a canonical multicast address', 'give one');
  }
}

function checkPortItem(v: Violations, p: PortItem): void {
  checkEndpointId(v, p.endpoint);
  checkMac(v, p.mac);
  checkMtu(v, p.mtu);
  checkPort(v, p.port);
  if (p.addresses.length > MAX_IPS) {
    v.add('addresses', `${p.addresses.length} of them`, 'too many', `give at most ${MAX_IPS}`);
  }
  for (const [i, text] of p.addresses.entries()) {
    const [address = '', length = ''] = text.split('/');
    checkAddress(v, `addresses[${i}]`, address);
    const max = address.includes(':') ? 128 : 32;
    if (!/^\d{1,3}$/.test(length) || Number(length) > max) {
      v.add(`addresses[${i}]`, text, 'no prefix length', `give ADDRESS/0-${max}`);
    }
  }
}

function checkAddress(v: Violations, field: string, text: string): void {
  const ip = parseIp(text);
  if (ip?.text !== text || !isHostAddress(ip)) {
    v.add(field, text, 'not a canonical unicast IP address', 'give one without prefix length');
  }
}

function checkMac(v: Violations, mac: string): void {
  if (parseMac(mac) !== mac) v.add('mac', mac, 'not a canonical MAC', 'give six hex bytes');
}

function checkMtu(v: Violations, mtu: number): void {
  if (!Number.isInteger(mtu) || mtu < MIN_MTU || mtu > MAX_MTU) {
    v.add('mtu', mtu, 'out of range', `give ${MIN_MTU}-${MAX_MTU}`);
  }
}

function checkEndpointId(v: Violations, id: string): void {
  if (!isId(id)) v.add('endpoint', id, 'not an id', 'give an endpoint id');
}
