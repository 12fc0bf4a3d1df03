/**
 * Tunnel: the kernel's VXLAN has no object for one; a route to the remote VTEP must exist. It is not there without its
 * VXLAN device: what needs it then waits for that, and follows it at once.
 */
import { NfvError } from '../../errors.js';
import type { TunnelItem } from '../../model/item.js';
import { needOurs } from './domain-check.js';
import type { Doors } from './doors.js';
import { differing } from '../../reconcile/differing.js';
import type { LinuxKind } from './kind.js';
import { readPath } from './reader.js';

/** Types of route (`ip route`) that lead away from this host. */
const LEADS = new Set(['unicast']);

export const tunnel: LinuxKind<TunnelItem> = {
  rank: 2,
  differences: (wanted, observed) => differing({ local: [wanted.local, observed.local] }),
  mustRecreate: () => false,

  reads([vni], wanted, wants, memory) {
    if (wanted === undefined) return;
    needOurs(Number(vni), wants, memory);
    wants.path(wanted.remote, wanted.local);
  },

  observe([vni], wanted, view) {
    if (wanted === undefined || !view.isOurs(Number(vni))) return undefined;
    const route = view.route(wanted.remote, wanted.local);
    const leads = route !== undefined && LEADS.has(route.type);
    return leads ? { payload: wanted, defects: [] } : undefined;
  },

  list: () => [],
  create: checkRoute,
  update: (wanted, _from, doors) => checkRoute(wanted, doors),
  remove: () => Promise.resolve(),
};

async function checkRoute({ remote, local }: TunnelItem, doors: Doors): Promise<void> {
  const route = await readPath({ remote, local }, doors.ip);
  if (route !== undefined && LEADS.has(route.type)) return;
  const what = route === undefined ? 'no route' : `a route of type ${route.type}`;
  throw new NfvError('VTEP_UNROUTABLE', `${what} to VTEP ${remote} from ${local}`, {
    metadata: { remote, local },
  });
}
