import type { Feature, Handler } from '../feature.js';
import type { Request } from '../request.js';
import {
  ADMIN_UP,
  Indices,
  LINK_UP,
  NONE,
  RETVAL,
  type Interface,
  type VppState,
} from '../state.js';
import { addressAt, asAddress, isIp6 } from './address.js';
import { tellChange } from './interface.js';

interface Tunnel {
  readonly swIfIndex: number;
  readonly index: number;
  readonly instance: number;
  readonly src: string;
  readonly dst: string;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly vni: number;
  readonly vrf: number;
  readonly mcast: number;
  readonly decapNext: number;
}

export class VxlanTunnels {
  readonly bySwIfIndex = new Map<number, Tunnel>();
  readonly indices = new Indices();
  /** By a group, what the first tunnel to it found, kept until the last goes (mcast_shared_t): an adjacency. */
  readonly groups = new Map<string, Interface>();
  /** Of interfaces by their numbers, kept for good (adj_mcast_add_or_lock, a tunnel's `next_dpo`). */
  readonly adjacencies = new Map<number, Interface>();

  join(group: string, found: Interface): void {
    const adjacency = this.adjacencies.get(found.swIfIndex) ?? found;
    this.adjacencies.set(found.swIfIndex, adjacency);
    this.groups.set(group, adjacency);
  }

  /** IPv6 tunnels are told apart without their source (vnet_vxlan_add_del_tunnel). */
  find(src: string, dst: string, port: number, vrf: number, vni: number): Tunnel | undefined {
    return [...this.bySwIfIndex.values()].find(
      (t) =>
        t.dst === dst &&
        (isIp6(dst) || isMulticast(dst) || t.src === src) &&
        t.srcPort === port &&
        t.vrf === vrf &&
        t.vni === vni,
    );
  }
}

const PORT = 4789;
/** VXLAN_INPUT_NEXT_L2_INPUT */
const L2_INPUT = 1;

const isMulticast = (address: string): boolean =>
  isIp6(address) ? address.startsWith('ff') : address.startsWith('e');

/** vxlan_add_del_tunnel_clean_input */
function inputProblem(request: Request, state: VppState): number {
  const src = addressAt(request, 'src_address');
  const dst = addressAt(request, 'dst_address');
  if (!state.routes.hasTable(isIp6(src), request.num('encap_vrf_id'))) return RETVAL.NO_SUCH_FIB;
  if (isIp6(src) !== isIp6(dst)) return RETVAL.INVALID_VALUE;
  if (src === dst) return RETVAL.SAME_SRC_DST;
  const mcast = request.num('mcast_sw_if_index');
  return isMulticast(dst) && !state.interfaces.has(mcast) ? RETVAL.INVALID_SW_IF_INDEX : 0;
}

const addDel: Handler = (request, state, teller) => {
  const problem = inputProblem(request, state);
  if (problem !== 0) {
    request.retval(problem, { sw_if_index: NONE });
    return;
  }
  const src = addressAt(request, 'src_address');
  const dst = addressAt(request, 'dst_address');
  const portOf = (field: string): number => (request.has(field) ? request.num(field) : 0) || PORT;
  const srcPort = portOf('src_port');
  const vrf = request.num('encap_vrf_id');
  const vni = request.num('vni');
  const known = state.vxlan.find(src, dst, srcPort, vrf, vni);
  if (!request.flag('is_add')) {
    if (known === undefined) {
      request.retval(RETVAL.NO_SUCH_ENTRY, { sw_if_index: NONE });
      return;
    }
    state.vxlan.bySwIfIndex.delete(known.swIfIndex);
    if (![...state.vxlan.bySwIfIndex.values()].some((t) => t.dst === dst)) {
      state.vxlan.groups.delete(dst);
    }
    state.vxlan.indices.give(known.index);
    state.remove(known.swIfIndex);
    request.reply({ sw_if_index: known.swIfIndex });
    tellChange(state, teller, known.swIfIndex, true);
    return;
  }
  const index = state.vxlan.indices.take();
  const instance = request.num('instance') === NONE ? index : request.num('instance');
  const taken = [...state.vxlan.bySwIfIndex.values()].some((t) => t.instance === instance);
  if (known !== undefined || taken) {
    state.vxlan.indices.give(index);
    const retval = known === undefined ? RETVAL.INSTANCE_IN_USE : RETVAL.TUNNEL_EXIST;
    request.retval(retval, { sw_if_index: NONE });
    return;
  }
  const { swIfIndex } = state.add({
    name: `vxlan_tunnel${instance}`,
    devType: 'VXLAN',
    mac: `02fe${swIfIndexDigits(state)}`,
    flags: ADMIN_UP | LINK_UP,
  });
  const next = request.num('decap_next_index');
  const more = {
    dstPort: portOf('dst_port'),
    mcast: request.num('mcast_sw_if_index'),
    decapNext: next === NONE ? L2_INPUT : next,
  };
  const tunnel = { swIfIndex, index, instance, src, dst, srcPort, vni, vrf, ...more };
  state.vxlan.bySwIfIndex.set(swIfIndex, tunnel);
  const joined = state.interfaces.get(tunnel.mcast);
  const isFirst = isMulticast(dst) && !state.vxlan.groups.has(dst);
  if (isFirst && joined !== undefined) state.vxlan.join(dst, joined);
  request.reply({ sw_if_index: swIfIndex });
  tellChange(state, teller, swIfIndex);
};

const dump: Handler = (request, { vxlan }) => {
  const wanted = request.num('sw_if_index');
  for (const tunnel of vxlan.bySwIfIndex.values()) {
    if (wanted !== NONE && wanted !== tunnel.swIfIndex) continue;
    request.details({
      sw_if_index: tunnel.swIfIndex,
      instance: tunnel.instance,
      src_address: asAddress(tunnel.src),
      dst_address: asAddress(tunnel.dst),
      src_port: tunnel.srcPort,
      dst_port: tunnel.dstPort,
      mcast_sw_if_index: tunnel.mcast,
      encap_vrf_id: tunnel.vrf,
      decap_next_index: tunnel.decapNext,
      vni: tunnel.vni,
    });
  }
};

/** src/plugins/vxlan/vxlan_api.c, vxlan.c */
export const vxlan: Feature = {
  module: 'vxlan',
  handlers: {
    vxlan_add_del_tunnel: addDel,
    vxlan_add_del_tunnel_v2: addDel,
    vxlan_add_del_tunnel_v3: addDel,
    vxlan_tunnel_dump: dump,
    vxlan_tunnel_v2_dump: dump,
  },
};

/** Any MAC will do, as VPP takes a random one. */
function swIfIndexDigits(state: VppState): string {
  return state.interfaces.size.toString(16).padStart(8, '0');
}
