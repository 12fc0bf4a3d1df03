/**
 * NeighborEntry: a neighbour on the bridge, from which it answers ARP and ND for its tenants
 * (net/bridge/br_arp_nd_proxy.c). `extern_learn` marks ours and keeps them from garbage
 * collection; `permanent` keeps them when the bridge loses its carrier, and tenants' ARP from
 * changing them (net/core/neighbour.c, neigh_flush_dev, __neigh_update).
 */
import { hasErrno } from '../../host/iproute2/answers.js';
import { NfvError } from '../../errors.js';
import { neighborKey, type NeighborEntryItem } from '../../model/item.js';
import { needOurs } from './domain-check.js';
import type { Doors } from './doors.js';
import { isAnswer } from './routing/gateway-answers.js';
import { differing } from '../../reconcile/differing.js';
import type { Sight } from '../../reconcile/kind-table.js';
import type { LinuxKind } from './kind.js';
import { bridgeName } from './names.js';
import { readNeighborNow } from './reader.js';

export const neighborEntry: LinuxKind<NeighborEntryItem> = {
  rank: 5,
  differences: (wanted, observed) => differing({ mac: [wanted.mac, observed.mac] }),
  mustRecreate: () => false,

  reads([vni, ip = ''], _wanted, wants, memory) {
    needOurs(Number(vni), wants, memory);
    wants.neighbor(Number(vni), ip);
  },

  observe([vni = '', ip = ''], wanted, view, memory): Sight<NeighborEntryItem> {
    if (!view.isBridgeOurs(Number(vni))) return undefined;
    const found = view.neighbor(Number(vni), ip);
    if (found === undefined) return undefined;
    const { mac, device, extern, fixed } = found;
    const payload = { kind: 'neighbor_entry', vni: Number(vni), ip, mac } as const;
    if (isAnswer(found, memory)) {
      if (wanted === undefined && !view.isLeftAnswer(Number(vni), ip)) return undefined;
      return { payload, defects: ['made for a gateway'] };
    }
    if (!extern) {
      // What is not fixed the kernel made itself; it gives way.
      if (wanted === undefined || !fixed) return undefined;
      return new NfvError('FOREIGN_OBJECT', `somebody else's neighbour ${ip} dev ${device}`, {
        metadata: { object: `${ip} ${device}` },
      });
    }
    const defects = fixed ? [] : ['not permanent'];
    return { payload, defects };
  },

  *list(view) {
    for (const [vni, { ip, extern }] of view.allNeighbors()) {
      const isOurs = (extern && view.isBridgeOurs(vni)) || view.isLeftAnswer(vni, ip);
      if (isOurs) yield neighborKey(vni, ip);
    }
  },

  create: put,
  update: (wanted, _from, doors) => put(wanted, doors),

  async remove({ vni, ip, mac }, doors, memory) {
    // A gateway that has taken the address meanwhile, as what is made comes first, has its answer there.
    if (memory.gatewayOf(vni) !== undefined) {
      const found = await readNeighborNow(vni, ip, doors);
      if (found?.mac !== mac) return;
    }
    try {
      await doors.ip.run('neigh', 'del', ip, 'dev', bridgeName(vni));
    } catch (error) {
      if (!hasErrno(error, 'ENOENT', 'ENODEV')) throw error;
    }
  },
};

async function put({ vni, ip, mac }: NeighborEntryItem, doors: Doors): Promise<void> {
  const entry = [ip, 'lladdr', mac, 'dev', bridgeName(vni)];
  await doors.ip.run('neigh', 'replace', ...entry, 'nud', 'permanent', 'extern_learn');
}
