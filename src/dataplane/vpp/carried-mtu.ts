import type { Interface } from './view.js';

/**
 * Bytes of a packet that an interface carries. An MTU of 0 is as that of what it is a part of: of a
 * sub-interface the interface, of an interface its hardware (vnet_sw_interface_get_mtu of
 * vnet/interface_funcs.h).
 */
export function carriedMtu(
  { mtu, linkMtu, sub }: Interface,
  interfaces: ReadonlyMap<number, Interface>,
): number {
  if (mtu !== 0) return mtu;
  const parent = sub && interfaces.get(sub.parent);
  return parent === undefined ? linkMtu : carriedMtu(parent, interfaces);
}
