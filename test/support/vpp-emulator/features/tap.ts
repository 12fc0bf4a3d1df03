import type { Feature, Handler } from '../feature.js';
import { Indices, NONE, RETVAL, type VppState } from '../state.js';
import type { Values } from '../wire.js';
import { tellChange } from './interface.js';

const MAX_INSTANCES = 1024;

export class Taps {
  /** What sw_interface_tap_v2_details tells, by sw_if_index. */
  readonly bySwIfIndex = new Map<number, Values>();
  readonly ids = new Indices();
}

const create: Handler = (request, state, teller) => {
  const { taps } = state;
  const used = new Set([...taps.bySwIfIndex.values()].map(({ id }) => id));
  const wanted = request.num('id');
  const id = wanted === NONE ? taps.ids.take() : wanted;
  if (id > MAX_INSTANCES || used.has(id)) {
    request.retval(RETVAL.INVALID_INTERFACE, { sw_if_index: NONE });
    return;
  }
  const { swIfIndex } = state.add({
    name: `tap${id}`,
    devType: 'virtio',
    mac: `02fe${id.toString(16).padStart(8, '0')}`,
  });
  const made = state.interfaces.get(swIfIndex);
  if (made !== undefined) made.tag = request.text('tag');
  const given = (field: string): string =>
    request.flag(`${field}_set`) ? request.text(field) : '';
  taps.bySwIfIndex.set(swIfIndex, {
    sw_if_index: swIfIndex,
    id,
    tx_ring_sz: request.num('tx_ring_sz'),
    rx_ring_sz: request.num('rx_ring_sz'),
    host_mtu_size: request.flag('host_mtu_set') ? request.num('host_mtu_size') : 0,
    host_mac_addr: request.text('host_mac_addr'),
    host_ip4_prefix: request.struct('host_ip4_prefix'),
    host_ip6_prefix: request.struct('host_ip6_prefix'),
    tap_flags: request.num('tap_flags'),
    dev_name: `tap${id}`,
    host_if_name: given('host_if_name'),
    host_namespace: given('host_namespace'),
    host_bridge: given('host_bridge'),
  });
  request.reply({ sw_if_index: swIfIndex });
  tellChange(state, teller, swIfIndex);
};

function dumped({ taps }: VppState, wanted: number): Values[] {
  if (wanted === NONE) return [...taps.bySwIfIndex.values()];
  const found = taps.bySwIfIndex.get(wanted);
  return found === undefined ? [] : [found];
}

/** src/plugins/tap */
export const tapFeature: Feature = {
  module: 'tapv2',
  handlers: {
    tap_create_v2: create,
    tap_create_v3: create,
    tap_delete_v2: (request, state, teller) => {
      const index = request.num('sw_if_index');
      const tap = state.taps.bySwIfIndex.get(index);
      if (tap === undefined) {
        request.retval(RETVAL.INVALID_SW_IF_INDEX);
        return;
      }
      state.taps.bySwIfIndex.delete(index);
      if (typeof tap['id'] === 'number') state.taps.ids.give(tap['id']);
      state.remove(index);
      request.reply();
      tellChange(state, teller, index, true);
    },
    sw_interface_tap_v2_dump: (request, state) => {
      for (const tap of dumped(state, request.num('sw_if_index'))) request.details(tap);
    },
  },
};
