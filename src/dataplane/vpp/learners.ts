/**
 * Which interfaces of a bridge domain that learns do. Of a frame that came by one that does VPP looks its source up,
 * and drops it where that is a static entry at another interface (vnet/l2/l2_learn.c). A MAC that is at one place for
 * some frames and elsewhere for others must not be looked at so:
 *
 * - a router's is that of the bridge domain's own routed interface, and on what each other host has routed;
 * - a virtual one is where it was, until VPP has told what its new holder says.
 */
import type { Context } from './context.js';
import type { Learning } from './learning.js';
import { retvalOf } from '../../vpp-api/client/refused.js';
import { bareTag } from './tag.js';
import type { Domain, View } from './view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from './vpp.js';

/** `L2_LEARN` (vnet/l2/l2_bd.h), and what VPP answers of it (`L2INPUT_FEAT_LEARN`, the same from 22.10 to 26.06). */
const LEARN = 1 << 0;
const LEARNS = 1 << 9;
/** Members that are asked for at a time: there may be more of them than calls may wait. */
const MAX_ASKED = 512;

/** Tunnels are in a split-horizon group, ports in none. */
const isTunnel = (group: number): boolean => group !== 0;

/** Whether a member is to learn where its bridge domain does. @param tag ours, of the member */
function learns(
  { group, tag }: { readonly group: number; readonly tag: string },
  bvi: number,
  { takers }: Learning,
): boolean {
  return isTunnel(group) ? bvi === NO_INTERFACE : !takers.has(tag);
}

/** Which of these interfaces learn; those that are gone by now are not in it. */
export async function readLearners(
  members: Iterable<number>,
  vpp: Vpp,
): Promise<ReadonlyMap<number, boolean>> {
  const found = new Map<number, boolean>();
  const ask = async (index: number): Promise<void> => {
    try {
      // To set nothing tells what is set.
      const asked = { sw_if_index: index, is_set: true, feature_bitmap: 0 };
      const { resulting_feature_bitmap: bits } = await vpp.request('l2_flags', asked);
      found.set(index, (bits & LEARNS) !== 0);
    } catch (error) {
      if (retvalOf(error) !== RETVAL.INVALID_SW_IF_INDEX) throw error;
    }
  };
  const all = [...members];
  for (let at = 0; at < all.length; at += MAX_ASKED) {
    await Promise.all(all.slice(at, at + MAX_ASKED).map(ask));
  }
  return found;
}

/** Who of ours in a bridge domain learns and should not, or the other way round. */
export function* learnerDefects({ id, bvi, members }: Domain, view: View): Iterable<string> {
  if (!view.learning.networks.has(id)) return;
  for (const [index, group] of members) {
    const tag = bareTag(view.interfaces.get(index)?.tag ?? '');
    const found = view.learners.get(index);
    if (tag === undefined || found === undefined || index === bvi) continue;
    if (found === learns({ group, tag }, bvi, view.learning)) continue;
    yield `${view.interfaces.get(index)?.name ?? index} ${found ? 'learns' : 'does not learn'}`;
  }
}

/**
 * Makes a member that has just come into a bridge domain learn or not; VPP lets it, whatever it is. Of those that come
 * at once one looks for all: VPP answers in the order of what it is asked, so that a routed interface that comes after
 * that look is followed by `settleLearners`, whose look has these members, and whose flags come after theirs.
 */
export async function settleLearner(
  index: number,
  { vni, group }: { readonly vni: number; readonly group: number },
  { vpp, memory, lookups, learning }: Context,
): Promise<void> {
  const tag = memory.tagAt(index);
  if (!learning.networks.has(vni) || tag === undefined) return;
  const bvi = await lookups.bviOf(vni, vpp);
  if (bvi === undefined || bvi === index) return;
  await setLearning(index, learns({ group, tag }, bvi, learning), vpp);
}

/** The same for all members of ours, after the routed interface came or went. */
export async function settleLearners(vni: number, context: Context): Promise<void> {
  const { vpp, memory, learning } = context;
  if (!learning.networks.has(vni)) return;
  const asked = { bd_id: vni, sw_if_index: NO_INTERFACE };
  const [domain] = await vpp.dump('bridge_domain_dump', asked);
  if (domain === undefined) return;
  const bvi = domain.bvi_sw_if_index;
  const all = domain.sw_if_details.map(({ sw_if_index: index, shg: group }) => {
    const tag = memory.tagAt(index);
    if (tag === undefined || index === bvi) return Promise.resolve();
    return setLearning(index, learns({ group, tag }, bvi, learning), vpp);
  });
  await Promise.all(all);
}

function setLearning(index: number, isSet: boolean, vpp: Vpp): Promise<unknown> {
  const asked = { sw_if_index: index, is_set: isSet, feature_bitmap: LEARN };
  return unless(vpp.request('l2_flags', asked), RETVAL.INVALID_SW_IF_INDEX);
}
