import type { Feature, Teller } from '../feature.js';
import type { Request } from '../request.js';
import { NONE, RETVAL, type Interface, type VppState } from '../state.js';
import type { Values } from '../wire.js';
import { interfaceOf, tellChange } from './interface.js';

const ONE_TAG = 2;
const TWO_TAGS = 4;
const EXACT_MATCH = 16;
/** `l2_vtr_op_t`: disabled, push 1 and 2, pop 1 and 2, translate 1-1, 1-2, 2-1, 2-2. */
const LAST_VTR_OP = 8;

/** src/vnet/interface_api.c, src/vnet/l2/l2_api.c */
export const subinterfaces: Feature = {
  module: 'interface',
  handlers: {
    create_vlan_subif: (request, state, teller) => {
      const parent = interfaceOf(request, state);
      if (parent === undefined) return;
      const id = request.num('vlan_id');
      if (id === 0 || id > 4095) {
        request.retval(RETVAL.INVALID_VLAN, { sw_if_index: NONE });
      } else if (hasSub(state, parent, id)) {
        request.retval(RETVAL.VLAN_ALREADY_EXISTS, { sw_if_index: NONE });
      } else {
        const flags = ONE_TAG | EXACT_MATCH;
        const tags = { sub_number_of_tags: 1, sub_outer_vlan_id: id, sub_if_flags: flags };
        create(request, state, teller, parent, id, tags);
      }
    },
    create_subif: (request, state, teller) => {
      const parent = interfaceOf(request, state);
      if (parent === undefined) return;
      const id = request.num('sub_id');
      if (hasSub(state, parent, id)) {
        request.retval(RETVAL.VLAN_ALREADY_EXISTS, { sw_if_index: NONE });
        return;
      }
      const flags = request.num('sub_if_flags');
      create(request, state, teller, parent, id, {
        sub_number_of_tags: ((flags & ONE_TAG) !== 0 ? 1 : 0) + ((flags & TWO_TAGS) !== 0 ? 2 : 0),
        sub_outer_vlan_id: request.num('outer_vlan_id'),
        sub_inner_vlan_id: request.num('inner_vlan_id'),
        sub_if_flags: flags,
      });
    },
    delete_subif: (request, state, teller) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      if (found.type !== 1) {
        request.retval(RETVAL.INVALID_SUB_SW_IF_INDEX);
        return;
      }
      state.remove(found.swIfIndex);
      request.reply();
      tellChange(state, teller, found.swIfIndex, true);
    },
    l2_interface_vlan_tag_rewrite: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      const op = request.num('vtr_op');
      if (op > LAST_VTR_OP) {
        request.retval(RETVAL.INVALID_VALUE);
        return;
      }
      found.details = {
        ...found.details,
        vtr_op: op,
        vtr_push_dot1q: request.num('push_dot1q'),
        vtr_tag1: request.num('tag1'),
        vtr_tag2: request.num('tag2'),
      };
      request.reply();
    },
  },
};

function hasSub(state: VppState, parent: Interface, id: number): boolean {
  return [...state.interfaces.values()].some(
    (each) =>
      each.type === 1 && each.supSwIfIndex === parent.supSwIfIndex && each.details['sub_id'] === id,
  );
}

function create(
  request: Request,
  state: VppState,
  teller: Teller,
  parent: Interface,
  id: number,
  tags: Values,
): void {
  const { swIfIndex } = state.add({
    name: `${parent.name}.${id}`,
    devType: parent.devType,
    supSwIfIndex: parent.supSwIfIndex,
    linkMtu: parent.linkMtu,
    type: 1,
    details: { sub_id: id, ...tags },
  });
  request.reply({ sw_if_index: swIfIndex });
  tellChange(state, teller, swIfIndex);
}
