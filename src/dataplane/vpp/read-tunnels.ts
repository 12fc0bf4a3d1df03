import type { DetailsOf } from '../../vpp-api/product-types.js';
import type { Vpp } from './vpp.js';

/** All VXLAN tunnels, or that of one interface; none if VPP has no VXLAN. */
export async function dumpTunnels(
  index: number,
  vpp: Vpp,
): Promise<readonly DetailsOf<'vxlan_tunnel_dump'>[]> {
  const asked = { sw_if_index: index };
  if (vpp.has('vxlan_tunnel_v2_dump')) return await vpp.dump('vxlan_tunnel_v2_dump', asked);
  return vpp.has('vxlan_tunnel_dump') ? await vpp.dump('vxlan_tunnel_dump', asked) : [];
}
