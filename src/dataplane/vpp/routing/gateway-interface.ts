/**
 * GatewayInterface: a loopback in the VRF's tables that is the bridge domain's BVI, so that VPP routes
 * what its MAC is sent to (vnet/l2/l2_input.c, MODE_L2_BRIDGE; vnet/ethernet/interface.c). Its
 * addresses are in the ARP-termination table too: what guests ask for it is answered on this host.
 */
import { NfvError } from '../../../errors.js';
import { gatewayKey, type GatewayInterfaceItem } from '../../../model/routing-items.js';
import { gatewayDifferences, gatewaySubnets } from '../../../reconcile/gateway-item.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import { interfaceOf } from '../context.js';
import { createGateway, mendGateway, removeGateway } from './gateway-changes.js';
import type { VppKind } from '../kind.js';
import type { Binding } from './routing-view.js';
import { parseTag, tagOf } from '../tag.js';
import { bare } from '../../../model/interface-addresses.js';
import type { Interface, View } from '../view.js';
import { NO_INTERFACE } from '../vpp.js';

export const gatewayInterface: VppKind<GatewayInterfaceItem> = {
  rank: 2,
  differences: gatewayDifferences,
  mustRecreate: () => false,
  claims: (item) => [`gateway of VNI ${item.vni}`, ...gatewaySubnets(item)],

  reads([vrf, vni], wanted, wants) {
    const { addresses = [], mac = '' } = wanted ?? {};
    for (const each of addresses) wants.answers.add(`${vni ?? ''} ${bare(each)} ${mac}`);
    wants.member(Number(vni));
    wants.neighbors.add(Number(vni));
    wants.routing.gateways.add(tagOf(gatewayKey(Number(vrf), Number(vni))));
  },

  observe([first, second], wanted, view): Sight<GatewayInterfaceItem> {
    const [vrf, vni] = [Number(first), Number(second)];
    const found = view.tagged(tagOf(gatewayKey(vrf, vni)));
    if (found === undefined) return wanted && obstacle(vni, view);
    const binding = view.routing.bindings.get(found.index);
    if (binding === undefined) return undefined;
    const { mac, mtu } = found;
    const { addresses } = binding;
    return {
      payload: { kind: 'gateway_interface', vrf, vni, mac, addresses, mtu },
      defects: [...defectsOf(found, binding, vrf, vni, view)],
    };
  },

  *list(view) {
    for (const text of view.tags()) {
      const tag = parseTag(text);
      if (tag?.part === '' && tag.key.startsWith('gw/')) yield tag.key;
    }
  },

  create: createGateway,
  update: (wanted, from, context) => {
    const index = interfaceOf(gatewayKey(wanted.vrf, wanted.vni), context);
    return mendGateway(index, wanted, from, context);
  },
  remove: removeGateway,
};

function* defectsOf(
  { index, up }: Interface,
  { tables, addresses }: Binding,
  vrf: number,
  vni: number,
  view: View,
): Iterable<string> {
  if (!up) yield 'down';
  const [ip4, ip6] = tables;
  if (ip4 !== vrf) yield `in IPv4 table ${ip4}`;
  if (ip6 !== vrf) yield `in IPv6 table ${ip6}`;
  if (view.domains.get(vni)?.bvi !== index) yield `not the BVI of bridge domain ${vni}`;
  const known = view.neighbors(vni);
  for (const each of addresses) {
    // With another MAC it is a neighbour entry that somebody wanted.
    if (!known.has(bare(each))) yield `no answer to ARP for ${bare(each)}`;
  }
}

function obstacle(vni: number, view: View): NfvError | undefined {
  const bvi = view.domains.get(vni)?.bvi ?? NO_INTERFACE;
  const found = view.interfaces.get(bvi);
  if (found === undefined || parseTag(found.tag)?.key.startsWith('gw/') === true) return undefined;
  return new NfvError('FOREIGN_OBJECT', `bridge domain ${vni} has a BVI, ${found.name}`, {
    metadata: { interface: found.name, bridgeDomain: String(vni) },
  });
}
