/** The addresses of a gateway interface. */
import { parseIp } from '../../../model/addresses.js';

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
