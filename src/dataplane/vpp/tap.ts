/** Taps of VPP (plugins/tap): VPP opens an interface of the kernel. */
import type { MessageFields } from '../../vpp-api/product-types.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';

/** VPP copies names of interfaces and namespaces into 64 bytes with a 0 at the end. */
export const MAX_TAP_NAME = 63;

type TapFields = MessageFields<'tap_create_v2'>;

/** What one is where nothing else is said: VPP gives it a number, and the kernel's end nothing. */
const PLAIN: TapFields = {
  id: NO_INTERFACE,
  use_random_mac: true,
  mac_address: '00:00:00:00:00:00',
  num_rx_queues: 1,
  host_mtu_set: false,
  host_mtu_size: 0,
  host_mac_addr_set: false,
  host_mac_addr: '00:00:00:00:00:00',
  host_ip4_prefix_set: false,
  host_ip4_prefix: '0.0.0.0/0',
  host_ip6_prefix_set: false,
  host_ip6_prefix: '::/0',
  host_ip4_gw_set: false,
  host_ip4_gw: '0.0.0.0',
  host_ip6_gw_set: false,
  host_ip6_gw: '::',
  tap_flags: [],
  host_namespace_set: false,
  host_namespace: '',
  host_if_name_set: true,
  host_if_name: '',
  host_bridge_set: false,
  host_bridge: '',
  tag: '',
};

export interface NewTap {
  /** From the first moment on: a tap that nobody named is nobody's. */
  readonly tag: string;
  /** Of the kernel's end, as below. */
  readonly name: string;
  /** Empty: VPP's own. */
  readonly netns: string;
  /** Empty: the kernel's choice. */
  readonly mac: string;
  readonly mtu: number;
  /** `address/length`; undefined: none. */
  readonly ip4: string | undefined;
  readonly ip6: string | undefined;
  /** Empty: none. */
  readonly bridge: string;
}

/** @returns the index of VPP's interface. @throws NfvError VPP_REFUSED */
export async function createTap(tap: NewTap, vpp: Vpp): Promise<number> {
  const { tag, name, netns, mac, mtu, ip4, ip6, bridge } = tap;
  const fields: TapFields = {
    ...PLAIN,
    tag,
    host_if_name: name,
    host_mtu_set: true,
    host_mtu_size: mtu,
    ...(netns === '' ? {} : { host_namespace_set: true, host_namespace: netns }),
    ...(mac === '' ? {} : { host_mac_addr_set: true, host_mac_addr: mac }),
    ...(ip4 === undefined ? {} : { host_ip4_prefix_set: true, host_ip4_prefix: ip4 }),
    ...(ip6 === undefined ? {} : { host_ip6_prefix_set: true, host_ip6_prefix: ip6 }),
    ...(bridge === '' ? {} : { host_bridge_set: true, host_bridge: bridge }),
  };
  const { sw_if_index: index } = vpp.has('tap_create_v3')
    ? await vpp.request('tap_create_v3', { ...fields, num_tx_queues: 1 })
    : await vpp.request('tap_create_v2', fields);
  return index;
}
