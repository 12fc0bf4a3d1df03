/** The host's addresses that can be a VTEP's. */
import type { Underlay } from '../../model/nve.js';
import { ownership, type HostAddress } from './links.js';

/** 127/8, ::1, link-local and our own bridges' are not for tunnels. */
function canBeVtep({ address, scope, link }: HostAddress): boolean {
  if (scope !== 'global' || address.startsWith('127.') || address === '::1') return false;
  return ownership(link).owner === 'foreign';
}

/**
 * Each address with the interface that has it, and the MTU that its packets are sent with. A
 * loopback's own MTU says nothing of that; for its addresses it is the smallest of the
 * interfaces that are up and have an address to send from.
 */
export function underlaysOf(addresses: readonly HostAddress[]): Underlay[] {
  const usable = addresses.filter(canBeVtep);
  const ways = usable.filter(({ link }) => link.up && !link.loopback).map(({ link }) => link.mtu);
  return usable.map(({ address, link }) => ({
    address,
    interface: link.name,
    mtu: link.loopback && ways.length > 0 ? Math.min(...ways) : link.mtu,
  }));
}
