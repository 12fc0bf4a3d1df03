import type { Feature, Handler } from '../feature.js';
import { NONE, RETVAL } from '../state.js';
import { tellChange } from './interface.js';

const create: Handler = (request, state, teller) => {
  const host = request.text('host_if_name');
  if (!state.hostInterfaces.has(host)) {
    request.retval(RETVAL.SYSCALL_ERROR_1, { sw_if_index: NONE });
    return;
  }
  const name = `host-${host}`;
  if ([...state.interfaces.values()].some((each) => each.name === name)) {
    request.retval(RETVAL.IF_ALREADY_EXISTS, { sw_if_index: NONE });
    return;
  }
  const mac = request.flag('use_random_hw_addr') ? '02fe00000001' : request.text('hw_addr');
  const { swIfIndex } = state.add({ name, devType: 'af-packet', mac });
  request.reply({ sw_if_index: swIfIndex });
  tellChange(state, teller, swIfIndex);
};

/** src/plugins/af_packet */
export const afPacket: Feature = {
  module: 'af_packet',
  handlers: {
    af_packet_create: create,
    af_packet_create_v2: create,
    af_packet_create_v3: create,
    af_packet_delete: (request, state, teller) => {
      const name = `host-${request.text('host_if_name')}`;
      const found = [...state.interfaces.values()].find((each) => each.name === name);
      if (found === undefined) {
        request.retval(RETVAL.SYSCALL_ERROR_1);
        return;
      }
      state.remove(found.swIfIndex);
      request.reply();
      tellChange(state, teller, found.swIfIndex, true);
    },
    af_packet_dump: (request, state) => {
      for (const { name, devType, swIfIndex, type } of state.interfaces.values()) {
        if (devType !== 'af-packet' || type !== 0) continue;
        request.details({ sw_if_index: swIfIndex, host_if_name: name.slice('host-'.length) });
      }
    },
  },
};
