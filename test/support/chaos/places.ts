/**
 * The physical networks of a campaign: uplinks that all its hosts have, the machine outside on each, and what
 * is beyond that one.
 */
import type { Provider } from '../../../src/model/virtual-network.js';

export interface Place extends Provider {
  readonly prefix: string;
  /** The address of the machine outside. */
  readonly outside: string;
  /** What only that machine leads to, and an address in it. */
  readonly beyond: string;
  readonly target: string;
}

function placeAt(uplink: number, vlan: number): Place {
  const net = vlan === 0 ? uplink : vlan;
  return {
    ...{ uplink: `physnet${uplink}`, vlan },
    ...{ prefix: `172.20.${net}.0/24`, outside: `172.20.${net}.1` },
    ...{ beyond: `198.18.${net}.0/24`, target: `198.18.${net}.1` },
  };
}

/** Its network is there from the beginning, and stays. */
export const FIXED_PLACE = placeAt(1, 0);
export const FLAT_PLACES: readonly Place[] = [placeAt(2, 0), placeAt(3, 0)];
/** For kernels with 8021q. */
export const VLAN_PLACES: readonly Place[] = [placeAt(4, 101), placeAt(4, 102)];

export const UPLINKS: readonly string[] = ['physnet1', 'physnet2', 'physnet3', 'physnet4'];

/** The host's interface that an uplink is. */
export const interfaceOf = (uplink: string): string => uplink.replace('physnet', 'phy');

export function placeOf({ uplink, vlan }: Provider): Place {
  const all = [FIXED_PLACE, ...FLAT_PLACES, ...VLAN_PLACES];
  const found = all.find((place) => place.uplink === uplink && place.vlan === vlan);
  if (found === undefined) throw new RangeError(`no place ${uplink} ${vlan}`);
  return found;
}
