/** The tunnel to the multicast group of a VN, which is part of its bridge domain. */
import { NfvError } from '../../errors.js';
import { bridgeDomainKey, type BridgeDomainItem } from '../../model/item.js';
import type { Context } from './context.js';
import { endsOf, GROUP } from './group-tunnels.js';
import { memberDefects, place } from './members.js';
import { dumpTunnels } from './read-tunnels.js';
import { parseTag, tagOf } from './tag.js';
import type { Interface, Tunnel, View } from './view.js';
import { addTunnel, TUNNEL_GROUP } from './vxlan.js';
import { removeTunnel } from './vxlan-message.js';

const groupTag = (vni: number): string => tagOf(bridgeDomainKey(vni), GROUP);

/** The tunnel to the group that a VN's frames go to; undefined: none. */
export function groupOf(vni: number, view: View): Tunnel | undefined {
  const found = view.tagged(groupTag(vni));
  return found && view.tunnels.get(found.index);
}

/** What keeps the tunnel to a VN's group from carrying its frames. */
export function groupDefects(
  vni: number,
  wanted: BridgeDomainItem | undefined,
  view: View,
): string[] {
  const tag = groupTag(vni);
  const found = view.tagged(tag);
  if (found === undefined) return [];
  const defects = memberDefects(found, { tag, vni, group: TUNNEL_GROUP }, view);
  if (!found.up) defects.push('down');
  const tunnel = view.tunnels.get(found.index);
  // What is to go to another group, or from another VTEP, is made anew for that.
  if (tunnel !== undefined && tunnel.remote === wanted?.bumGroup && tunnel.local === wanted.vtep) {
    defects.push(...outletDefects(tunnel, view));
  }
  return defects.map((defect) => `tunnel to the group: ${defect}`);
}

/** It is to leave by the interface that has its VTEP's address, and not by one that goes. */
function outletDefects({ local, multicastInterface: index }: Tunnel, view: View): string[] {
  const uplink = view.uplinks.byAddress.get(local);
  if (uplink instanceof NfvError) return [];
  const has = view.addresses.some(
    (each) =>
      each.index === index &&
      each.address === local &&
      (uplink === undefined || uplink.index === index),
  );
  const { name = `interface ${index}`, sub } = view.interfaces.get(index) ?? {};
  if (!has) return [`by ${name}, which is not to have ${local}`];
  const { differing } = view.uplinks;
  const isMadeAnew = differing.has(index) || (sub !== undefined && differing.has(sub.parent));
  return isMadeAnew ? [`by ${name}, which is made anew`] : [];
}

/** VNIs that have a tunnel to a group. */
export function* groups(view: View): Iterable<number> {
  for (const text of view.tags()) {
    const tag = parseTag(text);
    if (tag?.part === GROUP) yield Number(tag.key.slice('bd/'.length));
  }
}

/** @throws NfvError VTEP_ADDRESS_MISSING if no interface has the VTEP's address */
export async function addGroup(wanted: BridgeDomainItem, context: Context): Promise<void> {
  if (wanted.bumGroup !== '') await add(wanted, await outletOf(wanted, context), context);
}

/** Makes the tunnel as wanted, whatever of it is there. @throws NfvError as `addGroup`, and nothing was done */
export async function putGroup(wanted: BridgeDomainItem, context: Context): Promise<void> {
  const { vni, vtep, bumGroup } = wanted;
  if (bumGroup === '') {
    await removeGroup(vni, context);
    return;
  }
  const { index } = await outletOf(wanted, context);
  const tag = groupTag(vni);
  const known = context.memory.indexOf(tag);
  const found = known === undefined ? [] : await dumpTunnels(known, context.vpp);
  const isThere = found.some(
    (each) =>
      each.vni === vni &&
      each.src_address === vtep &&
      each.dst_address === bumGroup &&
      each.mcast_sw_if_index === index,
  );
  if (known !== undefined && isThere) {
    await place(known, { tag, vni, group: TUNNEL_GROUP, up: true }, context);
    return;
  }
  await removeGroup(vni, context);
  await add(wanted, { index }, context);
}

async function outletOf(
  { vtep }: BridgeDomainItem,
  { uplinks, vpp }: Context,
): Promise<Pick<Interface, 'index'>> {
  const found = await uplinks.interfaceWith(vtep, vpp);
  if (found !== undefined) return found;
  throw new NfvError('VTEP_ADDRESS_MISSING', `no interface of VPP has ${vtep}`, {
    metadata: { address: vtep },
  });
}

async function add(
  { vni, vtep, bumGroup }: BridgeDomainItem,
  { index }: Pick<Interface, 'index'>,
  context: Context,
): Promise<void> {
  await context.uplinks.endGroupTunnelsElsewhere(vtep, index, context.vpp);
  const ends = { vni, local: vtep, remote: bumGroup, multicastInterface: index };
  await addTunnel(ends, groupTag(vni), context);
}

export async function removeGroup(vni: number, { vpp, memory }: Context): Promise<void> {
  const index = memory.indexOf(groupTag(vni));
  if (index === undefined) return;
  // VPP may have given its number to another by now.
  const own = (await dumpTunnels(index, vpp)).filter((each) => each.vni === vni);
  for (const each of own) await removeTunnel(endsOf(each), vpp);
  memory.forget(index);
}
