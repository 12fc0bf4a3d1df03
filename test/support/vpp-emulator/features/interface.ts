import type { Feature, Teller } from '../feature.js';
import type { Request } from '../request.js';
import { ADMIN_UP, LINK_UP, NONE, RETVAL, type Interface, type VppState } from '../state.js';
import type { Values } from '../wire.js';

/** The interface that a request names; if there is none it is answered so. */
export function interfaceOf(
  request: Request,
  state: VppState,
  field = 'sw_if_index',
): Interface | undefined {
  const found = state.interfaces.get(request.num(field));
  if (found === undefined) {
    const second = field === 'tx_sw_if_index';
    request.retval(second ? RETVAL.INVALID_SW_IF_INDEX_2 : RETVAL.INVALID_SW_IF_INDEX);
  }
  return found;
}

/** Tells those who want to know, as the process vpe-link-state-process does. */
export function tellChange(
  state: VppState,
  teller: Teller,
  swIfIndex: number,
  deleted = false,
): void {
  const flags = state.interfaces.get(swIfIndex)?.flags ?? 0;
  for (const client of state.wishes.get('want_interface_events') ?? []) {
    teller.tell('sw_interface_event', { sw_if_index: swIfIndex, flags, deleted }, client);
  }
}

/** src/vnet/interface_api.c */
export const interfaces: Feature = {
  module: 'interface',
  handlers: {
    sw_interface_dump: (request, state) => {
      const index = request.num('sw_if_index');
      const filter = request.text('name_filter').toLowerCase();
      const byName = request.flag('name_filter_valid');
      for (const each of [...state.interfaces.values()].sort(bySwIfIndex)) {
        const wanted = byName
          ? each.name.toLowerCase().includes(filter)
          : index === NONE || index === 0 || index === each.swIfIndex;
        if (wanted) request.details(detailsOf(each));
      }
    },
    sw_interface_set_flags: (request, state, teller) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      setUp(found, (request.num('flags') & ADMIN_UP) !== 0);
      request.reply();
      tellChange(state, teller, found.swIfIndex);
    },
    sw_interface_set_mtu: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      found.mtu = request.list('mtu').map(Number);
      request.reply();
    },
    hw_interface_set_mtu: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      if (found.type !== 0) {
        request.retval(RETVAL.INVALID_VALUE);
        return;
      }
      found.linkMtu = request.num('mtu');
      found.mtu = [found.linkMtu, ...found.mtu.slice(1)];
      request.reply();
    },
    sw_interface_tag_add_del: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      const tag = request.flag('is_add') ? request.text('tag') : '';
      if (request.flag('is_add') && tag === '') {
        request.retval(RETVAL.INVALID_VALUE);
        return;
      }
      found.tag = tag;
      request.reply();
    },
    sw_interface_set_mac_address: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      found.mac = request.text('mac_address');
      request.reply();
    },
    sw_interface_get_mac_address: (request, state) => {
      const found = interfaceOf(request, state);
      if (found !== undefined) request.reply({ mac_address: found.mac });
    },
    sw_interface_set_interface_name: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      found.name = request.text('name');
      request.reply();
    },
    sw_interface_set_promisc: (request, state) => {
      if (interfaceOf(request, state) !== undefined) request.reply();
    },
    want_interface_events: (request, state) => {
      wish(request, state, request.num('enable_disable') !== 0);
    },
  },
};

/** `pub_sub_handler` of src/vlibapi/api_helper_macros.h. */
export function wish(request: Request, state: VppState, on: boolean): void {
  const clients = state.wishes.get(request.name) ?? new Set<number>();
  state.wishes.set(request.name, clients);
  if (clients.has(request.clientIndex) === on) {
    request.retval(RETVAL.INVALID_REGISTRATION);
    return;
  }
  if (on) clients.add(request.clientIndex);
  else clients.delete(request.clientIndex);
  request.reply();
}

function bySwIfIndex(a: Interface, b: Interface): number {
  return a.swIfIndex - b.swIfIndex;
}

/** Links of what the emulator has follow the admin state. */
function setUp(found: Interface, up: boolean): void {
  found.flags = up ? ADMIN_UP | LINK_UP : found.flags & ~ADMIN_UP;
}

function detailsOf(each: Interface): Values {
  return {
    sw_if_index: each.swIfIndex,
    sup_sw_if_index: each.supSwIfIndex,
    l2_address: each.type === 0 ? each.mac : '',
    flags: each.flags,
    type: each.type,
    link_mtu: each.linkMtu,
    mtu: each.mtu,
    interface_name: each.name,
    interface_dev_type: each.devType,
    tag: each.tag,
    ...each.details,
  };
}
