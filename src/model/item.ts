/**
 * The pieces an NVE's configuration is made of, the same for every dataplane
 * (docs/architecture.md, "The items an NVA sends an NVE").
 */
import { checkAllowed, type AllowedAddress } from './allowed-address.js';
import type { DriftPolicy } from './drift-policy.js';
import type { Port } from './endpoint.js';
import { checkPort, MAX_IPS } from './endpoint.js';
import { ipRange, parseIp } from './addresses.js';
import {
  checkAddress,
  checkEndpointId,
  checkInterfaceAddress,
  checkMac,
  checkMtu,
  checkVni,
} from './item-checks.js';
import {
  checkGatewayInterface,
  checkGatewayNeighbor,
  checkRoute,
  checkVrf,
  gatewayKey,
  gatewayNeighborKey,
  routeKey,
  vrfKey,
  type GatewayInterfaceItem,
  type GatewayNeighborItem,
  type RouteItem,
  type VrfItem,
} from './routing-items.js';
import { isId } from './names.js';
import { Violations } from './violations.js';
import { MAX_VLAN } from './virtual-network.js';

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
  /** The local VTEP address its tunnels leave from; empty: none, it is of a provider network. */
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
  /** Guests that know the address with another MAC have to be told; absent: they need not. */
  readonly announce?: true;
}

/** An endpoint's port. */
export interface PortItem {
  readonly kind: 'port';
  readonly endpoint: string;
  /** 0: in no bridge domain; its frames go by a cross-connect. */
  readonly vni: number;
  readonly mac: string;
  /** `address/length`. */
  readonly addresses: readonly string[];
  readonly adminUp: boolean;
  /** Bytes, of both ends. */
  readonly mtu: number;
  readonly port: Port;
  /** Addresses to look for at it, each with its MAC; absent: none. */
  readonly allowedAddresses?: readonly AllowedAddress[];
}

/** Two endpoints' ports with nothing between them: what comes in at one goes out at the other. */
export interface XconnectItem {
  readonly kind: 'xconnect';
  /** The endpoint whose id comes first. */
  readonly a: string;
  readonly b: string;
}

/** A bridge domain's way into a physical network. */
export interface ProviderPortItem {
  readonly kind: 'provider_port';
  readonly vni: number;
  /** Name of one of the NVE's uplinks. */
  readonly uplink: string;
  /** 0: frames go as they are. */
  readonly vlan: number;
  /** Bytes that the uplink must carry. */
  readonly mtu: number;
}

export type Payload =
  | VtepItem
  | BridgeDomainItem
  | TunnelItem
  | FloodMemberItem
  | MacEntryItem
  | NeighborEntryItem
  | PortItem
  | XconnectItem
  | VrfItem
  | GatewayInterfaceItem
  | GatewayNeighborItem
  | RouteItem
  | ProviderPortItem;

export type ItemKind = Payload['kind'];

export type PayloadOf<K extends ItemKind> = Extract<Payload, { readonly kind: K }>;

export interface Item {
  readonly key: string;
  /** Names this content; opaque. */
  readonly version: string;
  readonly dependsOn: readonly string[];
  readonly payload: Payload;
  /** What it adds to a digest (southbound.ts), of an item that is in many. */
  readonly digestPart?: bigint;
}

export const ITEM_KINDS = [
  'vtep',
  'bridge_domain',
  'tunnel',
  'flood_member',
  'mac_entry',
  'neighbor_entry',
  'port',
  'xconnect',
  'vrf',
  'gateway_interface',
  'gateway_neighbor',
  'route',
  'provider_port',
] as const satisfies readonly ItemKind[];

export const vtepKey = (address: string): string => `vtep/${address}`;
export const bridgeDomainKey = (vni: number): string => `bd/${vni}`;
export const tunnelKey = (vni: number, remote: string): string => `tunnel/${vni}/${remote}`;
export const floodKey = (vni: number, remote: string): string => `flood/${vni}/${remote}`;
export const macKey = (vni: number, mac: string): string => `mac/${vni}/${mac}`;
export const neighborKey = (vni: number, ip: string): string => `neigh/${vni}/${ip}`;
export const portKey = (endpoint: string): string => `port/${endpoint}`;
export const providerPortKey = (vni: number): string => `provider/${vni}`;
export const xconnectKey = (a: string, b: string): string => `xc/${a}/${b}`;

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
    case 'xconnect':
      return xconnectKey(payload.a, payload.b);
    case 'vrf':
      return vrfKey(payload.id);
    case 'gateway_interface':
      return gatewayKey(payload.vrf, payload.vni);
    case 'gateway_neighbor':
      return gatewayNeighborKey(payload.vrf, payload.vni, payload.ip);
    case 'route':
      return routeKey(payload.vrf, payload.prefix);
    case 'provider_port':
      return providerPortKey(payload.vni);
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
  ['xc', 'xconnect'],
  ['vrf', 'vrf'],
  ['gw', 'gateway_interface'],
  ['gwneigh', 'gateway_neighbor'],
  ['route', 'route'],
  ['provider', 'provider_port'],
]);

/** A key's kind and the rest of it, in parts; undefined: a kind that nobody here knows. */
export function splitKey(key: string): readonly [ItemKind | undefined, readonly string[]] {
  const parts = key.split('/');
  return [KIND_OF_PREFIX.get(parts[0] ?? ''), parts.slice(1)];
}

export function isOfKind<K extends ItemKind>(payload: Payload, kind: K): payload is PayloadOf<K> {
  return payload.kind === kind;
}

/** Characters of any key; none of those above comes near. */
export const MAX_KEY = 256;
/** The same of any version. */
export const MAX_VERSION = 64;
/** A route has most: its VRF, and the gateway interfaces of 16 next hops. */
const MAX_DEPENDENCIES = 32;

/** The keys a payload's item must wait for. */
export function dependenciesOf(payload: Payload): readonly string[] {
  switch (payload.kind) {
    case 'vtep':
      return [];
    case 'bridge_domain':
      return [payload.vtep].filter((vtep) => vtep !== '').map(vtepKey);
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
      return payload.vni === 0 ? [] : [bridgeDomainKey(payload.vni)];
    case 'xconnect':
      return [portKey(payload.a), portKey(payload.b)];
    case 'vrf':
      return [];
    case 'gateway_interface':
      return [vrfKey(payload.vrf), bridgeDomainKey(payload.vni)];
    case 'gateway_neighbor':
      return [gatewayKey(payload.vrf, payload.vni)];
    case 'route':
      return routeNeeds(payload);
    case 'provider_port':
      return [bridgeDomainKey(payload.vni)];
  }
}

function routeNeeds({ vrf, via }: RouteItem): readonly string[] {
  switch (via.kind) {
    case 'drop':
      return [vrfKey(vrf)];
    case 'vrf':
      return [vrfKey(vrf), vrfKey(via.vrf)];
    case 'next_hops': {
      const gateways = via.nextHops.filter(({ vni }) => vni !== 0);
      return [...new Set([vrfKey(vrf), ...gateways.map(({ vni }) => gatewayKey(vrf, vni))])];
    }
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
  if (item.version === '' || item.version.length > MAX_VERSION) {
    v.add('version', item.version, 'not a version', `give 1-${MAX_VERSION} characters`);
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
  switch (p.kind) {
    case 'vtep':
      checkAddress(v, 'address', p.address);
      break;
    case 'bridge_domain':
      checkBridgeDomain(v, p);
      break;
    case 'tunnel':
      checkVni(v, 'vni', p.vni);
      checkAddress(v, 'remote', p.remote);
      checkAddress(v, 'local', p.local);
      if (p.remote === p.local) v.add('remote', p.remote, 'a tunnel to ourselves', 'leave it out');
      break;
    case 'flood_member':
      checkVni(v, 'vni', p.vni);
      checkAddress(v, 'remote', p.remote);
      break;
    case 'mac_entry':
      checkVni(v, 'vni', p.vni);
      checkMac(v, p.mac);
      if (p.via.kind === 'remote') checkAddress(v, 'remote', p.via.vtep);
      else checkEndpointId(v, 'endpoint', p.via.endpoint);
      break;
    case 'neighbor_entry':
      checkVni(v, 'vni', p.vni);
      checkAddress(v, 'ip', p.ip);
      checkMac(v, p.mac);
      break;
    case 'port':
      checkPortItem(v, p);
      break;
    case 'xconnect':
      checkXconnect(v, p);
      break;
    case 'vrf':
      checkVrf(v, p);
      break;
    case 'gateway_interface':
      checkGatewayInterface(v, p);
      break;
    case 'gateway_neighbor':
      checkGatewayNeighbor(v, p);
      break;
    case 'route':
      checkRoute(v, p);
      break;
    case 'provider_port':
      checkProviderPort(v, p);
      break;
  }
}

function checkBridgeDomain(v: Violations, p: BridgeDomainItem): void {
  checkVni(v, 'vni', p.vni);
  if (!isId(p.network)) v.add('network', p.network, 'not an id', 'give a network id');
  if (p.vtep !== '') checkAddress(v, 'vtep', p.vtep);
  else if (p.bumGroup !== '') v.add('bum_group', p.bumGroup, 'without a VTEP', 'give one');
  checkMtu(v, p.mtu);
  if (p.bumGroup === '') return;
  const group = parseIp(p.bumGroup);
  if (group?.text !== p.bumGroup || ipRange(group) !== 'multicast') {
    v.add('bum_group', p.bumGroup, 'not a canonical multicast address', 'give one');
  }
}

function checkProviderPort(v: Violations, { vni, uplink, vlan, mtu }: ProviderPortItem): void {
  checkVni(v, 'vni', vni);
  if (!isId(uplink)) v.add('uplink', uplink, 'not an id', "give the name of the NVE's uplink");
  if (!Number.isInteger(vlan) || vlan < 0 || vlan > MAX_VLAN) {
    v.add('vlan', vlan, 'not a VLAN', `give 0-${MAX_VLAN}`);
  }
  checkMtu(v, mtu);
}

function checkPortItem(v: Violations, p: PortItem): void {
  if (p.vni !== 0) checkVni(v, 'vni', p.vni);
  checkEndpointId(v, 'endpoint', p.endpoint);
  checkMac(v, p.mac);
  checkMtu(v, p.mtu);
  checkPort(v, p.port);
  if (p.addresses.length > MAX_IPS) {
    v.add('addresses', `${p.addresses.length} of them`, 'too many', `give at most ${MAX_IPS}`);
  }
  for (const [i, text] of p.addresses.entries()) checkInterfaceAddress(v, `addresses[${i}]`, text);
  checkAllowedItems(v, p.allowedAddresses ?? []);
}

/** They come as the NVA has them: canonical, and with a MAC. */
function checkAllowedItems(v: Violations, allowed: readonly AllowedAddress[]): void {
  const canonical = checkAllowed(v, allowed, { mac: '', ips: [] }, []);
  for (const [i, { ip, mac }] of allowed.entries()) {
    const field = `allowed_addresses[${i}]`;
    if (canonical[i]?.ip !== ip) v.add(`${field}.ip`, ip, 'not canonical', 'give it canonical');
    if (mac === '' || canonical[i]?.mac !== mac) {
      v.add(`${field}.mac`, mac, 'not a canonical MAC', 'give six hex bytes');
    }
  }
}

function checkXconnect(v: Violations, { a, b }: XconnectItem): void {
  checkEndpointId(v, 'a', a);
  checkEndpointId(v, 'b', b);
  if (a >= b) v.add('b', b, 'not after a', 'give two endpoints, the lesser id first');
}
