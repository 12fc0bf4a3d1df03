import type { Feature } from '../feature.js';
import type { Request } from '../request.js';
import { RETVAL, type Interface, type VppState } from '../state.js';
import type { Values } from '../wire.js';
import { interfaceOf } from './interface.js';

/** Hexadecimal digits of an IPv4 address; an address union has room for IPv6. */
const IP4_DIGITS = 8;

/** `0a000001`, or 32 digits; of a `vl_api_address_t` or prefix at `path`. */
export function addressAt(request: Request, path: string): string {
  const digits = request.text(`${path}.un`);
  return request.num(`${path}.af`) === 0 ? digits.slice(0, IP4_DIGITS) : digits;
}

export const isIp6 = (address: string): boolean => address.length > IP4_DIGITS;

export function asAddress(address: string): Values {
  return { af: isIp6(address) ? 1 : 0, un: address };
}

/** The first `length` bits, the rest zero. */
export function masked(address: string, length: number): string {
  const bits = BigInt(address.length * 4);
  const mask = ((1n << bits) - 1n) ^ ((1n << (bits - BigInt(length))) - 1n);
  return (BigInt(`0x${address}`) & mask).toString(16).padStart(address.length, '0');
}

/** src/vnet/interface_api.c, src/vnet/ip/ip_api.c */
export const addresses: Feature = {
  module: 'ip',
  handlers: {
    sw_interface_add_del_address: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      if (request.flag('del_all')) {
        for (const each of found.addresses) removeAddress(found, each, state);
        request.reply();
        return;
      }
      const key = `${addressAt(request, 'prefix.address')}/${request.num('prefix.len')}`;
      if (!request.flag('is_add')) {
        const had = removeAddress(found, key, state);
        request.retval(had ? 0 : RETVAL.ADDRESS_NOT_FOUND_FOR_INTERFACE);
        return;
      }
      const problem = conflict(state, found, key);
      if (problem === 0) found.addresses.add(key);
      request.retval(problem);
    },
    ip_address_dump: (request, state) => {
      const found = state.interfaces.get(request.num('sw_if_index'));
      for (const key of found?.addresses ?? []) {
        const [address = '', length] = key.split('/');
        if (isIp6(address) !== request.flag('is_ipv6')) continue;
        const prefix = { address: asAddress(address), len: Number(length) };
        request.details({ sw_if_index: request.num('sw_if_index'), prefix });
      }
    },
    sw_interface_set_table: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      const table = request.num('vrf_id');
      const ip6 = request.flag('is_ipv6');
      if (!state.routes.hasTable(ip6, table)) {
        request.retval(RETVAL.NO_SUCH_FIB);
        return;
      }
      if ([...found.addresses].some((key) => isIp6(key.split('/')[0] ?? '') === ip6)) {
        request.retval(RETVAL.ADDRESS_FOUND_FOR_INTERFACE);
        return;
      }
      found.tables.set(ip6, table);
      request.reply();
    },
    sw_interface_get_table: (request, state) => {
      const found = interfaceOf(request, state);
      if (found !== undefined) {
        request.reply({ vrf_id: found.tables.get(request.flag('is_ipv6')) ?? 0 });
      }
    },
    sw_interface_ip6_enable_disable: (request, state) => {
      if (interfaceOf(request, state) !== undefined) request.reply();
    },
  },
};

/** What it covered of the neighbours goes with it (ip_neighbor_add_del_interface_address_v4). */
function removeAddress(found: Interface, key: string, { neighbors }: VppState): boolean {
  const [address = '', digits] = key.split('/');
  const length = Number(digits);
  for (const { swIfIndex, ip } of neighbors.all) {
    if (swIfIndex !== found.swIfIndex || isIp6(ip) !== isIp6(address)) continue;
    if (masked(ip, length) === masked(address, length)) neighbors.delete(swIfIndex, ip);
  }
  return found.addresses.delete(key);
}

/** VPP wants no two subnets of a table to overlap, but several addresses of one on an interface. */
function conflict(state: VppState, wanted: Interface, key: string): number {
  const [address = '', length = ''] = key.split('/');
  const ip6 = isIp6(address);
  for (const other of state.interfaces.values()) {
    if ((other.tables.get(ip6) ?? 0) !== (wanted.tables.get(ip6) ?? 0)) continue;
    for (const existing of other.addresses) {
      const [theirs = '', theirLength = ''] = existing.split('/');
      if (isIp6(theirs) !== ip6) continue;
      const shorter = Math.min(Number(length), Number(theirLength));
      if (masked(address, shorter) !== masked(theirs, shorter)) continue;
      const sibling = other === wanted && length === theirLength && address !== theirs;
      if (!sibling) return RETVAL.ADDRESS_IN_USE;
    }
  }
  return 0;
}
