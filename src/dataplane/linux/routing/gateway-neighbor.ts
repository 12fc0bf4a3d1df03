/** GatewayNeighbor: a permanent neighbour of a gateway interface; `extern_learn` marks ours. */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { NfvError } from '../../../errors.js';
import { gatewayNeighborKey, type GatewayNeighborItem } from '../../../model/routing-items.js';
import { differing } from '../../../reconcile/differing.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import type { Doors } from '../doors.js';
import type { LinuxKind } from '../kind.js';
import { innerName, innerVniOfName } from '../names.js';

export const gatewayNeighbor: LinuxKind<GatewayNeighborItem> = {
  rank: 5,
  differences: (wanted, observed) => differing({ mac: [wanted.mac, observed.mac] }),
  mustRecreate: () => false,

  reads([vrf, vni, ip = ''], _wanted, wants) {
    wants.router(Number(vrf)).neighbor(Number(vni), ip);
  },

  observe([first, second, ip = ''], wanted, view): Sight<GatewayNeighborItem> {
    const [vrf, vni] = [Number(first), Number(second)];
    const found = view.router(vrf).neighbor(innerName(vni), ip);
    if (found === undefined) return undefined;
    const { mac, device, extern } = found;
    if (!extern) {
      return (
        wanted &&
        new NfvError('FOREIGN_OBJECT', `somebody else's neighbour ${ip} dev ${device}`, {
          metadata: { object: `${ip} ${device}`, vrf: String(vrf) },
        })
      );
    }
    return { payload: { kind: 'gateway_neighbor', vrf, vni, ip, mac }, defects: [] };
  },

  *list(view) {
    for (const [vrf, router] of view.routers) {
      for (const { device, ip, extern } of router.neighbors) {
        const vni = innerVniOfName(device);
        if (extern && vni !== undefined) yield gatewayNeighborKey(vrf, vni, ip);
      }
    }
  },

  create: put,
  update: (wanted, _from, doors) => put(wanted, doors),

  async remove({ vrf, vni, ip }, doors) {
    try {
      const inside = await doors.routers.inside(vrf);
      await inside.run('neigh', 'del', ip, 'dev', innerName(vni));
    } catch (error) {
      const isGone = error instanceof NfvError && error.code === 'NETNS_MISSING';
      if (!isGone && !hasErrno(error, 'ENOENT', 'ENODEV')) throw error;
    }
  },
};

async function put({ vrf, vni, ip, mac }: GatewayNeighborItem, doors: Doors): Promise<void> {
  const inside = await doors.routers.inside(vrf);
  const entry = [ip, 'lladdr', mac, 'dev', innerName(vni)];
  await inside.run('neigh', 'replace', ...entry, 'nud', 'permanent', 'extern_learn');
}
