/** What the connected VPP can do for an NVA: what it has messages for, which its plugins bring. */
import { ITEM_KINDS, type ItemKind } from '../../model/item.js';
import type { Capabilities, ProviderUplink } from '../../model/nve.js';
import type { FeatureName } from '../../vpp-api/schema/product-messages.js';
import { carriedMtu } from './carried-mtu.js';
import { readInterfaces } from './read-interfaces.js';
import type { Vpp } from './vpp.js';

const BASE: readonly FeatureName[] = ['interfaces', 'bridge_domains', 'vxlan', 'ip'];

/** What a kind needs beyond that. */
const NEEDED: ReadonlyMap<ItemKind, FeatureName> = new Map([
  ['xconnect', 'cross_connects'],
  ['vrf', 'routing'],
  ['gateway_interface', 'routing'],
  ['gateway_neighbor', 'routing'],
  ['route', 'routing'],
]);

export function capabilitiesOf(vpp: Vpp, version: string, canTap: boolean): Capabilities {
  const able = BASE.every((feature) => vpp.can(feature));
  // A port in a namespace, which a veth pair is on a kernel, is a tap here.
  const taps = canTap && vpp.can('tap') ? ['veth'] : [];
  const taken = vpp.can('af_packet') ? ['host_interface'] : [];
  const plugged = [
    ...(vpp.can('vhost_user') ? ['vhost_user'] : []),
    ...(vpp.can('memif') ? ['memif'] : []),
    ...(vpp.can('subinterfaces') ? ['vlan'] : []),
    'vpp_interface',
  ];
  const portKinds = able ? [...taps, ...taken, ...plugged] : [];
  const kinds = ITEM_KINDS.filter((kind) => {
    const feature = NEEDED.get(kind);
    const isAble = feature === undefined || vpp.can(feature);
    return isAble && (kind !== 'port' || portKinds.length > 0);
  });
  return {
    dataplane: 'vpp',
    dataplaneVersion: version,
    itemKinds: able ? kinds : [],
    encapsulations: able ? ['vxlan'] : [],
    portKinds,
    bumModes: able ? ['head_end', 'multicast', 'none'] : [],
  };
}

/** The interfaces to physical networks, by their names; of one that VPP is yet to make the MTU is 0. */
export async function providersOf(
  uplinks: ReadonlyMap<string, string>,
  vpp: Vpp,
): Promise<ProviderUplink[]> {
  if (uplinks.size === 0) return [];
  const interfaces = new Map((await readInterfaces(vpp)).map((each) => [each.index, each]));
  const found = new Map([...interfaces.values()].map((each) => [each.name, each]));
  const vlans = vpp.can('subinterfaces');
  return [...uplinks].map(([name, device]) => {
    const there = found.get(device);
    const mtu = there === undefined ? 0 : carriedMtu(there, interfaces);
    return { name, interface: device, mtu, vlans };
  });
}
