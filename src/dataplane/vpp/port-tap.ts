/**
 * A port in a network namespace: a tap of VPP, whose kernel end is the guest's interface
 * (plugins/tap). VPP keeps what it was made with; nothing of the kernel's end can be changed later.
 */
import { NfvError } from '../../errors.js';
import type { VethPort } from '../../model/endpoint.js';
import { portKey, type PortItem } from '../../model/item.js';
import type { Context } from './context.js';
import { place, undoing } from './members.js';
import type { PortKind } from './port-kind.js';
import { tagOf } from './tag.js';
import type { Tap } from './view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from './vpp.js';

/** VPP copies names of interfaces and namespaces into 64 bytes with a 0 at the end. */
const MAX_NAME = 63;

export const vethPort: PortKind<VethPort> = {
  claims: ({ interface: name, netns }) => [`interface ${name} in ${netns}`],

  observe(found, wanted, view) {
    const tap = view.taps.get(found.index);
    if (tap === undefined) return undefined;
    const { host_namespace: netns, host_if_name: name } = tap;
    const hostInterface = wanted?.hostInterface ?? '';
    return {
      spec: { kind: 'veth', netns, interface: name, hostInterface },
      guest: { mac: tap.host_mac_addr, addresses: addressesOf(tap), mtu: tap.host_mtu_size },
    };
  },

  create: createTap,

  async remove(index, _from, { vpp }) {
    const removal = vpp.request('tap_delete_v2', { sw_if_index: index });
    await unless(removal, RETVAL.INVALID_SW_IF_INDEX);
  },
};

/** @throws NfvError ITEM_UNSUPPORTED for what no tap can be; VPP_REFUSED */
async function createTap(item: PortItem, port: VethPort, context: Context): Promise<void> {
  const index = await makeTap(item, port, context.vpp);
  const { vni, adminUp: up } = item;
  const work = place(index, { tag: tagOf(portKey(item.endpoint)), vni, group: 0, up }, context);
  await undoing(work, (vpp) => vpp.request('tap_delete_v2', { sw_if_index: index }), context);
}

async function makeTap(item: PortItem, port: VethPort, vpp: Vpp): Promise<number> {
  const fields = tapOf(item, port);
  const { sw_if_index: index } = vpp.has('tap_create_v3')
    ? await vpp.request('tap_create_v3', { ...fields, num_tx_queues: 1 })
    : await vpp.request('tap_create_v2', fields);
  return index;
}

function tapOf(item: PortItem, port: VethPort) {
  const ip4 = addressOf(item, false);
  const ip6 = addressOf(item, true);
  return {
    id: NO_INTERFACE,
    use_random_mac: true,
    mac_address: '00:00:00:00:00:00',
    num_rx_queues: 1,
    host_mtu_set: true,
    host_mtu_size: item.mtu,
    host_mac_addr_set: true,
    host_mac_addr: item.mac,
    host_ip4_prefix_set: ip4 !== undefined,
    host_ip4_prefix: ip4 ?? '0.0.0.0/0',
    host_ip6_prefix_set: ip6 !== undefined,
    host_ip6_prefix: ip6 ?? '::/0',
    host_ip4_gw_set: false,
    host_ip4_gw: '0.0.0.0',
    host_ip6_gw_set: false,
    host_ip6_gw: '::',
    tap_flags: [],
    host_namespace_set: true,
    host_namespace: fitting(port.netns, 'namespace'),
    host_if_name_set: true,
    host_if_name: port.interface,
    host_bridge_set: false,
    host_bridge: '',
    // From the first moment on: a tap that nobody named is nobody's.
    tag: tagOf(portKey(item.endpoint)),
  };
}

/** @throws NfvError ITEM_UNSUPPORTED: VPP gives one address of each family */
function addressOf({ addresses }: PortItem, isIp6: boolean): string | undefined {
  const [first, ...others] = addresses.filter((address) => address.includes(':') === isIp6);
  if (others.length === 0) return first;
  const family = isIp6 ? 'IPv6' : 'IPv4';
  throw new NfvError(
    'ITEM_UNSUPPORTED',
    `VPP gives a tap one ${family} address, not ${others.length + 1}`,
  );
}

function fitting(name: string, what: string): string {
  if (name.length <= MAX_NAME) return name;
  throw new NfvError('ITEM_UNSUPPORTED', `VPP would cut the name of the ${what} "${name}"`);
}

/** The addresses that VPP gave the kernel's end. */
function addressesOf({ host_ip4_prefix: ip4, host_ip6_prefix: ip6 }: Tap): string[] {
  return [ip4, ip6].filter((prefix) => !prefix.endsWith('/0'));
}
