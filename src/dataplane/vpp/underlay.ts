/** VPP's addresses that can be a VTEP's. */
import type { Underlay } from '../../model/nve.js';
import { bare, nameOf, type Uplink } from './uplinks.js';
import type { Address, Interface } from './view.js';

/** What an uplink that is not there yet is taken to have, as Ethernet does. */
const MTU = 1500;

function canBeVtep({ address }: Address): boolean {
  return !/^(127\.|::1$|fe80:)/i.test(address);
}

/** Those that VPP has, and those that it gets when they are wanted. */
export function underlaysOf(
  interfaces: readonly Interface[],
  addresses: readonly Address[],
  uplinks: readonly Uplink[],
): Underlay[] {
  const byIndex = new Map(interfaces.map((each) => [each.index, each]));
  const found = addresses.filter(canBeVtep).map(({ address, index }) => {
    const { name = '', mtu = MTU } = byIndex.get(index) ?? {};
    return { address, interface: name, mtu };
  });
  const known = new Set(found.map(({ address }) => address));
  const planned = uplinks.flatMap((uplink) =>
    uplink.addresses
      .map(bare)
      .filter((address) => !known.has(address))
      .map((address) => ({ address, interface: nameOf(uplink), mtu: MTU })),
  );
  return [...found, ...planned];
}
