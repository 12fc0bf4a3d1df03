/**
 * A port on the frames of an interface that have one VLAN tag, or two: a sub-interface of VPP's. The tags
 * are taken off before the bridge domain sees a frame, and put on when it leaves.
 */
import { NfvError } from '../../errors.js';
import { portKey, type PortItem } from '../../model/item.js';
import type { VlanPort } from '../../model/vpp-ports.js';
import type { Context } from './context.js';
import { place } from './members.js';
import type { Seen } from './orphans.js';
import { interfaceOfVpp, type PortKind } from './port-kind.js';
import { tagOf } from './tag.js';
import type { Interface } from './view.js';
import { idOf, makeOrTakeSub, NO_REWRITE } from './vlan-subif.js';
import { undoing } from './undoing.js';
import { RETVAL, unless, type Vpp } from './vpp.js';

/** `l2_vtr_op_t` (vnet/l2/l2_vtr.h), by how many tags are taken off. */
const REWRITE = { none: NO_REWRITE, pop1: 3, pop2: 4 } as const;

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
    await undoing(work, (vpp) => remove(index, vpp), context);
  },

  async update(index, item, { wanted }, context) {
    const seen = await context.orphans.seen(context.vpp);
    needUp(item, parentOf(wanted, seen));
    await put(index, item, wanted, context);
  },

  remove: (index, _from, { vpp }) => remove(index, vpp),
};

function rewriteOf({ innerVlanId }: VlanPort): number {
  return innerVlanId === 0 ? REWRITE.pop1 : REWRITE.pop2;
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
    rewrite(index, rewriteOf(spec), context.vpp),
  ]);
}

async function rewrite(index: number, operation: number, vpp: Vpp): Promise<void> {
  await vpp.request('l2_interface_vlan_tag_rewrite', {
    sw_if_index: index,
    vtr_op: operation,
    push_dot1q: 0,
    tag1: 0,
    tag2: 0,
  });
}

/** What is done to the tags ends before: it is kept by index (l2output_main.configs), and that is given again. */
async function remove(index: number, vpp: Vpp): Promise<void> {
  const work = Promise.all([
    rewrite(index, REWRITE.none, vpp),
    vpp.request('delete_subif', { sw_if_index: index }),
  ]);
  await unless(work, RETVAL.INVALID_SW_IF_INDEX);
}
