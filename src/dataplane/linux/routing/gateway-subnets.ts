/**
 * The kernel's routes to the subnets of a gateway. They come with its addresses; but whoever empties the table takes
 * them, and the kernel does not make them again: the addresses are there, and nobody is reached.
 */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { NfvError } from '../../../errors.js';
import { bare, subnetOf } from '../../../model/interface-addresses.js';
import type { GatewayInterfaceItem } from '../../../model/routing-items.js';
import type { Door } from '../door.js';
import { innerName } from '../names.js';
import { addressesAt } from './gateway-addresses.js';
import { readRoute } from './read-routers.js';
import type { FoundRoute } from './router-routes.js';
import type { RouterView } from './router-view.js';

/**
 * RTPROT_KERNEL. Not by its name: once it was told another by number, a batch of iproute2 takes a name that it has
 * seen before for that number (lib/rt_names.c, rtnl_rtprot_a2n).
 */
const KERNEL = '2';

/** A whole address has no subnet. */
const hasSubnet = (address: string): boolean =>
  !address.endsWith(address.includes(':') ? '/128' : '/32');

const withSubnets = ({ addresses, mac }: GatewayInterfaceItem): readonly string[] =>
  addressesAt(addresses, mac).filter(hasSubnet);

/** The prefixes that the kernel is to have routes to. */
export const subnetsOf = (wanted: GatewayInterfaceItem): string[] =>
  withSubnets(wanted).map(subnetOf);

const leadsBy = (vni: number, routes: readonly FoundRoute[]): boolean =>
  routes.some(
    ({ via }) =>
      via.kind === 'next_hops' && via.nextHops.some((hop) => hop.address === '' && hop.vni === vni),
  );

/** Of the addresses that are there: an address that is missing takes its route along. */
export function subnetDefects(wanted: GatewayInterfaceItem, router: RouterView): string[] {
  const { vni } = wanted;
  const name = innerName(vni);
  const there = router.addressesOf(name);
  return withSubnets(wanted)
    .filter((address) => there.includes(address))
    .map(subnetOf)
    .filter((subnet) => !leadsBy(vni, router.routes.get(subnet) ?? []))
    .map((subnet) => `${name}: no route to its subnet ${subnet}`);
}

/** Once the interface is up. @throws NfvError FOREIGN_OBJECT: somebody else's route has the place of one */
export async function restoreSubnets(wanted: GatewayInterfaceItem, inside: Door): Promise<void> {
  const { vrf, vni } = wanted;
  const dev = ['dev', innerName(vni)];
  for (const address of withSubnets(wanted)) {
    const subnet = subnetOf(address);
    if (leadsBy(vni, await readRoute(subnet, inside))) continue;
    if (address.includes(':')) {
      // The kernel sees to it (net/ipv6/addrconf.c, inet6_addr_modify).
      await inside.run('addr', 'replace', address, ...dev, 'nodad');
      continue;
    }
    const made = ['proto', KERNEL, 'scope', 'link', 'src', bare(address)];
    try {
      await inside.run('route', 'add', subnet, ...dev, ...made);
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error;
      const text = `router ${vrf} has a route to ${subnet}, the subnet of its gateway, that is not ours`;
      throw new NfvError('FOREIGN_OBJECT', text, {
        cause: error,
        metadata: { vrf: String(vrf), prefix: subnet },
      });
    }
  }
}
