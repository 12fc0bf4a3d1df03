/** Sub-interfaces of VPP: the frames of an interface that have just these VLAN tags. */
import type { SubIfFlags } from '../../vpp-api/generated/messages.js';
import { somebodyElses, type Seen } from './orphans.js';
import { bareTag } from './tag.js';
import type { Interface, SubInterface } from './view.js';
import { RETVAL, unless, type Vpp } from './vpp.js';

export interface VlanTags {
  readonly outerVlanId: number;
  /** 0: one tag only. */
  readonly innerVlanId: number;
  /** The outer tag is IEEE 802.1ad's. */
  readonly dot1ad: boolean;
}

/** `l2_vtr_op_t` (vnet/l2/l2_vtr.h) of one whose tags nobody rewrites. */
export const NO_REWRITE = 0;
/** Of one, and two, that are taken off what comes in. */
export const POP_ONE = 3;
export const POP_TWO = 4;

/** The number in VPP's name of it, `PARENT.ID`: of one tag the VLAN, else both in decimal digits. */
export function idOf({ outerVlanId, innerVlanId, dot1ad }: VlanTags): number {
  if (innerVlanId === 0 && !dot1ad) return outerVlanId;
  return (dot1ad ? 100_000_000 : 0) + outerVlanId * 10_000 + innerVlanId;
}

/**
 * The index of one that is ours already, or that we had not named yet when we were killed, else of a new one.
 * VPP must not be asked for a VLAN that is taken: when it refuses, it also takes the frames away from whose it
 * is (ethernet_sw_interface_add_del, vnet/ethernet/node.c).
 *
 * @param tag what it has, or is to get
 * @throws NfvError FOREIGN_OBJECT: the VLAN is somebody else's
 */
export async function makeOrTakeSub(
  parent: Interface,
  tags: VlanTags,
  tag: string,
  seen: Seen,
  vpp: Vpp,
): Promise<number> {
  const others = [...seen.interfaces.values()].filter(({ sub }) => sub?.parent === parent.index);
  const there = others.find(({ sub }) => sub !== undefined && isSame(sub, tags));
  if (there !== undefined && isFree(there, tag, seen)) return there.index;
  const clash = there ?? others.find(({ sub }) => sub !== undefined && collides(sub, tags));
  if (clash !== undefined) throw somebodyElses(clash, `VLAN ${idOf(tags)} of ${parent.name}`);
  const flags: SubIfFlags[] = [
    tags.innerVlanId === 0 ? 'SUB_IF_API_FLAG_ONE_TAG' : 'SUB_IF_API_FLAG_TWO_TAGS',
    'SUB_IF_API_FLAG_EXACT_MATCH',
    ...(tags.dot1ad ? (['SUB_IF_API_FLAG_DOT1AD'] as const) : []),
  ];
  const { sw_if_index: index } = await vpp.request('create_subif', {
    sw_if_index: parent.index,
    sub_id: idOf(tags),
    sub_if_flags: flags,
    outer_vlan_id: tags.outerVlanId,
    inner_vlan_id: tags.innerVlanId,
  });
  return index;
}

/** Ours, or one that we had not named yet when we were killed. */
function isFree({ tag, up, index, sub }: Interface, wanted: string, { used }: Seen): boolean {
  if (bareTag(tag) === wanted) return true;
  return tag === '' && !up && sub?.rewrite === NO_REWRITE && !used.has(index);
}

/** It takes just the frames with these tags, under the number that we give it. */
export function isSame(sub: SubInterface, tags: VlanTags): boolean {
  return sub.id === idOf(tags) && sub.exact && hasTags(sub, tags);
}

function collides(sub: SubInterface, tags: VlanTags): boolean {
  return sub.id === idOf(tags) || hasTags(sub, tags);
}

function hasTags(sub: SubInterface, { outerVlanId, innerVlanId, dot1ad }: VlanTags): boolean {
  return (
    sub.outerVlanId === outerVlanId &&
    sub.innerVlanId === innerVlanId &&
    sub.dot1ad === dot1ad &&
    sub.tags === (innerVlanId === 0 ? 1 : 2)
  );
}

/** @param operation `l2_vtr_op_t` */
export async function rewriteTags(index: number, operation: number, vpp: Vpp): Promise<void> {
  await vpp.request('l2_interface_vlan_tag_rewrite', {
    sw_if_index: index,
    vtr_op: operation,
    push_dot1q: 0,
    tag1: 0,
    tag2: 0,
  });
}

/** What is done to the tags ends before: it is kept by index (l2output_main.configs), and that is given again. */
export async function removeSub(index: number, vpp: Vpp): Promise<void> {
  const work = Promise.all([
    rewriteTags(index, NO_REWRITE, vpp),
    vpp.request('delete_subif', { sw_if_index: index }),
  ]);
  await unless(work, RETVAL.INVALID_SW_IF_INDEX);
}
