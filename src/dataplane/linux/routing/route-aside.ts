/**
 * What keeps the kernel from a next hop by one gateway, though it is on another: IPv6 takes none that is in the subnet
 * of another interface (net/ipv6/route.c, ip6_route_check_nh_onlink), and neither takes an address of ours. So it is
 * where the NVE is a router's way out no more: its next hop is now what it had itself, or beside it, and the gateway
 * that has that can go only after the routes that lead by it. A route that stands stays, so the addresses of that
 * gateway are put aside for a moment. An agent that dies meanwhile finds them missing, as any others.
 */
import { contains } from '../../../model/interface-addresses.js';
import type { NextHop } from '../../../model/routing-items.js';
import type { Door } from '../door.js';
import type { Doors } from '../doors.js';
import { parseAddresses, type HostAddress } from '../links.js';
import { innerName, innerVniOfName } from '../names.js';

/** An address of a gateway: what follows `ip addr del`. */
export type Aside = readonly string[];

/** What is in the way of these next hops: of gateways only, and no link-local address, which all of them have. */
export async function aside(nextHops: readonly NextHop[], inside: Door): Promise<readonly Aside[]> {
  const known = parseAddresses(await inside.query('addr', 'show')).filter(
    ({ link, scope }) => innerVniOfName(link.name) !== undefined && scope !== 'link',
  );
  return known
    .filter((each) => nextHops.some((hop) => isInTheWay(each, hop)))
    .map(({ address, prefixLength, link }) => [`${address}/${prefixLength}`, 'dev', link.name]);
}

function isInTheWay({ address, prefixLength, link }: HostAddress, hop: NextHop): boolean {
  if (hop.vni === 0 || link.name === innerName(hop.vni)) return false;
  const isBeside = hop.address.includes(':') && contains(`${address}/${prefixLength}`, hop.address);
  return isBeside || address === hop.address;
}

/** Does the work without them. The kernel's route to its subnet goes and comes with an address. */
export async function without(
  others: readonly Aside[],
  vrf: number,
  { routers }: Doors,
  work: () => Promise<void>,
): Promise<void> {
  const inside = await routers.inside(vrf);
  try {
    for (const words of others) await inside.run('addr', 'del', ...words);
    await work();
  } finally {
    for (const words of others) {
      const nodad = words[0]?.includes(':') === true ? ['nodad'] : [];
      await routers.undo(vrf, 'addr', 'replace', ...words, ...nodad);
    }
  }
}
