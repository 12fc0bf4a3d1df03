/** What events tell of an item that is in the kernel as it should be. */
import { keyOf, type Payload } from '../../model/item.js';
import type { Event } from './events.js';
import { alias, bridgeName, gatewayName, portName, VXLAN_PART, vxlanName } from './names.js';

export type EventOf<K extends Event['kind']> = Extract<Event, { readonly kind: K }>;

/** The parts of an item that have events of their own; `loss`: a link was up and went down. */
export type Part = 'link' | 'loss' | 'vxlan' | 'bridge' | 'neighbor';

interface LinkState {
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
  readonly master: string;
  /** It may go on after this. */
  readonly alias: string;
}

/** The links of an item as they are when it is applied. */
export function linksOf(payload: Payload): LinkState[] {
  if (payload.kind === 'bridge_domain') {
    const { vni, mtu, vtep } = payload;
    const key = keyOf(payload);
    const both = { up: true, mtu };
    const bridge = { ...both, name: bridgeName(vni), master: '', alias: alias(key) };
    if (vtep === '') return [bridge];
    return [
      bridge,
      { ...both, name: vxlanName(vni), master: bridgeName(vni), alias: alias(key, VXLAN_PART) },
    ];
  }
  if (payload.kind === 'gateway_interface') {
    const { vni, mtu } = payload;
    const name = gatewayName(vni);
    return [{ name, up: true, mtu, master: bridgeName(vni), alias: alias(keyOf(payload)) }];
  }
  if (payload.kind !== 'port') return [];
  const { vni, mtu, adminUp: up } = payload;
  const name = portName(payload);
  return [{ name, up, mtu, master: bridgeName(vni), alias: `${alias(keyOf(payload))}@` }];
}

/** The event tells nothing but what is wanted of the link; `payload` undefined: to be gone. */
export function isLinkAsWanted(event: EventOf<'link'>, payload: Payload | undefined): boolean {
  const wanted = payload && linksOf(payload).find(({ name }) => name === event.name);
  if (wanted === undefined) return event.gone;
  const { up, mtu, master } = wanted;
  const same = event.up === up && event.mtu === mtu && event.master === master;
  return !event.gone && same && event.alias.startsWith(wanted.alias);
}

/** `payload` has the entry that the event is about. `endpointAt`: whose port a link is. */
export function hasEntry(
  payload: Payload,
  event: EventOf<'entry'>,
  part: Part,
  endpointAt: (link: string) => string | undefined,
): boolean {
  switch (payload.kind) {
    case 'flood_member':
      return true;
    case 'neighbor_entry':
      return event.mac === '' || payload.mac === event.mac;
    case 'gateway_interface':
      return payload.mac === event.mac;
    case 'mac_entry': {
      const { via } = payload;
      if (part === 'vxlan') return via.kind === 'remote' && via.vtep === event.dst;
      if (via.kind === 'remote') return event.device === vxlanName(payload.vni);
      return endpointAt(event.device) === via.endpoint;
    }
    default:
      return false;
  }
}
