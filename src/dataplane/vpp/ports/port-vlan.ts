/**
 * A port on the frames of an interface that have one VLAN tag, or two: a sub-interface of VPP's. The tags
 * are taken off before the bridge domain sees a frame, and put on when it leaves.
 */
import { NfvError } from '../../../errors.js';
import { portKey, type PortItem } from '../../../model/item.js';
import type { VlanPort } from '../../../model/vpp-ports.js';
import type { Context } from '../context.js';
import { place } from '../members.js';
import type { Seen } from '../orphans.js';
import { interfaceOfVpp, type PortKind } from './port-kind.js';
import { tagOf } from '../tag.js';
import type { Interface } from '../view.js';
import { idOf, makeOrTakeSub, POP_ONE, POP_TWO, removeSub, rewriteTags } from '../vlan-subif.js';
import { undoing } from '../undoing.js';

export const vlanPort: PortKind<VlanPort> = {
  claims: (spec) => [
    `VLAN ${idOf(spec)} of ${spec.parent}`,
    interfaceOfVpp(`${spec.parent}.${idOf(spec)}`),
  ],

  observe({ sub, up }, _wanted, view) {
    if (sub === undefined) return undefined;
    const { outerVlanId, innerVlanId, dot1ad } = sub;
    const parent = view.interfaces.get(sub.parent);
    const tags = { outerVlanId, innerVlanId, dot1ad };
    const spec = { kind: 'vlan', parent: parent?.name ?? '', ...tags } as const;
    const defects = sub.rewrite === rewriteOf(spec) ? [] : ['its tags are not taken off'];
    // VPP leaves the sub-interface up.
    if (up && parent?.up === false) defects.push(`${parent.name} is down`);
    return { spec, defects };
  },

  async create(item, spec, context) {
    const index = await makeOrTake(item, spec, context);
    const work = put(index, item, spec, context);
    await undoing(work, (vpp) => removeSub(index, vpp), context);
  },

  async update(index, item, { wanted }, context) {
    const seen = await context.orphans.seen(context.vpp);
    needUp(item, parentOf(wanted, seen));
    await put(index, item, wanted, context);
  },

  remove: (index, _from, { vpp }) => removeSub(index, vpp),
};

function rewriteOf({ innerVlanId }: VlanPort): number {
  return innerVlanId === 0 ? POP_ONE : POP_TWO;
}

/**
 * @throws NfvError VPP_INTERFACE_MISSING, VPP_INTERFACE_DOWN, ITEM_UNSUPPORTED: of its parent; FOREIGN_OBJECT:
 * the VLAN is somebody else's
 */
async function makeOrTake(item: PortItem, spec: VlanPort, context: Context): Promise<number> {
  const { vpp, orphans } = context;
  const seen = await orphans.seen(vpp);
  const parent = parentOf(spec, seen);
  needUp(item, parent);
  return await makeOrTakeSub(parent, spec, tagOf(portKey(item.endpoint)), seen, vpp);
}

function parentOf({ parent: name }: VlanPort, { interfaces }: Seen): Interface {
  const found = [...interfaces.values()].find((each) => each.name === name);
  const metadata = { interface: name };
  if (found === undefined) {
    throw new NfvError('VPP_INTERFACE_MISSING', `VPP has no interface ${name}`, { metadata });
  }
  if (found.sub === undefined) return found;
  const text = `${name} is itself a sub-interface; VPP has none of those`;
  throw new NfvError('ITEM_UNSUPPORTED', text, { metadata });
}

/** VPP sets no sub-interface up whose parent is down (vnet_sw_interface_set_flags_helper). */
function needUp({ adminUp }: PortItem, { name, up }: Interface): void {
  if (up || !adminUp) return;
  throw new NfvError('VPP_INTERFACE_DOWN', `${name} is down, and so its VLANs are`, {
    metadata: { interface: name },
  });
}

/** In VPP's order: to be put into a bridge domain undoes what is done to the tags. */
async function put(index: number, item: PortItem, spec: VlanPort, context: Context): Promise<void> {
  const { vni, adminUp: up } = item;
  await Promise.all([
    place(index, { tag: tagOf(portKey(item.endpoint)), vni, group: 0, up }, context),
    rewriteTags(index, rewriteOf(spec), context.vpp),
  ]);
}
