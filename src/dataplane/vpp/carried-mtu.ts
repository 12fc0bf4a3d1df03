import type { Interface } from './view.js';

/**
 * Bytes of a packet that an interface carries. Where its own MTU is 0, VPP itself cuts none below 9000
 * (vnet_sw_interface_get_mtu of vnet/interface_funcs.h): then what it is a part of tells what gets
 * through, of a sub-interface the interface, of an interface its hardware.
 */
export function carriedMtu(
  { mtu, linkMtu, sub }: Interface,
  interfaces: ReadonlyMap<number, Interface>,
): number {
  if (mtu !== 0) return mtu;
  const parent = sub && interfaces.get(sub.parent);
  return parent === undefined ? linkMtu : carriedMtu(parent, interfaces);
}
