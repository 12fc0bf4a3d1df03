/** VPP's addresses that can be a VTEP's. */
import type { Underlay } from '../../../model/nve.js';
import { bare } from '../../../model/interface-addresses.js';
import type { Uplink } from './uplink.js';
import { carriedMtu } from '../carried-mtu.js';
import { partOf } from './uplink-parts.js';
import type { Address, Interface } from '../view.js';

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
  const configured = new Map(
    uplinks.flatMap((uplink) => uplink.addresses.map((each) => [bare(each), uplink] as const)),
  );
  const found = addresses.filter(canBeVtep).flatMap(({ address, index }) => {
    const on = byIndex.get(index);
    if (on === undefined) return [];
    const carried = carriedMtu(on, byIndex);
    // Before it is made whole it has VPP's own.
    const mtu = Math.min(carried, configured.get(address)?.mtu ?? carried);
    return [{ address, interface: on.name, mtu }];
  });
  const known = new Set(found.map(({ address }) => address));
  const planned = [...configured]
    .filter(([address]) => !known.has(address))
    .map(([address, uplink]) => ({ address, interface: partOf(uplink).name, mtu: uplink.mtu }));
  return [...found, ...planned];
}
