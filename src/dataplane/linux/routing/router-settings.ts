/** The kernel's settings in a router's network namespace. */
import { rows, flag, text } from '../json.js';

/**
 * Words for `sysctl`. Interfaces that come later take those of `default`. A packet may come by
 * another network than the one that its answer takes, so rp_filter is off, as on VPP. `-e` passes
 * over what a kernel without IPv6 does not have.
 */
export const routerSettings: readonly string[] = [
  'net/ipv4/ip_forward=1',
  'net/ipv6/conf/all/forwarding=1',
  'net/ipv6/conf/default/forwarding=1',
  ...both('ipv4', 'rp_filter=0'),
  // Each gateway answers for its own addresses, and asks from them.
  ...both('ipv4', 'arp_ignore=1'),
  ...both('ipv4', 'arp_announce=2'),
  ...both('ipv4', 'accept_redirects=0'),
  ...both('ipv4', 'send_redirects=0'),
  ...both('ipv4', 'accept_source_route=0'),
  // The first address of a subnet goes alone.
  ...both('ipv4', 'promote_secondaries=1'),
  ...both('ipv6', 'accept_ra=0'),
  ...both('ipv6', 'autoconf=0'),
  ...both('ipv6', 'accept_redirects=0'),
  ...both('ipv6', 'disable_ipv6=0'),
  // The same address is on each host: none may find that another has it.
  ...both('ipv6', 'accept_dad=0'),
  ...both('ipv6', 'dad_transmits=0'),
  // ECMP by the five-tuple (RFC 2992), as on VPP.
  'net/ipv4/fib_multipath_hash_policy=1',
  'net/ipv6/fib_multipath_hash_policy=1',
];

function both(family: string, setting: string): string[] {
  return ['all', 'default'].map((name) => `net/${family}/conf/${name}/${setting}`);
}

/** What an answer of `ip -j netconf` says that a router should not be, for people. */
export function settingDefects(answer: unknown): string[] {
  return rows(answer).flatMap((row) => {
    const [family, name] = [text(row, 'family') ?? '', text(row, 'interface') ?? ''];
    if (family !== 'inet' && family !== 'inet6') return [];
    // Only `all` and the interfaces count: what is made later is made by us.
    if (name === 'lo' || name === 'default' || name === '') return [];
    const forwards = flag(row, 'forwarding') !== false;
    const filter = family === 'inet' ? (text(row, 'rp_filter') ?? 'off') : 'off';
    return [
      ...(forwards ? [] : [`${family} ${name}: does not forward`]),
      ...(filter === 'off' ? [] : [`${family} ${name}: rp_filter ${filter}`]),
    ];
  });
}
