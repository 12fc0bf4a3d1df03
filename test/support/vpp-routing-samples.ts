/** A router with two networks, as an NVA would have it, for the contract of VPP's dataplane. */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import { domain, vtepItem } from './linux-items.js';
import { dropRoute, gateway, gatewayNeighbor, hop, routeTo, vrf } from './routing-items.js';
import type { VppDataplaneRig } from './vpp-dataplane-rig.js';
import type { SeenGateway } from './vpp-eye-routing.js';
import type { Eye } from './vpp-eye.js';

export interface RoutingWorld {
  readonly rig: VppDataplaneRig;
  readonly eye: Eye;
  /** As an operator. @returns its index */
  readonly addLoopback: (instance: number) => Promise<number>;
}

export const L = '10.9.0.1';
export const R = '10.9.0.2';
export const MAC_1 = '02:00:00:00:00:01';
export const MAC_2 = '02:00:00:00:00:02';
export const RED = ['192.168.1.1/24', 'fd00:1::1/64'] as const;
export const BLUE = ['192.168.2.1/24', 'fd00:2::1/64'] as const;

export const UNDER: readonly Payload[] = [vtepItem(L), domain(10, L), domain(11, L)];
export const ROUTER: readonly Payload[] = [
  ...UNDER,
  vrf(7),
  gateway(7, 10, RED),
  gateway(7, 11, BLUE),
  gatewayNeighbor(7, 10, '192.168.1.5', MAC_1),
  gatewayNeighbor(7, 10, 'fd00:1::5', MAC_1),
  gatewayNeighbor(7, 11, '192.168.2.5', MAC_2),
];
export const ROUTES: readonly Payload[] = [
  dropRoute(7, '10.2.0.0/16'),
  dropRoute(7, 'fd02::/32'),
  routeTo(7, '10.3.0.0/16', hop('192.168.1.5', 10, 3), hop('192.168.2.5', 11)),
  routeTo(7, 'fd03::/32', hop('fd00:1::5', 10)),
  routeTo(7, '10.4.0.0/16', hop('192.168.1.5')),
  routeTo(7, '0.0.0.0/0', hop('192.168.2.5', 11)),
];

export async function gatewayOf(vni: number, { eye }: RoutingWorld): Promise<SeenGateway> {
  return (await eye.routing.gateway(vni)) ?? assert.fail(`no gateway of ${vni}`);
}

/** VPP's interface that is the gateway. */
export async function gatewayIndex(vni: number, { rig }: RoutingWorld): Promise<number> {
  const asked = { bd_id: vni, sw_if_index: 0xffff_ffff };
  const [found] = await rig.client.dump('bridge_domain_dump', asked);
  return found?.bvi_sw_if_index ?? assert.fail(`no bridge domain ${vni}`);
}

/** As somebody else. */
export async function setAddress(
  { rig }: RoutingWorld,
  sw_if_index: number,
  prefix: string,
  is_add: boolean,
): Promise<void> {
  const fields = { sw_if_index, is_add, del_all: false, prefix };
  await rig.client.request('sw_interface_add_del_address', fields);
}

/** As somebody else, of IPv4 if nothing is said. */
export async function setTable(
  { rig }: RoutingWorld,
  sw_if_index: number,
  vrf_id: number,
  is_ipv6 = false,
): Promise<void> {
  await rig.client.request('sw_interface_set_table', { sw_if_index, is_ipv6, vrf_id });
}
