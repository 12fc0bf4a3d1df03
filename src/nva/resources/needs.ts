/** What an NVE must be able to do for a network, for the error if it is not. */
import type { ItemKind } from '../../model/item.js';
import type { Capabilities } from '../../model/nve.js';
import type { Provider, VirtualNetworkSpec } from '../../model/virtual-network.js';

/** Of the items that routing takes; an NVE that cannot do all of them cannot route. */
const ROUTING_KINDS = [
  'vrf',
  'gateway_interface',
  'gateway_neighbor',
  'route',
] as const satisfies ItemKind[];

export type Need = readonly [what: string, value: string, has: readonly string[]];

export function tunnelNeeds(network: VirtualNetworkSpec, has: Capabilities): Need[] {
  return [
    ['encapsulation', network.encapsulation.toLowerCase(), has.encapsulations],
    ['BUM mode', network.bumMode.toLowerCase(), has.bumModes],
  ];
}

export function providerNeeds(
  { uplink, vlan }: Provider,
  { itemKinds, providers = [] }: Capabilities,
): Need[] {
  const kind = 'provider_port' satisfies ItemKind;
  const withVlans = providers.filter(({ vlans }) => vlans);
  return [
    ['item kind', kind, itemKinds],
    ['provider uplink', uplink, providers.map(({ name }) => name)],
    ...(vlan === 0
      ? []
      : [['VLANs on uplink', uplink, withVlans.map(({ name }) => name)] as const]),
  ];
}

/** Of one with a router. */
export function routingNeeds({ itemKinds }: Capabilities): Need[] {
  return ROUTING_KINDS.map((kind) => ['item kind', kind, itemKinds]);
}
