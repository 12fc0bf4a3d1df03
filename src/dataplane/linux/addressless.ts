/**
 * Links that the kernel is to give no IPv6 address of its own. IPv6 leaves a link whose MTU goes below 1280 bytes, and
 * forgets what it was told of it; with the next MTU that is enough it is back as on a new link, which if it is up has
 * an address at once (net/ipv6/addrconf.c, addrconf_notify). Where it is not, the kernel refuses to be told.
 */
import { MIN_MTU_IPV6 } from '../../model/virtual-network.js';
import type { Link } from './links.js';

type Words = readonly string[];
type Found = Pick<Link, 'mtu' | 'addrGenMode'>;

/** What follows `link set dev NAME`, once the link has this MTU. */
export const addressless = (mtu: number): Words =>
  mtu < MIN_MTU_IPV6 ? [] : ['addrgenmode', 'none'];

export const makesAddresses = ({ mtu, addrGenMode }: Found): boolean =>
  mtu >= MIN_MTU_IPV6 && addrGenMode !== 'none';

/** It has to be told, once it has this MTU; `found` undefined: it is new. */
export const mustTell = (mtu: number, found: Found | undefined): boolean =>
  mtu >= MIN_MTU_IPV6 && found?.addrGenMode !== 'none';

/** After it was told: takes away the address that IPv6 has come back with. */
export function dropMade(name: string, mtu: number, found: Found | undefined): Words[] {
  if (found === undefined || found.mtu >= MIN_MTU_IPV6 || mtu < MIN_MTU_IPV6) return [];
  return [['addr', 'flush', 'dev', name, 'scope', 'link']];
}
