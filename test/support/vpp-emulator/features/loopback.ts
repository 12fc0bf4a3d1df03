import type { Feature } from '../feature.js';
import { NONE, RETVAL } from '../state.js';
import { tellChange } from './interface.js';

const MAX_INSTANCES = 16 * 1024;
const NO_MAC = '000000000000';

/** src/vnet/ethernet/interface.c */
export const loopbacks: Feature = {
  module: 'interface',
  handlers: {
    create_loopback_instance: (request, state, teller) => {
      const used = state.loopbackInstances;
      let instance = request.num('user_instance');
      if (!request.flag('is_specified')) {
        instance = 0;
        while (used.has(instance)) instance++;
      }
      if (instance >= MAX_INSTANCES || used.has(instance)) {
        request.retval(RETVAL.INVALID_REGISTRATION, { sw_if_index: NONE });
        return;
      }
      used.add(instance);
      const given = request.text('mac_address');
      const own = `dead000000${(instance & 255).toString(16).padStart(2, '0')}`;
      const { swIfIndex } = state.add({
        name: `loop${instance}`,
        devType: 'Loopback',
        mac: given === NO_MAC ? own : given,
      });
      request.reply({ sw_if_index: swIfIndex });
      tellChange(state, teller, swIfIndex);
    },
    delete_loopback: (request, state, teller) => {
      const found = state.interfaces.get(request.num('sw_if_index'));
      if (found?.devType !== 'Loopback') {
        request.retval(RETVAL.INVALID_SW_IF_INDEX);
        return;
      }
      state.loopbackInstances.delete(Number(found.name.slice('loop'.length)));
      state.remove(found.swIfIndex);
      request.reply();
      tellChange(state, teller, found.swIfIndex, true);
    },
  },
};
