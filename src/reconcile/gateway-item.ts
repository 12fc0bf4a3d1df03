/** What every dataplane has in common of gateway interfaces. */
import { subnetOf } from '../model/interface-addresses.js';
import type { GatewayInterfaceItem } from '../model/routing-items.js';
import { differing } from './differing.js';

export function gatewayDifferences(
  wanted: GatewayInterfaceItem,
  observed: GatewayInterfaceItem,
): string[] {
  return differing({
    mac: [wanted.mac, observed.mac],
    mtu: [wanted.mtu, observed.mtu],
    addresses: [sorted(wanted.addresses), sorted(observed.addresses)],
  });
}

/** What no other gateway of a router may have: its subnets, by the names that claims have. */
export function gatewaySubnets({ vrf, addresses }: GatewayInterfaceItem): string[] {
  return [...new Set(addresses.map((each) => `${subnetOf(each)} in vrf/${vrf}`))];
}

function sorted(addresses: readonly string[]): string {
  return [...addresses].sort().join(' ');
}
