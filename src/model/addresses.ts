import ipaddr from 'ipaddr.js';

export type IpFamily = 'IPV4' | 'IPV6';

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** A MAC in canonical form (lower case, colons); undefined if `text` is none. */
export function parseMac(text: string): string | undefined {
  const mac = text.toLowerCase().replaceAll('-', ':');
  return MAC.test(mac) ? mac : undefined;
}

/** The I/G bit of IEEE 802: broadcast counts as multicast. `mac` in canonical form. */
export function isMulticastMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

export interface Ip {
  readonly family: IpFamily;
  /** Canonical form; IPv6 as in RFC 5952. */
  readonly text: string;
}

/** An address without prefix length or zone; IPv4 needs four decimal parts. */
export function parseIp(text: string): Ip | undefined {
  if (text.includes('%')) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return { family: 'IPV4', text: ipaddr.IPv4.parse(text).toString() };
  }
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined;
  return { family: 'IPV6', text: ipaddr.IPv6.parse(text).toRFC5952String() };
}

/** The range an address lies in, as ipaddr.js names it: "unicast", "multicast", "unspecified", … */
export function ipRange(ip: Ip): string {
  return ipaddr.parse(ip.text).range();
}

/** Some host can have it: not unspecified, multicast, broadcast or an IPv4 address in disguise. */
export function isHostAddress(ip: Ip): boolean {
  return !['unspecified', 'multicast', 'broadcast', 'ipv4Mapped'].includes(ipRange(ip));
}

export interface Prefix {
  readonly family: IpFamily;
  /** Network address, canonical. */
  readonly address: string;
  readonly length: number;
  /** `address/length`. */
  readonly text: string;
}

/** A prefix in CIDR notation whose host bits are 0; undefined if `text` is none. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const ip = parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (ip === undefined || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const length = Number(digits);
  if (length > (ip.family === 'IPV4' ? 32 : 128)) return undefined;
  const network = networkAddress(ip, length);
  if (network !== ip.text) return undefined;
  return { family: ip.family, address: network, length, text: `${network}/${length}` };
}

/** The canonical text of an address with its host bits cleared. */
export function networkAddress(ip: Ip, length: number): string {
  const cidr = `${ip.text}/${length}`;
  return ip.family === 'IPV4'
    ? ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()
    : ipaddr.IPv6.networkAddressFromCIDR(cidr).toRFC5952String();
}

export function prefixContains(prefix: Prefix, ip: Ip): boolean {
  return prefix.family === ip.family && networkAddress(ip, prefix.length) === prefix.address;
}
