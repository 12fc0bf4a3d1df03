/** Addresses as numbers, to count with. */
import ipaddr from 'ipaddr.js';
import type { Ip, IpFamily, Prefix } from './addresses.js';

/** Both included. */
export interface AddressSpan {
  readonly first: bigint;
  readonly last: bigint;
}

const BITS = { IPV4: 32, IPV6: 128 } as const;

export function numberOf({ text }: Ip): bigint {
  return ipaddr
    .parse(text)
    .toByteArray()
    .reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

/** Canonical text. */
export function addressAt(family: IpFamily, number: bigint): string {
  const octets = BITS[family] / 8;
  const bytes = Array.from({ length: octets }, (_, i) =>
    Number((number >> BigInt(8 * (octets - 1 - i))) & 0xffn),
  );
  return family === 'IPV4'
    ? new ipaddr.IPv4(bytes).toString()
    : new ipaddr.IPv6(bytes).toRFC5952String();
}

/**
 * The addresses that hosts can have. Of IPv4 without the network's own and broadcast, unless the prefix
 * has only two addresses (RFC 3021) or one; of IPv6 without the routers' anycast address, the prefix's
 * first (RFC 4291 §2.6.1), with the same exceptions (RFC 6164).
 */
export function hostRange({ family, address, length }: Prefix): AddressSpan {
  const first = numberOf({ family, text: address });
  const bits = BigInt(BITS[family] - length);
  const last = first + (1n << bits) - 1n;
  if (bits < 2n) return { first, last };
  return { first: first + 1n, last: family === 'IPV4' ? last - 1n : last };
}
