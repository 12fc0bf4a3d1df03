import type { Feature, Teller } from '../feature.js';
import { NONE, RETVAL, type VppState } from '../state.js';
import { addressAt, asAddress } from './address.js';
import { domainOf, FEATURE } from './bridge-domain.js';
import { wish } from './interface.js';

/** What comes in at an interface, and who sent it; addresses in hexadecimal digits. */
export interface ArpPacket {
  readonly swIfIndex: number;
  readonly ip: string;
  readonly mac: string;
}

const DAMPED_MS = 10_000;

/**
 * An ARP packet that comes in, request or reply: src/vnet/l2/l2_arp_term.c, and l2_arp_term_process of l2_api.c, which
 * tells the same twice only after ten seconds, unless it tells of another between.
 * @param now milliseconds
 */
export function arpCameIn(packet: ArpPacket, now: number, state: VppState, teller: Teller): void {
  const { swIfIndex, ip, mac } = packet;
  const domain = [...state.bridgeDomains.byId.values()].find(
    ({ members }) => members.get(swIfIndex)?.shg === 0,
  );
  if (domain === undefined || (domain.features & FEATURE.arpTerm) === 0) return;
  const clients = state.wishes.get('want_l2_arp_term_events') ?? new Set();
  if (clients.size === 0) return;
  const what = `${swIfIndex} ${ip} ${mac}`;
  const { lastArp } = state;
  if (lastArp?.what === what && now - lastArp.at < DAMPED_MS) return;
  state.lastArp = { what, at: now };
  for (const client of clients) {
    const values = { pid: 0, ip: asAddress(ip), sw_if_index: swIfIndex, mac };
    teller.tell('l2_arp_term_event', values, client);
  }
}

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
