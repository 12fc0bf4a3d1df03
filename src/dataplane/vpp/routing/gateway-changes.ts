/** Making, mending and removing a gateway interface. */
import { endLoopback, makeLoopback } from '../loopback.js';
import { NfvError } from '../../../errors.js';
import { gatewayKey, type GatewayInterfaceItem } from '../../../model/routing-items.js';
import { retvalOf } from '../../../vpp-api/client/refused.js';
import type { Context } from '../context.js';
import { settleLearners } from '../learners.js';
import { setNeighbor } from './gateway-neighbor.js';
import { readBinding, staticNeighbors } from './read-routing.js';
import { tagOf } from '../tag.js';
import { bare } from '../../../model/interface-addresses.js';
import { undoing } from '../undoing.js';
import { RETVAL, unless, type Vpp } from '../vpp.js';

/** @throws NfvError GATEWAY_ADDRESS_IN_USE; nothing is left of one that fails */
export async function createGateway(wanted: GatewayInterfaceItem, context: Context): Promise<void> {
  const { vpp, orphans, memory } = context;
  const tag = tagOf(gatewayKey(wanted.vrf, wanted.vni));
  const found = await orphans.takeLoopback(tag, wanted.mac, vpp);
  const index = found?.index ?? (await makeLoopback(vpp, wanted.mac));
  if (found?.tag === tag) {
    await mendGateway(index, wanted, { ...wanted, mac: found.mac }, context);
  } else {
    const work = makeGateway(index, tag, wanted, vpp);
    await undoing(work, (lasting) => removeLoopback(index, wanted, lasting), context);
  }
  memory.set(tag, index);
  await settleLearners(wanted.vni, context);
}

async function makeGateway(
  index: number,
  tag: string,
  wanted: GatewayInterfaceItem,
  vpp: Vpp,
): Promise<void> {
  const { vni, addresses, mac } = wanted;
  const named = vpp.request('sw_interface_tag_add_del', { is_add: true, sw_if_index: index, tag });
  // In VPP's order: what fails is taken back behind all of it.
  await Promise.all([named, fit(index, wanted, vpp), answer(vni, addresses, mac, true, vpp)]);
}

/** Puts it right whatever is wrong with it, with no more of a break than that needs. */
export async function mendGateway(
  index: number,
  wanted: GatewayInterfaceItem,
  from: GatewayInterfaceItem,
  context: Context,
): Promise<void> {
  const { vpp } = context;
  const { vrf, vni, mac } = wanted;
  const { tables, addresses } = await readBinding(index, vpp);
  const isMoved = tables.some((table) => table !== vrf);
  // In an interface's table are no addresses when it gets another (ip_table_bind).
  const superfluous = addresses.filter((each) => isMoved || !wanted.addresses.includes(each));
  const kept = superfluous.length === 0 ? [] : await staticNeighbors(index, vpp);
  await Promise.all([
    ...superfluous.map((each) => addDelAddress(index, each, false, vpp)),
    from.mac === mac ? undefined : changeMac(index, vni, mac, vpp),
    fit(index, wanted, vpp, isMoved ? [] : addresses),
    // They went with the address that covered them (ip_neighbor_add_del_interface_address_v4).
    ...kept.map((each) => setNeighbor(index, each.ip, each.mac, true, vpp)),
  ]);
  const gone = from.addresses.filter((each) => !wanted.addresses.includes(each));
  await answer(vni, gone, from.mac, false, vpp);
  await answer(vni, wanted.addresses, mac, true, vpp);
  await settleLearners(vni, context);
}

export async function removeGateway(from: GatewayInterfaceItem, context: Context): Promise<void> {
  const { vpp, memory, orphans } = context;
  const tag = tagOf(gatewayKey(from.vrf, from.vni));
  const index = memory.indexOf(tag);
  if (index === undefined) return;
  await removeLoopback(index, from, vpp);
  orphans.removed(tag);
  memory.forget(index);
  await settleLearners(from.vni, context);
}

/** Its addresses and its tables go with it (ip4_sw_interface_add_del). */
async function removeLoopback(
  index: number,
  { vni, addresses, mac }: GatewayInterfaceItem,
  vpp: Vpp,
): Promise<void> {
  await answer(vni, addresses, mac, false, vpp);
  await unless(bridge(index, vni, false, vpp), RETVAL.INVALID_SW_IF_INDEX, RETVAL.NO_SUCH_ENTRY);
  await endLoopback(index, vpp);
}

/** All of it but its MAC, in the order in which VPP does it. */
async function fit(
  index: number,
  { vrf, vni, mtu, addresses }: GatewayInterfaceItem,
  vpp: Vpp,
  there: readonly string[] = [],
): Promise<void> {
  const missing = addresses.filter((each) => !there.includes(each));
  const isNew = there.length === 0;
  await Promise.all([
    ...(isNew ? [false, true] : []).map((isIp6) =>
      vpp.request('sw_interface_set_table', { sw_if_index: index, is_ipv6: isIp6, vrf_id: vrf }),
    ),
    bridge(index, vni, true, vpp),
    vpp.request('sw_interface_set_mtu', { sw_if_index: index, mtu: [mtu, 0, 0, 0] }),
    ...missing.map((each) => addDelAddress(index, each, true, vpp)),
    vpp.request('sw_interface_set_flags', {
      sw_if_index: index,
      flags: ['IF_STATUS_API_FLAG_ADMIN_UP'],
    }),
  ]);
}

async function bridge(index: number, vni: number, enable: boolean, vpp: Vpp): Promise<void> {
  await vpp.request('sw_interface_set_l2_bridge', {
    rx_sw_if_index: index,
    bd_id: vni,
    port_type: 'L2_API_PORT_TYPE_BVI',
    shg: 0,
    enable,
  });
}

/** The bridge domain's entry for its MAC is made when it comes and removed when it leaves, not between. */
async function changeMac(index: number, vni: number, mac: string, vpp: Vpp): Promise<void> {
  await Promise.all([
    bridge(index, vni, false, vpp),
    vpp.request('sw_interface_set_mac_address', { sw_if_index: index, mac_address: mac }),
  ]);
}

async function addDelAddress(
  index: number,
  prefix: string,
  isAdd: boolean,
  vpp: Vpp,
): Promise<void> {
  const address = { sw_if_index: index, is_add: isAdd, del_all: false, prefix };
  const work = vpp.request('sw_interface_add_del_address', address);
  if (!isAdd) {
    await unless(work, RETVAL.ADDRESS_NOT_FOUND_FOR_INTERFACE);
    return;
  }
  try {
    await work;
  } catch (cause) {
    const retval = retvalOf(cause);
    if (retval !== RETVAL.ADDRESS_IN_USE && retval !== RETVAL.DUPLICATE_IF_ADDRESS) throw cause;
    const text = `another interface of the VRF has an address that overlaps with ${prefix}`;
    const metadata = { address: prefix };
    throw new NfvError('GATEWAY_ADDRESS_IN_USE', text, { cause, metadata });
  }
}

/** Who asks for the gateway in the network is told by this host. */
async function answer(
  vni: number,
  addresses: readonly string[],
  mac: string,
  isAdd: boolean,
  vpp: Vpp,
): Promise<void> {
  const entries = addresses.map((each) => {
    const entry = { bd_id: vni, ip: bare(each), mac };
    return vpp.request('bd_ip_mac_add_del', { is_add: isAdd, entry });
  });
  if (isAdd) await Promise.all(entries);
  // As VPP says that there is none, or no bridge domain (neighbor-entry.ts).
  else
    await Promise.all(
      entries.map((each) => unless(each, RETVAL.UNSPECIFIED, RETVAL.NO_SUCH_ENTRY)),
    );
}
