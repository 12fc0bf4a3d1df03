/** An uplink on the frames of another interface that have one VLAN tag, or two. */
import { NfvError } from '../../../errors.js';
import type { UplinkVlan } from './uplink.js';
import { missing, tagged, type UplinkPart } from './uplink-part.js';
import { idOf, isSame, makeOrTakeSub } from '../vlan-subif.js';

export function vlanUplink(spec: UplinkVlan): UplinkPart {
  const { parent } = spec;
  const part: UplinkPart = {
    name: `${parent}.${idOf(spec)}`,
    parent,
    find: (view) => tagged(part.name, view),
    differences: ({ sub }) =>
      sub !== undefined && isSame(sub, spec) ? [] : ['it takes other frames'],

    async create(tag, on, { vpp, orphans }) {
      if (on === undefined) throw missing({ ...part, name: parent });
      if (on.sub !== undefined) {
        const text = `${on.name} is itself a sub-interface; VPP has none of those`;
        throw new NfvError('ITEM_UNSUPPORTED', text, { metadata: { interface: on.name } });
      }
      return await makeOrTakeSub(on, spec, tag, await orphans.seen(vpp), vpp);
    },
  };
  return part;
}
