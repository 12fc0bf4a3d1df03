/**
 * A port in a network namespace: a tap of VPP, whose kernel end is the guest's interface
 * (plugins/tap). VPP keeps what it was made with; nothing of the kernel's end can be changed later.
 */
import { NfvError } from '../../../errors.js';
import type { VethPort } from '../../../model/endpoint.js';
import { portKey, type PortItem } from '../../../model/item.js';
import type { Context } from '../context.js';
import { place } from '../members.js';
import type { PortKind } from './port-kind.js';
import { tagOf } from '../tag.js';
import { createTap, MAX_TAP_NAME } from '../tap.js';
import type { Tap } from '../view.js';
import { undoing } from '../undoing.js';
import { RETVAL, unless, type Vpp } from '../vpp.js';

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

  create: createPort,

  async remove(index, _from, { vpp }) {
    const removal = vpp.request('tap_delete_v2', { sw_if_index: index });
    await unless(removal, RETVAL.INVALID_SW_IF_INDEX);
  },
};

/** @throws NfvError ITEM_UNSUPPORTED for what no tap can be; VPP_REFUSED */
async function createPort(item: PortItem, port: VethPort, context: Context): Promise<void> {
  const index = await makeTap(item, port, context.vpp);
  const { vni, adminUp: up } = item;
  const work = place(index, { tag: tagOf(portKey(item.endpoint)), vni, group: 0, up }, context);
  await undoing(work, (vpp) => vpp.request('tap_delete_v2', { sw_if_index: index }), context);
}

function makeTap(item: PortItem, port: VethPort, vpp: Vpp): Promise<number> {
  const tap = {
    tag: tagOf(portKey(item.endpoint)),
    name: port.interface,
    netns: fitting(port.netns, 'namespace'),
    mac: item.mac,
    mtu: item.mtu,
    ip4: addressOf(item, false),
    ip6: addressOf(item, true),
    bridge: '',
  };
  return createTap(tap, vpp);
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
  if (name.length <= MAX_TAP_NAME) return name;
  throw new NfvError('ITEM_UNSUPPORTED', `VPP would cut the name of the ${what} "${name}"`);
}

/** The addresses that VPP gave the kernel's end. */
function addressesOf({ host_ip4_prefix: ip4, host_ip6_prefix: ip6 }: Tap): string[] {
  return [ip4, ip6].filter((prefix) => !prefix.endsWith('/0'));
}
