/** The addresses of uplinks: those of the configuration, and of what we made no others. */
import { NfvError } from '../../../errors.js';
import { retvalOf } from '../../../vpp-api/client/refused.js';
import { bare, overlap } from '../../../model/interface-addresses.js';
import { addressesOf, isMember } from '../read-interfaces.js';
import { dumpTunnels } from '../read-tunnels.js';
import { somebodyElses } from '../orphans.js';
import { parseTag } from '../tag.js';
import type { Uplink } from './uplink.js';
import type { UplinkView } from './uplink-part.js';
import type { UplinkTable } from './uplink-table.js';
import type { Address, Interface } from '../view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from '../vpp.js';

const textOf = ({ address, prefixLength }: Address): string => `${address}/${prefixLength}`;

/**
 * An address that another uplink has had is taken from there, and what the configuration has no more if it is in the
 * way: VPP gives no two interfaces one subnet, and one interface no two that overlap. Anything else that it has no more
 * goes when no tunnel leaves from it any longer (`removeLeftover`).
 */
export async function setAddresses(
  { index }: Pick<Interface, 'index'>,
  { addresses }: Uplink,
  {
    view,
    table,
    vpp,
  }: { readonly view: UplinkView; readonly table: UplinkTable; readonly vpp: Vpp },
): Promise<void> {
  const uplinks = table.interfaces(view).filter(({ tag }) => !isMember(tag));
  const found = await addressesOf([...new Set([index, ...uplinks.map((each) => each.index)])], vpp);
  const has = new Set(found.filter((each) => each.index === index).map(textOf));
  const lacking = addresses.filter((address) => !has.has(address));
  const wanted = new Set(lacking.map(bare));
  const collides = (each: Address): boolean =>
    lacking.some((text) => overlap(text, textOf(each)) && !fitsBeside(each, text, index));
  const left = new Set(table.leftovers(view.interfaces, found).filter(collides));
  const inTheWay = found.filter((each) => wanted.has(each.address) || left.has(each));
  await Promise.all(inTheWay.map((each) => setAddress(each.index, textOf(each), false, vpp)));
  await Promise.all(lacking.map((address) => setAddress(index, address, true, vpp)));
}

/** VPP gives one interface several addresses of one subnet (ip4_add_del_interface_address_internal). */
function fitsBeside(other: Address, text: string, index: number): boolean {
  return other.index === index && text.endsWith(`/${other.prefixLength}`);
}

/**
 * Takes an address away that the configuration has no more.
 * @throws NfvError ITEM_BLOCKED: a tunnel of ours still leaves from it; FOREIGN_OBJECT: somebody else's does
 */
export async function removeLeftover(
  found: Address,
  interfaces: readonly Interface[],
  vpp: Vpp,
): Promise<void> {
  const { index, address } = found;
  const tunnels = await dumpTunnels(NO_INTERFACE, vpp);
  const user = tunnels.find((each) => each.src_address === address);
  if (user !== undefined) {
    const by = interfaces.find((each) => each.index === user.sw_if_index);
    const text = `a tunnel from ${address}, which is to go`;
    if (parseTag(by?.tag ?? '') === undefined) throw somebodyElses(by, text);
    throw new NfvError('ITEM_BLOCKED', `there still is ${text}`, { metadata: { address } });
  }
  const removal = setAddress(index, textOf(found), false, vpp);
  await unless(removal, RETVAL.ADDRESS_NOT_FOUND_FOR_INTERFACE, RETVAL.INVALID_SW_IF_INDEX);
}

/** @throws NfvError FOREIGN_OBJECT: an interface that is no uplink has it, or one of its subnet */
async function setAddress(index: number, prefix: string, isAdd: boolean, vpp: Vpp): Promise<void> {
  const address = { sw_if_index: index, is_add: isAdd, del_all: false, prefix };
  try {
    await vpp.request('sw_interface_add_del_address', address);
  } catch (error) {
    const retval = retvalOf(error);
    if (retval !== RETVAL.ADDRESS_IN_USE && retval !== RETVAL.DUPLICATE_IF_ADDRESS) throw error;
    const text = `another interface of VPP has ${prefix}, or an address that overlaps with it`;
    throw new NfvError('FOREIGN_OBJECT', text, { cause: error, metadata: { address: prefix } });
  }
}
