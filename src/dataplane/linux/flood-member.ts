/**
 * FloodMember: one destination of the VXLAN device's all-zero FDB entry, which gets a copy of
 * every BUM frame (drivers/net/vxlan, vxlan_xmit). The kernel keeps one set of flags for all
 * destinations together, and lets no `extern_learn` take over from somebody's who had none
 * (vxlan_fdb_update_existing). So on a device of ours every destination counts as ours.
 */
import { hasErrno } from '../../host/iproute2/answers.js';
import { floodKey, type FloodMemberItem } from '../../model/item.js';
import type { Doors } from './doors.js';
import type { FdbEntry } from './entries.js';
import type { LinuxKind } from './kind.js';
import { needOurs } from './domain-check.js';
import { FLOOD_MAC, vxlanName } from './names.js';
import type { View } from './view.js';

export const floodMember: LinuxKind<FloodMemberItem> = {
  rank: 6,
  differences: () => [],
  mustRecreate: () => false,

  reads([vni, remote = ''], _wanted, wants, memory) {
    needOurs(Number(vni), wants, memory);
    wants.flood(Number(vni), remote);
  },

  observe([vni = '', remote = ''], _wanted, view) {
    if (!view.isOurs(Number(vni))) return undefined;
    if (!members(view, Number(vni)).some(({ dst }) => dst === remote)) return undefined;
    return { payload: { kind: 'flood_member', vni: Number(vni), remote }, defects: [] };
  },

  *list(view) {
    for (const [vni, mac] of view.allEntries()) {
      if (mac !== FLOOD_MAC || !view.isOurs(vni)) continue;
      for (const { dst } of members(view, vni)) yield floodKey(vni, dst);
    }
  },

  create: append,
  update: (wanted, _from, doors) => append(wanted, doors),

  async remove({ vni, remote }, doors) {
    try {
      await doors.bridge.run('fdb', 'del', FLOOD_MAC, 'dev', vxlanName(vni), 'dst', remote, 'self');
    } catch (error) {
      if (!hasErrno(error, 'ENOENT', 'ENODEV')) throw error;
    }
  },
};

/** The flood list without the underlay's multicast group, which belongs to the VXLAN device. */
function members(view: View, vni: number): FdbEntry[] {
  const group = view.links.get(vxlanName(vni))?.vxlan?.group ?? '';
  return view.entriesOf(vni, FLOOD_MAC).vxlan.filter(({ dst }) => dst !== '' && dst !== group);
}

async function append({ vni, remote }: FloodMemberItem, doors: Doors): Promise<void> {
  const what = [FLOOD_MAC, 'dev', vxlanName(vni), 'dst', remote];
  try {
    await doors.bridge.run('fdb', 'append', ...what, 'self', 'static', 'extern_learn');
  } catch (error) {
    // Before 5.x appending what is there was refused, later it is not.
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
}
