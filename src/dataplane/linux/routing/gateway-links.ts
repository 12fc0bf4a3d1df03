/** Whose the two ends of a gateway interface are. */
import { NfvError } from '../../../errors.js';
import { gatewayKey, type GatewayInterfaceItem } from '../../../model/routing-items.js';
import { bare } from '../../../model/interface-addresses.js';
import { addressesAt } from './gateway-addresses.js';
import { ownership, type Link } from '../links.js';
import { alias, parseAlias } from '../names.js';

type State = 'none' | 'ours' | 'half' | 'other' | 'foreign';

/** Whose a link with the name of the host's end is; `other`: another router's gateway. */
export function stateOf(vrf: number, vni: number, near: Link | undefined): State {
  if (near === undefined) return 'none';
  const found = ownership(near);
  if (found.owner !== 'ours') return found.owner;
  if (found.key === gatewayKey(vrf, vni)) return 'ours';
  return found.key.startsWith('gw/') ? 'other' : 'foreign';
}

/** What has the gateway's name in the router and was not made by us; one without mark is half made. */
export function strangerIn(vrf: number, vni: number, far: Link | undefined): Link | undefined {
  if (far === undefined || parseAlias(far.alias)?.key === gatewayKey(vrf, vni)) return undefined;
  return far.alias === '' && far.kind === 'veth' ? undefined : far;
}

export function inTheWay(name: string): NfvError {
  return new NfvError('FOREIGN_OBJECT', `there is an interface ${name}, not ours`, {
    metadata: { object: name },
  });
}

/** The addresses that guests ask for: the link-local one too. */
export function answersFor({ addresses, mac }: GatewayInterfaceItem): string[] {
  return addressesAt(addresses, mac).map(bare);
}

export const gatewayAlias = ({ vrf, vni }: GatewayInterfaceItem): string =>
  alias(gatewayKey(vrf, vni));
