/**
 * Tunnels of ours to multicast groups, all together. VPP sends to a group by what it found when the first tunnel to it
 * was made, as long as there is any (mcast_shared_t of plugins/vxlan/vxlan.c): also when the interface that this was
 * is gone, or another one has its index.
 */
import { readInterfaces } from './read-interfaces.js';
import { dumpTunnels, type TunnelDetails } from './read-tunnels.js';
import { parseTag } from './tag.js';
import { removeTunnel } from './vxlan-message.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';

/** `PART` of their tags. */
export const GROUP = 'group';

/** Ends some of them; their bridge domains make them again, each its own. */
export async function endGroupTunnels(
  isToEnd: (tunnel: TunnelDetails) => boolean,
  vpp: Vpp,
): Promise<void> {
  const found = (await dumpTunnels(NO_INTERFACE, vpp)).filter(isToEnd);
  if (found.length === 0) return;
  const tags = new Map((await readInterfaces(vpp)).map(({ index, tag }) => [index, tag]));
  const ours = found.filter((each) => parseTag(tags.get(each.sw_if_index) ?? '')?.part === GROUP);
  await Promise.all(ours.map((each) => removeTunnel(endsOf(each), vpp)));
}

/** Those that join their group on one of these interfaces. */
export async function endGroupTunnelsOn(indices: Iterable<number>, vpp: Vpp): Promise<void> {
  const on = new Set(indices);
  await endGroupTunnels((each) => on.has(each.mcast_sw_if_index), vpp);
}

export function endsOf(dumped: TunnelDetails) {
  return {
    vni: dumped.vni,
    local: dumped.src_address,
    remote: dumped.dst_address,
    multicastInterface: dumped.mcast_sw_if_index,
  };
}
