import type { DetailsOf } from '../../vpp-api/product-types.js';
import type { Vpp } from './vpp.js';
import { TABLE, UDP_PORT } from './vxlan-message.js';

/** Undefined: VPP tells no ports, for it has but one. */
type Ports = Partial<Pick<DetailsOf<'vxlan_tunnel_v2_dump'>, 'src_port' | 'dst_port'>>;

export type TunnelDetails = DetailsOf<'vxlan_tunnel_dump'> & Ports;

/** All VXLAN tunnels, or that of one interface; none if VPP has no VXLAN. */
export async function dumpTunnels(index: number, vpp: Vpp): Promise<readonly TunnelDetails[]> {
  const asked = { sw_if_index: index };
  if (vpp.has('vxlan_tunnel_v2_dump')) return await vpp.dump('vxlan_tunnel_v2_dump', asked);
  return vpp.has('vxlan_tunnel_dump') ? await vpp.dump('vxlan_tunnel_dump', asked) : [];
}

/**
 * VPP tells it apart from ours only by its ends and its VNI: tunnels of another table, or that listen
 * at another port, may have the same (vxlan4_tunnel_key_t of plugins/vxlan).
 */
export function isAmongOurs({
  encap_vrf_id: table,
  src_port: port = UDP_PORT,
}: TunnelDetails): boolean {
  return table === TABLE && port === UDP_PORT;
}
