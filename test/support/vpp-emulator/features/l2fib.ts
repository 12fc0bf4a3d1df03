import type { Feature } from '../feature.js';
import { NONE, RETVAL } from '../state.js';
import { domainOf } from './bridge-domain.js';
import { interfaceOf } from './interface.js';

/** src/vnet/l2/l2_api.c, l2_fib.c */
export const l2fib: Feature = {
  module: 'l2',
  handlers: {
    l2fib_add_del: (request, state) => {
      const { macs, byId } = state.bridgeDomains;
      const domain = byId.get(request.num('bd_id'));
      if (domain === undefined) {
        request.retval(RETVAL.NO_SUCH_ENTRY);
        return;
      }
      const mac = request.text('mac');
      const key = `${domain.index}/${mac}`;
      const swIfIndex = request.num('sw_if_index');
      if (!request.flag('is_add')) {
        const known = macs.get(key);
        const isIt = known !== undefined && (swIfIndex === 0 || swIfIndex === known.swIfIndex);
        if (isIt) macs.delete(key);
        request.retval(isIt ? 0 : RETVAL.NO_SUCH_ENTRY);
        return;
      }
      const bdIndex = domain.index;
      if (request.flag('filter_mac')) {
        const flags = { isStatic: true, filter: true, bvi: false };
        macs.set(key, { bdIndex, mac, swIfIndex: NONE, ...flags });
        request.reply();
        return;
      }
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      if (!state.bridgeDomains.isMember(swIfIndex)) {
        request.retval(RETVAL.INVALID_SW_IF_INDEX);
        return;
      }
      const isStatic = request.flag('static_mac');
      macs.set(key, {
        bdIndex,
        mac,
        swIfIndex,
        isStatic,
        filter: false,
        bvi: request.flag('bvi_mac'),
      });
      request.reply();
    },
    l2_fib_table_dump: (request, { bridgeDomains }) => {
      const wanted = request.num('bd_id');
      for (const each of bridgeDomains.macs.values()) {
        const id = bridgeDomains.at(each.bdIndex)?.id ?? NONE;
        if (wanted !== NONE && wanted !== id) continue;
        request.details({
          bd_id: id,
          mac: each.mac,
          sw_if_index: each.swIfIndex,
          static_mac: each.isStatic,
          filter_mac: each.filter,
          bvi_mac: each.bvi,
        });
      }
    },
    l2fib_flush_bd: (request, state) => {
      const domain = domainOf(request, state);
      if (domain === undefined) return;
      const { macs } = state.bridgeDomains;
      for (const [key, { bdIndex, isStatic }] of macs) {
        if (bdIndex === domain.index && !isStatic) macs.delete(key);
      }
      request.reply();
    },
    l2fib_flush_int: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      const { macs } = state.bridgeDomains;
      for (const [key, { swIfIndex, isStatic }] of macs) {
        if (swIfIndex === found.swIfIndex && !isStatic) macs.delete(key);
      }
      request.reply();
    },
  },
};
