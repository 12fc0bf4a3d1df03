/** What our kernel objects are called, and how ours are told from others'. */
import { createHash } from 'node:crypto';
import type { Port } from '../../model/endpoint.js';
import type { PortItem } from '../../model/item.js';

/**
 * The interface group of all links of ours: "nfvd" in ASCII. The kernel takes a group at creation
 * but an alias only later; a link with this group and no alias was left half-created.
 */
export const GROUP = '1852208740';

/** Who has made a route or a neighbour (rtm_protocol); no daemon's (iproute2, etc/rt_protos). */
export const PROTOCOL = '78';

export const VXLAN_PORT = 4789;

/** No BUM frames are sent to one MAC: the FDB entries with it are the flood list. */
export const FLOOD_MAC = '00:00:00:00:00:00';

export const bridgeName = (vni: number): string => `nfvb${vni}`;
export const vxlanName = (vni: number): string => `nfvx${vni}`;

/** The VNI of a bridge's or VXLAN device's name; undefined: not a name of ours. */
export function vniOfName(name: string): number | undefined {
  const digits = /^nfv[bx]([1-9]\d{0,7})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The host's end of a port that is given no name: 40 bits of a hash of the endpoint's id. */
export function derivedPortName(endpoint: string): string {
  return `nfvp${createHash('sha256').update(endpoint).digest('hex').slice(0, 10)}`;
}

export function portName(item: Pick<PortItem, 'endpoint' | 'port'>): string {
  const given = givenName(item.port);
  return given === '' ? derivedPortName(item.endpoint) : given;
}

/** The name that is asked for on the host; empty: any, or there is none. */
export function givenName(port: Port): string {
  switch (port.kind) {
    case 'veth':
      return port.hostInterface;
    case 'tap':
    case 'host_interface':
      return port.interface;
    default:
      return '';
  }
}

/** The device of a provider network's VLAN, on the uplink. */
export const providerName = (vni: number): string => `nfvu${vni}`;

/** The VNI of such a device's name; undefined: not a name of ours. */
export const providerVniOfName = (name: string): number | undefined => numberAfter('nfvu', name);

/** The host's end of a network's gateway interface. */
export const gatewayName = (vni: number): string => `nfvg${vni}`;

/** The VNI of a gateway's name on the host; undefined: not a name of ours. */
export function gatewayVniOfName(name: string): number | undefined {
  return numberAfter('nfvg', name);
}

/** The gateway interface itself, in its router's network namespace. */
export const innerName = (vni: number): string => `gw${vni}`;

/** The VNI of a gateway interface's name in a router. */
export const innerVniOfName = (name: string): number | undefined => numberAfter('gw', name);

/** In a router's namespace the way to another router. */
export const crossName = (vrf: number): string => `vrf${vrf}`;

/** The VRF that a way between routers leads to. */
export const crossVrfOfName = (name: string): number | undefined => numberAfter('vrf', name);

function numberAfter(prefix: string, name: string): number | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const digits = name.slice(prefix.length);
  return /^[1-9]\d{0,7}$/.test(digits) ? Number(digits) : undefined;
}

export interface Tag {
  readonly key: string;
  /** What was configured and cannot be read back; empty: nothing. */
  readonly attested: string;
}

/**
 * An alias of ours: `nfvd:KEY`, or `nfvd:KEY@ATTESTED`. (Not "#": in a batch that begins a comment.)
 */
export function alias(key: string, attested = ''): string {
  return attested === '' ? `nfvd:${key}` : `nfvd:${key}@${attested}`;
}

/** What an alias says; undefined: not one of ours. */
export function parseAlias(text: string): Tag | undefined {
  if (!text.startsWith('nfvd:')) return undefined;
  const at = text.indexOf('@');
  const key = text.slice('nfvd:'.length, at < 0 ? undefined : at);
  return key === '' ? undefined : { key, attested: at < 0 ? '' : text.slice(at + 1) };
}

/** What the alias of a bridge says after the key of its bridge domain, if there is no VXLAN device. */
export const UNTUNNELLED = 'untunnelled';

/** What the alias of a VXLAN device says after the key of its bridge domain. */
export const VXLAN_PART = 'vxlan';
