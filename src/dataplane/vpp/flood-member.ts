/**
 * FloodMember: VPP has no object for one. It floods the BUM frames of a bridge domain to every tunnel
 * in it (vnet/l2/l2_bd.c), so a tunnel in its place is a member.
 */
import { tunnelKey, type FloodMemberItem } from '../../model/item.js';
import { interfaceOf } from './context.js';
import type { VppKind } from './kind.js';
import { tagOf } from './tag.js';

export const floodMember: VppKind<FloodMemberItem> = {
  rank: 6,
  differences: () => [],
  mustRecreate: () => false,

  reads([vni], _wanted, wants) {
    wants.member(Number(vni));
  },

  observe(_rest, wanted, view) {
    if (wanted === undefined) return undefined;
    const tunnel = view.tagged(tagOf(tunnelKey(wanted.vni, wanted.remote)));
    const isThere = tunnel !== undefined && view.domainOf(tunnel.index)?.id === wanted.vni;
    return isThere ? { payload: wanted, defects: [] } : undefined;
  },

  list: () => [],

  create: ({ vni, remote }, context) => {
    interfaceOf(tunnelKey(vni, remote), context);
    return Promise.resolve();
  },
  update: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};
