/** GatewayNeighbor: a static neighbour of a gateway interface (vnet/ip-neighbor). */
import {
  gatewayKey,
  gatewayNeighborKey,
  type GatewayNeighborItem,
} from '../../../model/routing-items.js';
import { differing } from '../../../reconcile/differing.js';
import { interfaceOf } from '../context.js';
import type { VppKind } from '../kind.js';
import { parseTag, tagOf } from '../tag.js';
import type { View } from '../view.js';
import { RETVAL, unless, type Vpp } from '../vpp.js';

export const gatewayNeighbor: VppKind<GatewayNeighborItem> = {
  rank: 5,
  differences: (wanted, observed) => differing({ mac: [wanted.mac, observed.mac] }),
  mustRecreate: () => false,

  reads([vrf, vni], _wanted, wants) {
    wants.interfaces = true;
    wants.routing.neighbors.add(tagOf(gatewayKey(Number(vrf), Number(vni))));
  },

  observe([vrf, vni, ip = ''], _wanted, view) {
    const at = { vrf: Number(vrf), vni: Number(vni) };
    const gateway = view.tagged(tagOf(gatewayKey(at.vrf, at.vni)));
    const mac = gateway && view.routing.neighbors(gateway.index).get(ip);
    return mac === undefined
      ? undefined
      : { payload: { kind: 'gateway_neighbor', ...at, ip, mac }, defects: [] };
  },

  *list(view) {
    for (const { vrf, vni, index } of gateways(view)) {
      for (const ip of view.routing.neighbors(index).keys()) yield gatewayNeighborKey(vrf, vni, ip);
    }
  },

  create: ({ vrf, vni, ip, mac }, context) =>
    setNeighbor(interfaceOf(gatewayKey(vrf, vni), context), ip, mac, true, context.vpp),
  update: (wanted, _from, context) => gatewayNeighbor.create(wanted, context),

  async remove({ vrf, vni, ip, mac }, { vpp, memory }) {
    const index = memory.indexOf(tagOf(gatewayKey(vrf, vni)));
    if (index === undefined) return;
    const removal = setNeighbor(index, ip, mac, false, vpp);
    await unless(removal, RETVAL.NO_SUCH_ENTRY, RETVAL.INVALID_SW_IF_INDEX);
  },
};

export async function setNeighbor(
  index: number,
  ip: string,
  mac: string,
  isAdd: boolean,
  vpp: Vpp,
): Promise<void> {
  await vpp.request('ip_neighbor_add_del', {
    is_add: isAdd,
    neighbor: {
      sw_if_index: index,
      flags: ['IP_API_NEIGHBOR_FLAG_STATIC'],
      mac_address: mac,
      ip_address: ip,
    },
  });
}

/** The gateway interfaces that there are. */
export function* gateways(
  view: View,
): Iterable<{ readonly vrf: number; readonly vni: number; readonly index: number }> {
  for (const text of view.tags()) {
    const tag = parseTag(text);
    const found = view.tagged(text);
    if (found === undefined || tag?.part !== '' || !tag.key.startsWith('gw/')) continue;
    const [, vrf, vni] = tag.key.split('/');
    yield { vrf: Number(vrf), vni: Number(vni), index: found.index };
  }
}
