import type { Feature } from '../feature.js';
import { NONE, RETVAL } from '../state.js';
import { addressAt, asAddress } from './address.js';
import { domainOf } from './bridge-domain.js';
import { wish } from './interface.js';

/** The ARP-termination table of a bridge domain: src/vnet/l2/l2_api.c, l2_bd.c */
export const bdIpMac: Feature = {
  module: 'l2',
  handlers: {
    bd_ip_mac_add_del: (request, state) => {
      const domain = domainOf(request, state, 'entry.bd_id');
      if (domain === undefined) return;
      const ip = addressAt(request, 'entry.ip');
      const mac = request.text('entry.mac');
      if (request.flag('is_add')) {
        domain.arp.set(ip, mac);
        request.reply();
      } else if (domain.arp.get(ip) === mac) {
        domain.arp.delete(ip);
        request.reply();
      } else request.retval(RETVAL.UNSPECIFIED);
    },
    bd_ip_mac_dump: (request, { bridgeDomains }) => {
      const wanted = request.num('bd_id');
      for (const { id, arp } of bridgeDomains.byId.values()) {
        if (wanted !== NONE && wanted !== id) continue;
        for (const [ip, mac] of arp)
          request.details({ entry: { bd_id: id, ip: asAddress(ip), mac } });
      }
    },
    bd_ip_mac_flush: (request, state) => {
      const domain = domainOf(request, state);
      if (domain === undefined) return;
      domain.arp.clear();
      request.reply();
    },
    want_l2_arp_term_events: (request, state) => {
      wish(request, state, request.flag('enable'));
    },
  },
};
