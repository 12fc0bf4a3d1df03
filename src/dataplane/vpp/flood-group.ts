/** The tunnel to the multicast group of a VN, which is part of its bridge domain. */
import { NfvError } from '../../errors.js';
import { bridgeDomainKey, type BridgeDomainItem } from '../../model/item.js';
import type { Context } from './context.js';
import { memberDefects, place } from './members.js';
import { dumpTunnels } from './read-tunnels.js';
import { parseTag, tagOf } from './tag.js';
import type { Tunnel, View } from './view.js';
import { addTunnel, removeTunnel, TUNNEL_GROUP } from './vxlan.js';

const PART = 'group';

const groupTag = (vni: number): string => tagOf(bridgeDomainKey(vni), PART);

/** The tunnel to the group that a VN's frames go to; undefined: none. */
export function groupOf(vni: number, view: View): Tunnel | undefined {
  const found = view.tagged(groupTag(vni));
  return found && view.tunnels.get(found.index);
}

/** What keeps the tunnel to a VN's group from carrying its frames. */
export function groupDefects(vni: number, view: View): string[] {
  const tag = groupTag(vni);
  const found = view.tagged(tag);
  if (found === undefined) return [];
  const defects = memberDefects(found, { tag, vni, group: TUNNEL_GROUP }, view);
  if (!found.up) defects.push('down');
  return defects.map((defect) => `tunnel to the group: ${defect}`);
}

/** VNIs that have a tunnel to a group. */
export function* groups(view: View): Iterable<number> {
  for (const text of view.tags()) {
    const tag = parseTag(text);
    if (tag?.part === PART) yield Number(tag.key.slice('bd/'.length));
  }
}

/** @throws NfvError VTEP_ADDRESS_MISSING if no interface has the VTEP's address */
export async function addGroup(
  { vni, vtep, bumGroup }: BridgeDomainItem,
  context: Context,
): Promise<void> {
  if (bumGroup === '') return;
  const uplink = await context.uplinks.interfaceWith(vtep, context.vpp);
  if (uplink === undefined) {
    throw new NfvError('VTEP_ADDRESS_MISSING', `no interface of VPP has ${vtep}`, {
      metadata: { address: vtep },
    });
  }
  const ends = { vni, local: vtep, remote: bumGroup, multicastInterface: uplink.index };
  await addTunnel(ends, groupTag(vni), context);
}

/** Puts the tunnel that there is into its place again. */
export async function placeGroup(vni: number, context: Context): Promise<void> {
  const tag = groupTag(vni);
  const index = context.memory.indexOf(tag);
  if (index === undefined) return;
  await place(index, { tag, vni, group: TUNNEL_GROUP, up: true }, context);
}

export async function removeGroup(vni: number, { vpp, memory }: Context): Promise<void> {
  const index = memory.indexOf(groupTag(vni));
  if (index === undefined) return;
  for (const { src_address, dst_address, mcast_sw_if_index } of await dumpTunnels(index, vpp)) {
    const ends = { vni, local: src_address, remote: dst_address };
    await removeTunnel({ ...ends, multicastInterface: mcast_sw_if_index }, vpp);
  }
  memory.forget(index);
}
