/**
 * What keeps the kernel from a next hop by one gateway, though it is on another: IPv6 takes none that is in the subnet
 * of another interface (net/ipv6/route.c, ip6_route_check_nh_onlink), and neither takes an address of ours. So it is
 * where the NVE is a router's way out no more: its next hop is now what it had itself, or beside it, and the gateway
 * that has that can go only after the routes that lead by it. A route that stands stays, so it is put aside for a moment.
 */
import type { NextHop } from '../../../model/routing-items.js';
import type { Door } from '../door.js';
import type { Doors } from '../doors.js';
import { rows, text } from '../json.js';
import { parseAddresses } from '../links.js';
import { innerName } from '../names.js';

/** Of the kernel's own routes to the subnets of addresses (IP6_RT_PRIO_ADDRCONF, linux/ipv6_route.h). */
const SUBNET_METRIC = '256';
/**
 * Their protocol, RTPROT_KERNEL of linux/rtnetlink.h. Not by its name: a process of iproute2 that has read it once
 * takes for it the number that it was told since (lib/rt_names.c, rtnl_rtprot_a2n).
 */
const KERNEL = '2';

/** An address of a gateway, or the kernel's route to its subnet: what follows `ip addr del` and the like. */
export interface Aside {
  readonly away: readonly string[];
  readonly back: readonly string[];
}

/** What is in the way of these next hops. */
export async function aside(nextHops: readonly NextHop[], inside: Door): Promise<readonly Aside[]> {
  const found = new Map<string, Aside>();
  const add = (each: Aside): void => {
    found.set(each.away.join(' '), each);
  };
  for (const hop of nextHops) {
    if (hop.vni === 0) continue;
    for (const each of await ownAddresses(hop, inside)) add(each);
    if (!hop.address.includes(':')) continue;
    for (const each of await subnets(hop, inside)) add(each);
  }
  return [...found.values()];
}

async function ownAddresses({ address, vni }: NextHop, inside: Door): Promise<readonly Aside[]> {
  return parseAddresses(await inside.query('addr', 'show'))
    .filter((each) => each.address === address && each.link.name !== innerName(vni))
    .map(({ link, prefixLength }) => {
      const words = [`${address}/${prefixLength}`, 'dev', link.name];
      const nodad = address.includes(':') ? ['nodad'] : [];
      return {
        away: ['addr', 'del', ...words],
        back: ['addr', 'replace', ...words, ...nodad],
      };
    });
}

async function subnets({ address, vni }: NextHop, inside: Door): Promise<readonly Aside[]> {
  const answer = await inside.query('route', 'show', 'table', 'all', 'match', address);
  return rows(answer).flatMap((row) => {
    const [prefix = '', device = ''] = [text(row, 'dst'), text(row, 'dev')];
    const isSubnet = text(row, 'protocol') === 'kernel' && prefix.includes('/');
    if (!isSubnet || device === innerName(vni)) return [];
    const words = [prefix, 'dev', device, 'proto', KERNEL, 'metric', SUBNET_METRIC];
    return [{ away: ['route', 'del', ...words], back: ['route', 'replace', ...words] }];
  });
}

/** Does the work without them. An address takes the route to its subnet with it: so routes go first, and come last. */
export async function without(
  others: readonly Aside[],
  vrf: number,
  { routers }: Doors,
  work: () => Promise<void>,
): Promise<void> {
  const inside = await routers.inside(vrf);
  const isAddress = ({ away: [object] }: Aside): boolean => object === 'addr';
  const addresses = others.filter(isAddress);
  const routes = others.filter((each) => !isAddress(each));
  try {
    for (const { away } of [...routes, ...addresses]) await inside.run(...away);
    await work();
  } finally {
    for (const { back } of [...addresses, ...routes]) await routers.undo(vrf, ...back);
  }
}
