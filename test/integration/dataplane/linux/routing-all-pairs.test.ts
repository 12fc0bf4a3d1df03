/** From each routing to each other, by the engine's plans. */
import assert from 'node:assert/strict';
import { KINDS } from '../../../../src/dataplane/linux/kinds.js';
import type { Payload } from '../../../../src/model/item.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { macAt, neighbor, tunnelTo } from '../../../support/linux-items.js';
import {
  VTEP,
  REMOTE,
  MAC,
  RED,
  BLUE,
  ID,
  blueGateway,
  redGateway,
  base,
  whole,
} from '../../../support/linux-routing-samples.js';
import { assertSeenAlone, changedKeys, type Looking } from '../../../support/seen-alone.js';
import { needNetns } from '../../../support/netns.js';
import {
  dropRoute,
  gateway,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
} from '../../../support/routing-items.js';

describe('kernel dataplane: from each routing to each other', function () {
  this.timeout(240_000);
  let host: LinuxHost;

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
  });

  after(() => host.close());

  const remote = [
    tunnelTo(RED, REMOTE, VTEP),
    macAt(RED, MAC, REMOTE),
    neighbor(RED, '10.1.1.9', MAC),
  ];
  const swapped = [gateway(ID, RED, ['10.1.2.1/24']), gateway(ID, BLUE, ['10.1.1.1/24'])];
  const TRANSIT = ['192.0.0.8/32', 'fd8c:51d7:3e60::8/128'];
  const CONFIGURATIONS: readonly (readonly [title: string, items: readonly Payload[]])[] = [
    ['nothing', []],
    ['networks alone', [...base, ...remote]],
    ['a router without networks', [vrf(ID), dropRoute(ID, '10.9.0.0/16')]],
    ['a router', [...whole, ...remote]],
    ['its subnets swapped between networks', [...base, vrf(ID), ...swapped]],
    [
      'its networks in another router, with the same routes',
      [
        ...base,
        vrf(43),
        gateway(43, RED, ['10.1.1.1/24', 'fd00:1::1/64'], { mac: '02:00:00:00:fe:07' }),
        gateway(43, BLUE, ['10.1.2.1/24'], { mtu: 1300 }),
        gatewayNeighbor(43, RED, '10.1.1.9', MAC),
        routeTo(43, '10.9.0.0/16', hop('10.1.1.9', RED, 2), hop('10.1.2.9', BLUE)),
        routeTo(43, 'fd09::/48', hop('fd00:1::9', RED), hop('fd00:1::8', RED, 5)),
      ],
    ],
    [
      'a router that sends to its exits',
      [
        ...base,
        vrf(ID),
        redGateway(),
        gateway(ID, BLUE, TRANSIT),
        gatewayNeighbor(ID, BLUE, '198.51.100.12', MAC),
        gatewayNeighbor(ID, BLUE, '2001:db8::12', MAC),
        routeTo(ID, '0.0.0.0/0', hop('198.51.100.12', BLUE), hop('198.51.100.13', BLUE)),
        routeTo(ID, '::/0', hop('2001:db8::12', BLUE), hop('2001:db8::13', BLUE)),
      ],
    ],
    [
      'a router that leads out, its transit another network',
      [
        ...base,
        vrf(ID),
        gateway(ID, RED, TRANSIT, { mac: '02:00:00:00:fe:08' }),
        gateway(ID, BLUE, ['198.51.100.11/24', '2001:db8::11/64'], { mac: '02:00:00:00:fe:08' }),
        gatewayNeighbor(ID, RED, '198.51.100.12', MAC),
        routeTo(ID, '0.0.0.0/0', hop('198.51.100.101', BLUE)),
        routeTo(ID, '::/0', hop('2001:db8::1', BLUE)),
      ],
    ],
    [
      'two routers that lead to each other',
      [
        ...base,
        vrf(ID),
        vrf(43),
        redGateway(),
        gateway(43, BLUE, ['10.1.2.1/24', 'fd00:2::1/64']),
        routeToVrf(ID, '10.9.0.0/16', 43),
        routeToVrf(ID, 'fd09::/48', 43),
        routeToVrf(43, '0.0.0.0/0', ID),
        routeTo(43, '::/0', hop('fd00:2::9', BLUE)),
      ],
    ],
    [
      'what was a next hop is dropped, and what was dropped has next hops',
      [
        ...base,
        vrf(ID),
        redGateway(),
        dropRoute(ID, '10.9.0.0/16'),
        dropRoute(ID, 'fd09::/48'),
        routeTo(ID, '0.0.0.0/0', hop('10.1.1.8', RED), hop('10.1.1.7', RED)),
        routeTo(ID, '::/0', hop('fd00:1::8', RED), hop('fd00:1::7', RED, 9)),
      ],
    ],
    [
      'the next hops are the gateway that is gone, and beside it, and found by the other network',
      [
        ...base,
        vrf(ID),
        blueGateway,
        routeTo(ID, '10.9.0.0/16', hop('10.1.1.1', BLUE)),
        routeTo(ID, 'fd09::/48', hop('fd00:1::1', BLUE)),
        routeTo(ID, '0.0.0.0/0', hop('10.1.1.8', BLUE), hop('10.1.1.7', BLUE)),
        routeTo(ID, '::/0', hop('fd00:1::8', BLUE), hop('fd00:1::7', BLUE, 9)),
      ],
    ],
  ];

  for (const [from, before] of CONFIGURATIONS) {
    it(`from ${from}`, async () => {
      for (const [to, after] of CONFIGURATIONS) {
        if (from === to) continue;
        await host.reconcile(before);
        const looking: Looking = { observe: (...what) => host.observe(...what), traits: KINDS };
        await assertSeenAlone(looking, after, changedKeys(before, after));
        await host.reconcile(after).catch((error: unknown) => {
          throw new Error(`to ${to}`, { cause: error });
        });
      }
      await host.reconcile([]);
      assert.deepEqual(await host.routers(), []);
    });
  }
});
