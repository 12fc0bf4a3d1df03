import type { Feature } from '../feature.js';
import { NONE, RETVAL } from '../state.js';
import { addressAt, asAddress } from './address.js';

/** Details that a `_get` gives before it asks to go on: VPP stops after some microseconds. */
const AT_A_TIME = 64;

/** What `ip_path_mtu_update` set, in the order of VPP's pool. */
export class PathMtus {
  readonly entries: { readonly table: number; readonly nh: string; readonly mtu: number }[] = [];
}

/** src/vnet/ip/ip_api.c, src/vnet/ip/ip_path_mtu.c */
export const pathMtus: Feature = {
  module: 'ip',
  handlers: {
    ip_path_mtu_update: (request, { pathMtus: { entries } }) => {
      const table = request.num('pmtu.table_id');
      const nh = addressAt(request, 'pmtu.nh');
      const mtu = request.num('pmtu.path_mtu');
      const known = entries.findIndex((each) => each.table === table && each.nh === nh);
      if (mtu === 0 && known >= 0) entries.splice(known, 1);
      else if (mtu > 0 && known >= 0) entries[known] = { table, nh, mtu };
      else if (mtu > 0) entries.push({ table, nh, mtu });
      request.reply();
    },
    // REPLY_AND_DETAILS_MACRO
    ip_path_mtu_get: (request, { pathMtus: { entries } }) => {
      const first = request.num('cursor');
      const end = Math.min(entries.length, first + AT_A_TIME);
      if (entries.length === 0) {
        request.reply();
        return;
      }
      for (const { table, nh, mtu } of entries.slice(first, end)) {
        request.details({ pmtu: { table_id: table, nh: asAddress(nh), path_mtu: mtu } });
      }
      if (end < entries.length) request.retval(RETVAL.EAGAIN, { cursor: end });
      else request.retval(first >= end ? RETVAL.INVALID_VALUE : 0, { cursor: NONE });
    },
  },
};
