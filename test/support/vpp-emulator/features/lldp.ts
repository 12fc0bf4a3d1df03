import type { Feature } from '../feature.js';
import { NONE, RETVAL } from '../state.js';
import { interfaceOf } from './interface.js';

/** Details that a `_get` gives before it asks to go on: VPP stops after a millisecond. */
const AT_A_TIME = 64;

/** src/plugins/lldp/lldp_api.c */
export const lldp: Feature = {
  module: 'lldp',
  handlers: {
    sw_interface_set_lldp: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      if (request.flag('enable')) state.lldp.add(found.swIfIndex);
      else state.lldp.delete(found.swIfIndex);
      request.reply();
    },
    // REPLY_AND_DETAILS_MACRO
    lldp_dump: (request, state) => {
      const entries = [...state.lldp];
      const first = request.num('cursor');
      const end = Math.min(entries.length, first + AT_A_TIME);
      if (entries.length === 0) {
        request.reply();
        return;
      }
      for (const index of entries.slice(first, end)) request.details({ sw_if_index: index });
      if (end < entries.length) request.retval(RETVAL.EAGAIN, { cursor: end });
      else request.retval(first >= end ? RETVAL.INVALID_VALUE : 0, { cursor: NONE });
    },
  },
};
