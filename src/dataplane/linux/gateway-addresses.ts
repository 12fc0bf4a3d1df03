/** The addresses of a gateway interface. */
import { networkAddress, parseIp } from '../../model/addresses.js';

/** An address of an interface without its length. */
export const bare = (address: string): string => address.split('/', 1)[0] ?? '';

const lengthOf = (address: string): number => Number(address.split('/')[1]);

/** The prefix that an `address/length` is in; canonical. */
export function subnetOf(address: string): string {
  return prefixAt(address, lengthOf(address));
}

function prefixAt(address: string, length: number): string {
  const ip = parseIp(bare(address));
  return ip === undefined ? address : `${networkAddress(ip, length)}/${length}`;
}

/** The subnets of two `address/length` have addresses in common. */
export function overlap(a: string, b: string): boolean {
  if (a.includes(':') !== b.includes(':')) return false;
  const length = Math.min(lengthOf(a), lengthOf(b));
  return prefixAt(a, length) === prefixAt(b, length);
}

/** The address is in the subnet of an `address/length`. */
export function contains(subnet: string, address: string): boolean {
  return overlap(subnet, `${address}/${address.includes(':') ? 128 : 32}`);
}

/** The link-local address that goes with a MAC (RFC 4291 appendix A). */
export function linkLocalOf(mac: string): string {
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const groups = [((a ^ 0x02) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return parseIp(`fe80::${groups.map((group) => group.toString(16)).join(':')}`)?.text ?? '';
}

/** All that an interface is to have: with IPv6 the link-local one, which is not made by the kernel. */
export function addressesAt(addresses: readonly string[], mac: string): readonly string[] {
  if (!addresses.some((each) => each.includes(':'))) return addresses;
  return [...addresses, `${linkLocalOf(mac)}/64`];
}
