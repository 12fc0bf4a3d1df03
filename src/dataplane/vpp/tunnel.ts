/** Tunnel: a VXLAN tunnel to a remote VTEP, a member of its VN's bridge domain. */
import { NfvError } from '../../errors.js';
import { tunnelKey, type TunnelItem } from '../../model/item.js';
import { differing } from '../../reconcile/differing.js';
import { interfaceOf } from './context.js';
import type { Sight } from '../../reconcile/kind-table.js';
import type { VppKind } from './kind.js';
import { memberDefects, place } from './members.js';
import { parseTag, tagOf } from './tag.js';
import type { Interface, Tunnel, View } from './view.js';
import { addTunnel, TUNNEL_GROUP } from './vxlan.js';
import { removeTunnel } from './vxlan-message.js';

export const tunnel: VppKind<TunnelItem> = {
  rank: 2,
  differences: (wanted, observed) =>
    differing({
      vni: [wanted.vni, observed.vni],
      remote: [wanted.remote, observed.remote],
      local: [wanted.local, observed.local],
    }),
  mustRecreate: (wanted, observed) => tunnel.differences(wanted, observed).length > 0,

  reads([vni], wanted, wants) {
    wants.member(Number(vni));
    wants.tunnels = true;
    if (wanted !== undefined) wants.remotes.add(wanted.remote);
  },

  observe([vni = '', remote = ''], wanted, view): Sight<TunnelItem> {
    const tag = tagOf(tunnelKey(Number(vni), remote));
    const ours = view.tagged(tag);
    if (ours === undefined) return wanted && obstacle(wanted, view);
    const ends = view.tunnels.get(ours.index);
    if (ends === undefined) return wanted && notTunnel(ours);
    return sight(ends, ours, tag, view, wanted);
  },

  *list(view) {
    for (const text of view.tags()) {
      const tag = parseTag(text);
      if (tag?.part === '' && tag.key.startsWith('tunnel/')) yield tag.key;
    }
  },

  async create(wanted, context) {
    if (!(await context.lookups.leads(wanted.remote, context.vpp))) throw unroutable(wanted);
    await addTunnel(wanted, tagOf(tunnelKey(wanted.vni, wanted.remote)), context);
  },

  async update(wanted, _from, context) {
    const key = tunnelKey(wanted.vni, wanted.remote);
    const to = { tag: tagOf(key), vni: wanted.vni, group: TUNNEL_GROUP, up: true };
    await place(interfaceOf(key, context), to, context);
    if (!(await context.lookups.leads(wanted.remote, context.vpp))) throw unroutable(wanted);
  },

  async remove(from, { vpp, memory }) {
    await removeTunnel(from, vpp);
    const index = memory.indexOf(tagOf(tunnelKey(from.vni, from.remote)));
    if (index !== undefined) memory.forget(index);
  },
};

function sight(
  { vni, local, remote }: Tunnel,
  found: Interface,
  tag: string,
  view: View,
  wanted: TunnelItem | undefined,
): Sight<TunnelItem> {
  const defects = memberDefects(found, { tag, vni, group: TUNNEL_GROUP }, view);
  if (!found.up) defects.push('down');
  if (wanted !== undefined && !view.reachable.has(wanted.remote)) {
    defects.push(`no route to ${wanted.remote}`);
  }
  const isAsWanted = wanted?.vni === vni && wanted.local === local && wanted.remote === remote;
  return { payload: isAsWanted ? wanted : { kind: 'tunnel', vni, local, remote }, defects };
}

function unroutable({ remote, local }: TunnelItem): NfvError {
  return new NfvError('VTEP_UNROUTABLE', `VPP has no route to VTEP ${remote} from ${local}`, {
    metadata: { remote, local },
  });
}

/** A tunnel with the ends of the one that is wanted, and not ours. One that is nobody's is in no way. */
function obstacle(wanted: TunnelItem, view: View): NfvError | undefined {
  const ends = view.tunnelWith(wanted);
  const found = ends && view.interfaces.get(ends.index);
  if (found === undefined) return undefined;
  if (found.tag === '' && view.domainOf(found.index) === undefined) return undefined;
  return new NfvError('FOREIGN_OBJECT', `${found.name} is a tunnel of somebody else's to there`, {
    metadata: { interface: found.name, tag: found.tag },
  });
}

function notTunnel({ name, tag }: Interface): NfvError {
  return new NfvError('FOREIGN_OBJECT', `${name} has the tag "${tag}" and is no tunnel`, {
    metadata: { interface: name, tag },
  });
}
