/** VXLAN tunnels of ours, in their bridge domains. */
import { retvalOf } from '../../vpp-api/client/refused.js';
import { place } from './members.js';
import type { Context } from './context.js';
import type { Seen } from './orphans.js';
import type { Interface } from './view.js';
import { RETVAL } from './vpp.js';
import { undoing } from './undoing.js';
import { isAmongOurs } from './read-tunnels.js';
import { addDel, UDP_PORT, type TunnelEnds } from './vxlan-message.js';

/**
 * What comes from a tunnel goes to no other (RFC 7348 §4.2 leaves loops to whoever floods): tunnels
 * are in one split-horizon group, ports in none.
 */
export const TUNNEL_GROUP = 1;

/** Makes a tunnel and puts it into its bridge domain; nothing is left of one that fails. */
export async function addTunnel(ends: TunnelEnds, tag: string, context: Context): Promise<void> {
  const index = await addOrTake(ends, tag, context);
  // VPP sets it up itself when it makes it, and so was one that is taken up.
  const to = { tag, vni: ends.vni, group: TUNNEL_GROUP, up: undefined };
  await undoing(place(index, to, context), (vpp) => addDel(ends, false, vpp), context);
}

async function addOrTake(
  ends: TunnelEnds,
  tag: string,
  { vpp, orphans }: Context,
): Promise<number> {
  try {
    return (await addDel(ends, true, vpp)).sw_if_index;
  } catch (error) {
    if (retvalOf(error) !== RETVAL.TUNNEL_EXIST) throw error;
    const { local, remote, vni } = ends;
    const what = `a tunnel of VNI ${vni} from ${local} to ${remote}`;
    const find = (seen: Seen): Interface | undefined => tunnelIn(seen, ends);
    return await orphans.take({ what, tag, comesUp: true, find }, vpp);
  }
}

function tunnelIn({ tunnels, interfaces }: Seen, ends: TunnelEnds): Interface | undefined {
  const { local, remote, vni } = ends;
  const there = tunnels.find(
    (each) =>
      isAmongOurs(each) &&
      (each.dst_port ?? UDP_PORT) === UDP_PORT &&
      each.vni === vni &&
      each.dst_address === remote &&
      each.src_address === local,
  );
  return there && interfaces.get(there.sw_if_index);
}
