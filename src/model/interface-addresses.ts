/** Addresses as interfaces have them, `address/length`: host bits are kept. */
import { networkAddress, parseIp } from './addresses.js';

/** Without its length. */
export const bare = (address: string): string => address.split('/', 1)[0] ?? '';

const lengthOf = (address: string): number => Number(address.split('/')[1]);

/** The prefix that the address is in; canonical. */
export function subnetOf(address: string): string {
  return prefixAt(address, lengthOf(address));
}

function prefixAt(address: string, length: number): string {
  const ip = parseIp(bare(address));
  return ip === undefined ? address : `${networkAddress(ip, length)}/${length}`;
}

/** The subnets of two have addresses in common. */
export function overlap(a: string, b: string): boolean {
  if (a.includes(':') !== b.includes(':')) return false;
  const length = Math.min(lengthOf(a), lengthOf(b));
  return prefixAt(a, length) === prefixAt(b, length);
}

/** The bare address is in the subnet of an interface's. */
export function contains(subnet: string, address: string): boolean {
  return overlap(subnet, `${address}/${address.includes(':') ? 128 : 32}`);
}
