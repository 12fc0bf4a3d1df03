/** VXLAN tunnels of ours: plugins/vxlan/vxlan.api. */
import { retvalOf } from '../../vpp-api/client/refused.js';
import { place } from './members.js';
import type { Context } from './context.js';
import type { Seen } from './orphans.js';
import type { Interface } from './view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from './vpp.js';
import { undoing } from './undoing.js';
import { isAmongOurs } from './read-tunnels.js';
import { TABLE, UDP_PORT } from './vxlan-place.js';

/**
 * What comes from a tunnel goes to no other (RFC 7348 §4.2 leaves loops to whoever floods): tunnels
 * are in one split-horizon group, ports in none.
 */
export const TUNNEL_GROUP = 1;

export interface TunnelEnds {
  readonly vni: number;
  readonly local: string;
  /** A VTEP or a multicast group. */
  readonly remote: string;
  /** The interface that a group is joined on. */
  readonly multicastInterface?: number;
}

function message(ends: TunnelEnds, isAdd: boolean) {
  return {
    is_add: isAdd,
    instance: NO_INTERFACE,
    src_address: ends.local,
    dst_address: ends.remote,
    mcast_sw_if_index: ends.multicastInterface ?? NO_INTERFACE,
    encap_vrf_id: TABLE,
    // VPP's own: to layer 2.
    decap_next_index: NO_INTERFACE,
    vni: ends.vni,
  };
}

function addDel(
  ends: TunnelEnds,
  isAdd: boolean,
  vpp: Vpp,
): Promise<{ readonly sw_if_index: number }> {
  const fields = message(ends, isAdd);
  const ports = { src_port: UDP_PORT, dst_port: UDP_PORT };
  if (vpp.has('vxlan_add_del_tunnel_v3')) {
    return vpp.request('vxlan_add_del_tunnel_v3', { ...fields, ...ports, is_l3: false });
  }
  return vpp.has('vxlan_add_del_tunnel_v2')
    ? vpp.request('vxlan_add_del_tunnel_v2', { ...fields, ...ports })
    : vpp.request('vxlan_add_del_tunnel', fields);
}

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

/** It leaves its bridge domain with that (vnet_vxlan_add_del_tunnel). */
export async function removeTunnel(ends: TunnelEnds, vpp: Vpp): Promise<void> {
  await unless(addDel(ends, false, vpp), RETVAL.NO_SUCH_ENTRY);
}
