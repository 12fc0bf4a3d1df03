import type { Feature } from '../feature.js';
import { NONE, RETVAL } from '../state.js';
import type { Values } from '../wire.js';
import { addressAt, asAddress, isIp6 } from './address.js';
import { interfaceOf } from './interface.js';

interface Neighbor {
  readonly swIfIndex: number;
  readonly flags: number;
  readonly mac: string;
  readonly ip: string;
}

export class Neighbors {
  readonly #byKey = new Map<string, Neighbor>();

  get all(): readonly Neighbor[] {
    return [...this.#byKey.values()];
  }

  set(neighbor: Neighbor): void {
    this.#byKey.set(`${neighbor.swIfIndex}/${neighbor.ip}`, neighbor);
  }

  delete(swIfIndex: number, ip: string): boolean {
    return this.#byKey.delete(`${swIfIndex}/${ip}`);
  }

  forget(swIfIndex: number): void {
    for (const { ip, swIfIndex: its } of this.all) if (its === swIfIndex) this.delete(its, ip);
  }
}

/** src/vnet/ip-neighbor/ip_neighbor_api.c */
export const neighbors: Feature = {
  module: 'ip_neighbor',
  handlers: {
    ip_neighbor_add_del: (request, state) => {
      const found = interfaceOf(request, state, 'neighbor.sw_if_index');
      if (found === undefined) return;
      const ip = addressAt(request, 'neighbor.ip_address');
      const { swIfIndex } = found;
      if (request.flag('is_add')) {
        const mac = request.text('neighbor.mac_address');
        state.neighbors.set({ swIfIndex, ip, mac, flags: request.num('neighbor.flags') });
        request.reply({ stats_index: 0 });
        return;
      }
      const retval = state.neighbors.delete(swIfIndex, ip) ? 0 : RETVAL.NO_SUCH_ENTRY;
      request.retval(retval, { stats_index: NONE });
    },
    ip_neighbor_dump: (request, state) => {
      const wanted = request.num('sw_if_index');
      for (const each of state.neighbors.all) {
        if (wanted !== NONE && wanted !== each.swIfIndex) continue;
        if (isIp6(each.ip) === (request.num('af') === 1))
          request.details({ neighbor: asValues(each) });
      }
    },
    ip_neighbor_flush: (request, state) => {
      const wanted = request.num('sw_if_index');
      for (const { swIfIndex, ip } of state.neighbors.all) {
        const isOf = isIp6(ip) === (request.num('af') === 1);
        if (isOf && (wanted === NONE || wanted === swIfIndex))
          state.neighbors.delete(swIfIndex, ip);
      }
      request.reply();
    },
    // ip_neighbor_watch: asking twice is no fault.
    want_ip_neighbor_events_v2: (request, state) => {
      const isAny = request.num('sw_if_index') === NONE;
      if (isAny || interfaceOf(request, state) !== undefined) request.reply();
    },
  },
};

function asValues({ swIfIndex, flags, mac, ip }: Neighbor): Values {
  return { sw_if_index: swIfIndex, flags, mac_address: mac, ip_address: asAddress(ip) };
}
