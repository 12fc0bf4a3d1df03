/** A small router with two networks on a host without others, for tests of the kernel's dataplane. */
import type { Payload } from '../../src/model/item.js';
import type { GatewayInterfaceItem } from '../../src/model/routing-items.js';
import { domain, vtepItem } from './linux-items.js';
import { dropRoute, gateway, gatewayNeighbor, hop, routeTo, vrf } from './routing-items.js';

export const VTEP = '10.1.0.1';
export const REMOTE = '10.1.0.2';
export const MAC = '02:00:00:00:00:09';
export const RED = 7101;
export const BLUE = 7102;
export const ID = 42;

export const base: readonly Payload[] = [vtepItem(VTEP), domain(RED, VTEP), domain(BLUE, VTEP)];
export const redGateway = (more: Partial<GatewayInterfaceItem> = {}): GatewayInterfaceItem =>
  gateway(ID, RED, ['10.1.1.1/24', 'fd00:1::1/64'], more);
export const blueGateway = gateway(ID, BLUE, ['10.1.2.1/24', 'fd00:2::1/64']);
export const known4 = gatewayNeighbor(ID, RED, '10.1.1.9', MAC);
export const known6 = gatewayNeighbor(ID, RED, 'fd00:1::9', MAC);
export const to4 = routeTo(ID, '10.9.0.0/16', hop('10.1.1.9', RED));
export const to6 = routeTo(ID, 'fd09::/48', hop('fd00:1::9', RED));
export const whole: readonly Payload[] = [
  ...base,
  vrf(ID),
  redGateway(),
  blueGateway,
  known4,
  known6,
  to4,
  to6,
  dropRoute(ID, '0.0.0.0/0'),
  dropRoute(ID, '::/0'),
];
