/** An uplink to the host's own network: a tap, whose other end is the kernel's (plugins/tap). */
import { TAP_BUFFERS } from '../packet-buffers.js';
import { createTap } from '../tap.js';
import type { UplinkTap } from './uplink.js';
import { tagged, type UplinkPart } from './uplink-part.js';

/** @param mtu bytes, of both ends */
export function tapUplink(spec: UplinkTap, mtu: number): UplinkPart {
  const { hostInterface, netns, mac, bridge } = spec;
  const ofFamily = (isIp6: boolean): string | undefined =>
    spec.addresses.find((address) => address.includes(':') === isIp6);
  const [ip4, ip6] = [ofFamily(false), ofFamily(true)];
  const part: UplinkPart = {
    // VPP numbers taps as they come.
    name: `tap-${hostInterface}`,
    intake: { buffers: TAP_BUFFERS },
    find: (view) => tagged(part.name, view),

    differences({ index }, { taps }) {
      const found = taps.get(index);
      if (found === undefined) return ['it is no tap'];
      const pairs: readonly (readonly [string, unknown, unknown])[] = [
        ['interface', found.host_if_name, hostInterface],
        ['namespace', found.host_namespace, netns],
        ['MAC', mac === '' ? '' : found.host_mac_addr, mac],
        ['MTU', found.host_mtu_size, mtu],
        ['IPv4 address', found.host_ip4_prefix, ip4 ?? '0.0.0.0/0'],
        ['IPv6 address', found.host_ip6_prefix, ip6 ?? '::/0'],
        ['bridge', found.host_bridge, bridge],
      ];
      return pairs
        .filter(([, has, wanted]) => has !== wanted)
        .map(([what]) => `the ${what} of its other end`);
    },

    create: (tag, _on, { vpp }) =>
      createTap({ tag, name: hostInterface, netns, mac, mtu, ip4, ip6, bridge }, vpp),
  };
  return part;
}
