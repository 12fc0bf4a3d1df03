/** Interfaces and their addresses. */
import { NfvError } from '../../errors.js';
import type { DetailsOf } from '../../vpp-api/product-types.js';
import { parseTag, UPLINK } from './tag.js';
import type { Address, Interface, SubInterface } from './view.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';

export async function readInterfaces(vpp: Vpp): Promise<Interface[]> {
  const all = { sw_if_index: NO_INTERFACE, name_filter_valid: false, name_filter: '' };
  return (await vpp.dump('sw_interface_dump', all)).map(interfaceOf);
}

function interfaceOf(each: DetailsOf<'sw_interface_dump'>): Interface {
  return {
    index: each.sw_if_index,
    name: each.interface_name,
    tag: each.tag,
    mac: each.l2_address,
    up: isSet(each.flags, 'IF_STATUS_API_FLAG_ADMIN_UP'),
    linkUp: isSet(each.flags, 'IF_STATUS_API_FLAG_LINK_UP'),
    mtu: each.mtu[0],
    linkMtu: each.link_mtu,
    sub: subOf(each),
  };
}

function subOf(each: DetailsOf<'sw_interface_dump'>): SubInterface | undefined {
  if (each.type !== 'IF_API_TYPE_SUB') return undefined;
  const flags = new Set(each.sub_if_flags);
  return {
    parent: each.sup_sw_if_index,
    id: each.sub_id,
    outerVlanId: each.sub_outer_vlan_id,
    innerVlanId: each.sub_inner_vlan_id,
    tags: each.sub_number_of_tags,
    dot1ad: flags.has('SUB_IF_API_FLAG_DOT1AD'),
    exact: flags.has('SUB_IF_API_FLAG_EXACT_MATCH'),
    rewrite: each.vtr_op,
  };
}

type Status = DetailsOf<'sw_interface_dump'>['flags'];

function isSet(flags: Status, flag: Status[number]): boolean {
  return flags.includes(flag);
}

/** Of all but those of ours that are no uplinks: none of the underlay's addresses is on them. */
export async function readAddresses(interfaces: Iterable<Interface>, vpp: Vpp): Promise<Address[]> {
  const others = [...interfaces].filter(({ tag }) => !isMember(tag));
  return await addressesOf(
    others.map(({ index }) => index),
    vpp,
  );
}

export async function addressesOf(indices: readonly number[], vpp: Vpp): Promise<Address[]> {
  const asked = indices.flatMap((index) => [
    { sw_if_index: index, is_ipv6: false },
    { sw_if_index: index, is_ipv6: true },
  ]);
  const found = await Promise.all(asked.map((each) => vpp.dump('ip_address_dump', each)));
  return found.flat().map(({ sw_if_index: index, prefix }) => {
    const [address = '', length = ''] = prefix.split('/');
    if (length === '') throw new NfvError('VPP_PROTOCOL', `${prefix} is no address with a length`);
    return { index, address, prefixLength: Number(length) };
  });
}

/** A tunnel or a port of ours. */
export function isMember(tag: string): boolean {
  const key = parseTag(tag)?.key;
  return key !== undefined && !key.startsWith(UPLINK);
}
