/** The messages that make VXLAN tunnels, and end them: plugins/vxlan/vxlan.api. */
import { NO_INTERFACE, RETVAL, unless, type Vpp } from './vpp.js';

/** RFC 7348 §5. */
export const UDP_PORT = 4789;
/** The underlay's. */
export const TABLE = 0;

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

export function addDel(
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

/** It leaves its bridge domain with that (vnet_vxlan_add_del_tunnel). */
export async function removeTunnel(ends: TunnelEnds, vpp: Vpp): Promise<void> {
  await unless(addDel(ends, false, vpp), RETVAL.NO_SUCH_ENTRY);
}
