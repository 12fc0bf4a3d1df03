/** NeighborEntry: what VPP answers ARP and neighbour solicitations with (vnet/l2/l2_bd.c, arp-term). */
import { neighborKey, type NeighborEntryItem } from '../../model/item.js';
import { differing } from '../../reconcile/differing.js';
import type { Context } from './context.js';
import type { VppKind } from './kind.js';
import { isOurs } from './members.js';
import { RETVAL, unless } from './vpp.js';

export const neighborEntry: VppKind<NeighborEntryItem> = {
  rank: 5,
  differences: (wanted, observed) => differing({ mac: [wanted.mac, observed.mac] }),
  mustRecreate: () => false,

  reads([vni], _wanted, wants) {
    wants.domains.add(Number(vni));
    wants.neighbors.add(Number(vni));
  },

  observe([vni = '', ip = ''], _wanted, view) {
    if (!isOurs(Number(vni), view)) return undefined;
    const mac = view.neighbors(Number(vni)).get(ip);
    if (mac === undefined) return undefined;
    return { payload: { kind: 'neighbor_entry', vni: Number(vni), ip, mac }, defects: [] };
  },

  *list(view) {
    for (const { id } of view.domains.values()) {
      if (!isOurs(id, view)) continue;
      for (const ip of view.neighbors(id).keys()) yield neighborKey(id, ip);
    }
  },

  create: (wanted, context) => put(wanted, true, context),
  update: (wanted, _from, context) => put(wanted, true, context),
  // VPP answers UNSPECIFIED to the removal of what is not there, or of another MAC's, and
  // NO_SUCH_ENTRY if there is no such bridge domain.
  remove: (from, context) =>
    unless(put(from, false, context), RETVAL.UNSPECIFIED, RETVAL.NO_SUCH_ENTRY),
};

async function put(
  { vni, ip, mac }: NeighborEntryItem,
  isAdd: boolean,
  { vpp }: Context,
): Promise<void> {
  await vpp.request('bd_ip_mac_add_del', { is_add: isAdd, entry: { bd_id: vni, ip, mac } });
}
