/** NeighborEntry: what VPP answers ARP and neighbour solicitations with (vnet/l2/l2_bd.c, arp-term). */
import { neighborKey, type NeighborEntryItem } from '../../model/item.js';
import { differing } from '../../reconcile/differing.js';
import type { Context } from './context.js';
import type { VppKind } from './kind.js';
import type { View } from './view.js';
import { RETVAL, unless } from './vpp.js';

export const neighborEntry: VppKind<NeighborEntryItem> = {
  rank: 5,
  differences: (wanted, observed) => differing({ mac: [wanted.mac, observed.mac] }),
  mustRecreate: () => false,

  reads([vni], wanted, wants) {
    wants.domains.add(Number(vni));
    wants.neighbors.add(Number(vni));
    if (wanted === undefined) wants.interfaces = true;
  },

  observe([vni = '', ip = ''], wanted, view) {
    if (!view.isOurs(Number(vni))) return undefined;
    const mac = view.neighbors(Number(vni)).get(ip);
    if (mac === undefined) return undefined;
    if (wanted === undefined && isGateways(Number(vni), ip, mac, view)) return undefined;
    return { payload: { kind: 'neighbor_entry', vni: Number(vni), ip, mac }, defects: [] };
  },

  *list(view) {
    for (const { id } of view.domains.values()) {
      if (!view.isOurs(id)) continue;
      for (const [ip, mac] of view.neighbors(id)) {
        if (!isGateways(id, ip, mac, view)) yield neighborKey(id, ip);
      }
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

/** What the VN's gateway answers for itself, or will when it is there again (gateway-interface.ts). */
function isGateways(vni: number, ip: string, mac: string, view: View): boolean {
  const bvi = view.domains.get(vni)?.bvi;
  const own = bvi === undefined ? undefined : view.interfaces.get(bvi)?.mac;
  return mac === own || view.answers.has(`${vni} ${ip} ${mac}`);
}
