/** The host's addresses that can be a VTEP's. */
import { NfvError } from '../../errors.js';
import type { Underlay } from '../../model/nve.js';
import { ownership, type HostAddress } from './links.js';

/** 127/8, ::1, link-local and our own bridges' are not for tunnels. */
function canBeVtep({ address, scope, isDuplicate, link }: HostAddress): boolean {
  if (isDuplicate) return false;
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

/** The host has the address, and packets to it arrive. */
export const hasVtep = (addresses: readonly HostAddress[], vtep: string): boolean =>
  addresses.some(({ address, isDuplicate }) => address === vtep && !isDuplicate);

export function vtepMissing(addresses: readonly HostAddress[], vtep: string): NfvError {
  const duplicate = addresses.find((each) => each.address === vtep && each.isDuplicate);
  const text =
    duplicate === undefined
      ? `no interface of this host has ${vtep}`
      : `another host has ${vtep}, too: duplicate address detection failed on ${duplicate.link.name}`;
  return new NfvError('VTEP_ADDRESS_MISSING', text, { metadata: { address: vtep } });
}
