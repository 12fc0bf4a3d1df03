/**
 * Addresses that an endpoint may have beside its own: virtual IP addresses that several endpoints of a
 * network share, one at a time (VRRP, RFC 9568; Pacemaker). Nobody has one until it is seen at a port.
 */
import { isMulticastMac, parseIp, parseMac, parsePrefix, prefixContains } from './addresses.js';
import { checkHostAddress } from './host-address.js';
import type { Violations } from './violations.js';

export interface AllowedAddress {
  /** Canonical, without prefix length. */
  readonly ip: string;
  /** Canonical; empty: the endpoint's own. */
  readonly mac: string;
}

/** One that an endpoint has now. */
export interface HeldAddress {
  readonly ip: string;
  /** That it was seen with. */
  readonly mac: string;
  /** When it was first seen there, RFC 3339, UTC. */
  readonly since: string;
}

/** One that an NVE has seen at the port of an endpoint. */
export interface AddressSighting {
  /** Id. */
  readonly endpoint: string;
  readonly ip: string;
  readonly mac: string;
}

/** As it is told. */
export interface ToldSighting extends AddressSighting {
  /** Milliseconds since then. */
  readonly ageMs: number;
}

export const MAX_ALLOWED = 16;

export interface OwnAddresses {
  /** Canonical; empty: not known yet. */
  readonly mac: string;
  readonly ips: readonly string[];
}

/**
 * What is wrong is added to `v`, under `allowed_addresses`.
 * @param own of the endpoint
 * @param prefixes of its network; none: any address will do
 * @returns in canonical form: the endpoint's own MAC is left out
 */
export function checkAllowed(
  v: Violations,
  allowed: readonly AllowedAddress[],
  own: OwnAddresses,
  prefixes: readonly string[],
): AllowedAddress[] {
  const found = `${allowed.length} addresses`;
  const ips: string[] = [];
  return v.atMost('allowed_addresses', allowed, MAX_ALLOWED, found).map((each, i) => {
    const field = `allowed_addresses[${i}]`;
    const ip = checkHostAddress(v, `${field}.ip`, each.ip, ips, '10.0.0.100');
    if (ip !== undefined) {
      ips.push(ip);
      checkPlace(v, `${field}.ip`, ip, own, prefixes);
    }
    return { ip: ip ?? '', mac: checkAllowedMac(v, `${field}.mac`, each.mac, own.mac) };
  });
}

function checkPlace(
  v: Violations,
  field: string,
  ip: string,
  own: OwnAddresses,
  prefixes: readonly string[],
): void {
  if (own.ips.includes(ip)) {
    v.add(field, ip, "one of the endpoint's own addresses", 'leave one of the two out');
    return;
  }
  const parsed = parseIp(ip);
  const isInside = prefixes.some((text) => {
    const prefix = parsePrefix(text);
    return prefix !== undefined && parsed !== undefined && prefixContains(prefix, parsed);
  });
  if (prefixes.length === 0 || isInside) return;
  const remedy = `give an address in ${prefixes.join(' or ')}`;
  v.add(field, ip, "outside the network's prefixes", remedy);
}

function checkAllowedMac(v: Violations, field: string, text: string, own: string): string {
  if (text === '') return '';
  const mac = parseMac(text);
  if (mac === undefined) {
    v.add(field, text, 'not a MAC', 'give six hex bytes, e.g. "00:00:5e:00:01:01", or none');
    return '';
  }
  if (isMulticastMac(mac)) {
    v.add(field, text, 'a multicast MAC', 'give one whose first byte is even');
  } else if (mac === '00:00:00:00:00:00') {
    v.add(field, text, 'all zero', "give a unicast MAC, or none for the endpoint's own");
  }
  return mac === own ? '' : mac;
}

/** The MAC that goes with an allowed address of an endpoint whose own MAC is `own`. */
export function macOfAllowed({ mac }: AllowedAddress, own: string): string {
  return mac === '' ? own : mac;
}

/** Whether an endpoint may have an address with a MAC. */
export function isAllowed(
  { ip, mac }: Pick<AllowedAddress, 'ip' | 'mac'>,
  endpoint: { readonly mac: string; readonly allowedAddresses: readonly AllowedAddress[] },
): boolean {
  return endpoint.allowedAddresses.some(
    (each) => each.ip === ip && macOfAllowed(each, endpoint.mac) === mac,
  );
}
