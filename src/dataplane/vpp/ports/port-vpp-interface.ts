/**
 * A port on an interface that VPP has and somebody else made: a DPDK or native port, a virtual function.
 * It is never deleted. The tag attests whether it was up when it was taken: so it is given back.
 */
import { NfvError } from '../../../errors.js';
import type { VppInterfacePort } from '../../../model/vpp-ports.js';
import { portKey } from '../../../model/item.js';
import type { Context } from '../context.js';
import { attach, place } from '../members.js';
import { somebodyElses, type Seen } from '../orphans.js';
import { interfaceOfVpp, type PortKind } from './port-kind.js';
import { bareTag, parseTag, tagOf } from '../tag.js';
import type { Interface } from '../view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from '../vpp.js';
import { undoing } from '../undoing.js';

const WAS_UP = 'u';
const WAS_DOWN = 'd';
/** It is always there, and is nobody's. */
const LOCAL = 'local0';

export const vppInterfacePort: PortKind<VppInterfacePort> = {
  claims: ({ interface: name }) => [interfaceOfVpp(name)],

  observe({ name, tag }) {
    const attested = parseTag(tag)?.attested;
    if (attested !== WAS_UP && attested !== WAS_DOWN) return undefined;
    return { spec: { kind: 'vpp_interface', interface: name } };
  },

  async create(item, { interface: name }, context) {
    const tag = tagOf(portKey(item.endpoint));
    const seen = await context.orphans.seen(context.vpp);
    const found = named(name, tag, seen, context);
    const attested = attestedOf(found);
    const { vni, adminUp: up } = item;
    const work = place(found.index, { tag, attested, vni, group: 0, up }, context);
    await undoing(work, (vpp) => giveBack(found.index, attested, vpp), context);
  },

  async update(index, { vni, adminUp: up }, _ports, context) {
    await attach(index, { vni, group: 0, up }, context);
  },

  async remove(index, _from, { vpp }) {
    const all = { sw_if_index: index, name_filter_valid: false, name_filter: '' };
    const found = await vpp.dump('sw_interface_dump', all);
    const tag = found.find((each) => each.sw_if_index === index)?.tag ?? '';
    const attested = parseTag(tag)?.attested;
    if (attested !== undefined) await giveBack(index, attested, vpp);
  },
};

/** Of one that is ours already it is what was found first. */
export function attestedOf({ tag, up }: Interface): string {
  const before = parseTag(tag)?.attested ?? '';
  if (before !== '') return before;
  return up ? WAS_UP : WAS_DOWN;
}

/** @throws NfvError VPP_INTERFACE_MISSING; FOREIGN_OBJECT: it is in use */
function named(name: string, tag: string, seen: Seen, { uplinks }: Context): Interface {
  const found = [...seen.interfaces.values()].find((each) => each.name === name);
  if (found === undefined) {
    throw new NfvError('VPP_INTERFACE_MISSING', `VPP has no interface ${name}`, {
      metadata: { interface: name },
    });
  }
  if (bareTag(found.tag) === tag) return found;
  if (name === LOCAL || uplinks.has(name)) throw somebodyElses(found, "VPP's own or an uplink");
  if (found.tag !== '' || seen.used.has(found.index)) {
    throw somebodyElses(found, 'which has a tag, an address or a bridge domain');
  }
  return found;
}

/** In VPP's order: as long as it is not as it was, it has our tag. */
export async function giveBack(index: number, attested: string, vpp: Vpp): Promise<void> {
  const work = Promise.all([
    vpp.request('sw_interface_set_l2_bridge', {
      rx_sw_if_index: index,
      bd_id: NO_INTERFACE,
      port_type: 'L2_API_PORT_TYPE_NORMAL',
      shg: 0,
      enable: false,
    }),
    vpp.request('sw_interface_set_flags', {
      sw_if_index: index,
      flags: attested === WAS_UP ? ['IF_STATUS_API_FLAG_ADMIN_UP'] : [],
    }),
  ]);
  await unless(work, RETVAL.INVALID_SW_IF_INDEX);
  const removal = { is_add: false, sw_if_index: index, tag: '' };
  await unless(vpp.request('sw_interface_tag_add_del', removal), RETVAL.INVALID_SW_IF_INDEX);
}
