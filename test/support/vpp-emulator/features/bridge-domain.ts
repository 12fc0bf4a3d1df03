import type { Feature, Handler } from '../feature.js';
import type { Request } from '../request.js';
import { NONE, RETVAL, type VppState } from '../state.js';
import type { Values } from '../wire.js';
import { interfaceOf } from './interface.js';

interface Member {
  readonly shg: number;
  /** Bits of the features that frames of it pass, where those of its domain do. */
  features: number;
}

export interface BridgeDomain {
  readonly id: number;
  /** Where VPP keeps it: what its MAC entries are under. */
  readonly index: number;
  features: number;
  macAge: number;
  tag: string;
  bvi: number;
  uuFwd: number;
  readonly members: Map<number, Member>;
  /** MAC by IP address. */
  readonly arp: Map<string, string>;
}

export interface MacEntry {
  readonly bdIndex: number;
  readonly mac: string;
  readonly swIfIndex: number;
  readonly isStatic: boolean;
  readonly filter: boolean;
  readonly bvi: boolean;
}

/** L2INPUT_FEAT_*, src/vnet/l2/feat_bitmap.h */
export const FEATURE = {
  flood: 1 << 2,
  arpUfwd: 1 << 3,
  arpTerm: 1 << 4,
  uuFlood: 1 << 5,
  forward: 1 << 7,
  learn: 1 << 9,
} as const;

/** `bd_flags` of l2.api, in the order of its bits. */
const API_FLAGS = ['learn', 'forward', 'flood', 'uuFlood', 'arpTerm', 'arpUfwd'] as const;
const MAX_ID = (1 << 24) - 1;
const PORT_BVI = 1;
const PORT_UU_FWD = 2;

/** Bridge domains with their members and MAC entries, and cross-connects: an interface has one mode. */
export class BridgeDomains {
  readonly byId = new Map<number, BridgeDomain>();
  /** By index of the domain and MAC: static ones outlive their domain, as in VPP. */
  readonly macs = new Map<string, MacEntry>();
  readonly xconnects = new Map<number, number>();

  at(index: number): BridgeDomain | undefined {
    return [...this.byId.values()].find((domain) => domain.index === index);
  }

  create(id: number): BridgeDomain {
    let index = 1;
    while (this.at(index) !== undefined) index++;
    const { learn, forward, flood, uuFlood } = FEATURE;
    const created: BridgeDomain = {
      id,
      index,
      features: learn | forward | flood | uuFlood,
      macAge: 0,
      tag: '',
      bvi: NONE,
      uuFwd: NONE,
      members: new Map(),
      arp: new Map(),
    };
    this.byId.set(id, created);
    return created;
  }

  delete(domain: BridgeDomain): void {
    this.byId.delete(domain.id);
    for (const [key, { bdIndex, isStatic }] of this.macs) {
      if (bdIndex === domain.index && !isStatic) this.macs.delete(key);
    }
  }

  /** Back to layer 3. The entry of a BVI goes under the MAC that it has now. */
  release(swIfIndex: number, mac = ''): void {
    this.xconnects.delete(swIfIndex);
    for (const domain of this.byId.values()) {
      domain.members.delete(swIfIndex);
      if (domain.bvi === swIfIndex) {
        domain.bvi = NONE;
        this.macs.delete(`${domain.index}/${mac}`);
      }
      if (domain.uuFwd === swIfIndex) domain.uuFwd = NONE;
    }
  }

  /** An interface is deleted: its peer of a cross-connect goes back too. */
  forget(swIfIndex: number, mac?: string): void {
    const peer = this.xconnects.get(swIfIndex);
    if (peer !== undefined) this.release(peer);
    this.release(swIfIndex, mac);
  }

  isMember(swIfIndex: number): boolean {
    return [...this.byId.values()].some((d) => d.members.has(swIfIndex) || d.uuFwd === swIfIndex);
  }
}

const addDel: Handler = (request, { bridgeDomains }) => {
  const asked = request.num('bd_id');
  const known = bridgeDomains.byId.get(asked);
  const answer = (retval: number, id = asked): void => {
    request.retval(retval, { bd_id: id });
  };
  if (!request.flag('is_add')) {
    if (asked === 0) answer(RETVAL.BD_NOT_MODIFIABLE);
    else if (known === undefined) answer(RETVAL.NO_SUCH_ENTRY);
    else if (known.members.size > 0) answer(RETVAL.BD_IN_USE);
    else {
      bridgeDomains.delete(known);
      answer(0);
    }
    return;
  }
  const isV2 = request.name.endsWith('_v2');
  let id = asked;
  if (isV2 && asked === NONE) for (id = 1; bridgeDomains.byId.has(id);) id++;
  if (asked === 0 || known !== undefined) answer(RETVAL.BD_ALREADY_EXISTS);
  else if (id > MAX_ID) answer(RETVAL.BD_ID_EXCEED_MAX);
  else {
    const created = bridgeDomains.create(id);
    created.features = featuresOf(request);
    created.macAge = request.num('mac_age');
    created.tag = request.text('bd_tag');
    answer(0, id);
  }
};

function featuresOf(request: Request): number {
  const fields = {
    flood: 'flood',
    uuFlood: 'uu_flood',
    forward: 'forward',
    learn: 'learn',
    arpTerm: 'arp_term',
    arpUfwd: 'arp_ufwd',
  } as const;
  return API_FLAGS.filter((name) => request.flag(fields[name])).reduce(
    (bits, name) => bits | FEATURE[name],
    0,
  );
}

/** The bridge domain that a request names; if there is none it is answered so. */
export function domainOf(
  request: Request,
  state: VppState,
  field = 'bd_id',
): BridgeDomain | undefined {
  const id = request.num(field);
  const found = state.bridgeDomains.byId.get(id);
  if (id === 0) request.retval(RETVAL.BD_NOT_MODIFIABLE);
  else if (found === undefined) request.retval(RETVAL.NO_SUCH_ENTRY);
  return found;
}

/** src/vnet/l2/l2_api.c, l2_bd.c, l2_input.c */
export const bridgeDomains: Feature = {
  module: 'l2',
  handlers: {
    bridge_domain_add_del: addDel,
    bridge_domain_add_del_v2: addDel,
    bridge_domain_dump: (request, state) => {
      const wanted = request.num('bd_id');
      if (request.num('sw_if_index') !== NONE) return;
      for (const domain of state.bridgeDomains.byId.values()) {
        if (wanted === NONE || wanted === domain.id) request.details(detailsOf(domain));
      }
    },
    bridge_domain_set_mac_age: (request, state) => {
      const domain = domainOf(request, state);
      if (domain === undefined) return;
      domain.macAge = request.num('mac_age');
      request.reply();
    },
    bridge_flags: (request, state) => {
      const domain = domainOf(request, state);
      if (domain === undefined) return;
      const flags = request.num('flags');
      const bits = API_FLAGS.reduce(
        (sum, name, i) => sum | (flags & (1 << i) ? FEATURE[name] : 0),
        0,
      );
      if (request.flag('is_set')) domain.features |= bits;
      else domain.features &= ~bits;
      request.reply({ resulting_feature_bitmap: domain.features });
    },
    sw_interface_set_l2_bridge: (request, state) => {
      const found = interfaceOf(request, state, 'rx_sw_if_index');
      if (found === undefined) return;
      const { swIfIndex } = found;
      const { bridgeDomains } = state;
      const id = request.num('bd_id');
      const portType = request.num('port_type');
      if (!request.flag('enable')) {
        bridgeDomains.release(swIfIndex, found.mac);
        request.reply();
        return;
      }
      if (id > MAX_ID) {
        request.retval(RETVAL.BD_ID_EXCEED_MAX);
        return;
      }
      bridgeDomains.release(swIfIndex, found.mac);
      const domain = bridgeDomains.byId.get(id) ?? bridgeDomains.create(id);
      if (portType === PORT_BVI && domain.bvi !== NONE) {
        request.retval(RETVAL.BD_ALREADY_HAS_BVI);
        return;
      }
      if (portType === PORT_BVI) {
        domain.bvi = swIfIndex;
        const own = { isStatic: true, filter: false, bvi: true };
        const entry = { bdIndex: domain.index, mac: found.mac, swIfIndex, ...own };
        bridgeDomains.macs.set(`${domain.index}/${found.mac}`, entry);
      }
      if (portType === PORT_UU_FWD) domain.uuFwd = swIfIndex;
      else {
        const { learn, forward, flood, uuFlood } = FEATURE;
        const features = forward | flood | uuFlood | (portType === PORT_BVI ? 0 : learn);
        domain.members.set(swIfIndex, { shg: request.num('shg'), features });
      }
      request.reply();
    },
    l2_flags: (request, state) => {
      const found = interfaceOf(request, state);
      if (found === undefined) return;
      const asked = request.num('feature_bitmap');
      const names = ['learn', 'forward', 'flood', 'uuFlood', 'arpTerm'] as const;
      const bits = names.reduce((sum, name, i) => sum | (asked & (1 << i) ? FEATURE[name] : 0), 0);
      const domains = [...state.bridgeDomains.byId.values()];
      const member = domains
        .map(({ members }) => members.get(found.swIfIndex))
        .find((each) => each !== undefined);
      // What is in no bridge domain has flags as well, which are gone when it comes into one.
      if (member !== undefined && request.flag('is_set')) member.features |= bits;
      else if (member !== undefined) member.features &= ~bits;
      request.reply({ resulting_feature_bitmap: member?.features ?? 0 });
    },
    sw_interface_set_l2_xconnect: (request, state) => {
      const rx = interfaceOf(request, state, 'rx_sw_if_index');
      if (rx === undefined) return;
      const { bridgeDomains } = state;
      if (!request.flag('enable')) {
        bridgeDomains.release(rx.swIfIndex);
        request.reply();
        return;
      }
      const tx = interfaceOf(request, state, 'tx_sw_if_index');
      if (tx === undefined) return;
      bridgeDomains.release(rx.swIfIndex);
      bridgeDomains.xconnects.set(rx.swIfIndex, tx.swIfIndex);
      request.reply();
    },
    l2_xconnect_dump: (request, { bridgeDomains }) => {
      for (const [rx, tx] of bridgeDomains.xconnects) {
        request.details({ rx_sw_if_index: rx, tx_sw_if_index: tx });
      }
    },
  },
};

function detailsOf(domain: BridgeDomain): Values {
  const has = (name: keyof typeof FEATURE): boolean => (domain.features & FEATURE[name]) !== 0;
  return {
    bd_id: domain.id,
    flood: has('flood'),
    uu_flood: has('uuFlood'),
    forward: has('forward'),
    learn: has('learn'),
    arp_term: has('arpTerm'),
    arp_ufwd: has('arpUfwd'),
    mac_age: domain.macAge,
    bd_tag: domain.tag,
    bvi_sw_if_index: domain.bvi,
    uu_fwd_sw_if_index: domain.uuFwd,
    n_sw_ifs: domain.members.size,
    sw_if_details: [...domain.members].map(([index, { shg }]) => ({ sw_if_index: index, shg })),
  };
}
