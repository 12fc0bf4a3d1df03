import assert from 'node:assert/strict';
import {
  checkRouter,
  NEW_ROUTER,
  type RouterNextHop,
  type RouterSpec,
  type StaticRoute,
} from '../../../src/model/router.js';
import { told, violationsOf } from '../../support/violations.js';

const router = (fields: Partial<RouterSpec> = {}): RouterSpec => ({ ...NEW_ROUTER, ...fields });
const hop = (address: string, weight = 1): RouterNextHop => ({ address, weight });
const via = (prefix: string, ...nextHops: RouterNextHop[]): StaticRoute => ({
  prefix,
  nextHops,
  drop: false,
});
const drop = (prefix: string): StaticRoute => ({ prefix, nextHops: [], drop: true });

describe('checkRouter', () => {
  it('takes a new one as it is', () => {
    assert.deepEqual(checkRouter(NEW_ROUTER), NEW_ROUTER);
    assert.equal(NEW_ROUTER.gatewayMac, '00:00:5e:00:01:01');
  });

  it('takes all there may be, and makes it canonical', () => {
    const checked = checkRouter(
      router({
        vrfId: 0xff_ffff,
        gatewayMac: '02-00-5E-00-00-01',
        subnets: ['a', 'b'],
        routes: [
          via('FD00:0::/32', hop('FD00:1::0002', 255), hop('fd00:1::3')),
          via('0.0.0.0/0', hop('10.0.0.2')),
          drop('::/0'),
        ],
      }),
    );
    assert.equal(checked.gatewayMac, '02:00:5e:00:00:01');
    assert.deepEqual(checked.routes, [
      via('fd00::/32', hop('fd00:1::2', 255), hop('fd00:1::3')),
      via('0.0.0.0/0', hop('10.0.0.2')),
      drop('::/0'),
    ]);
    assert.deepEqual(checkRouter(checked), checked);
  });

  const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`);
  const bad: [name: string, given: Partial<RouterSpec>, expected: string[]][] = [
    ['no tenant', { tenant: '' }, ['router.tenant: (empty): not an id']],
    ...[-1, 0x100_0000, 1.5].map((vrfId): [string, Partial<RouterSpec>, string[]] => [
      `the VRF id ${vrfId}`,
      { vrfId },
      [`router.vrf_id: ${vrfId}: not the id of tables`],
    ]),
    ...['', 'x', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'].map(
      (gatewayMac): [string, Partial<RouterSpec>, string[]] => [
        `the gateway MAC "${gatewayMac}"`,
        { gatewayMac },
        [`router.gateway_mac: ${gatewayMac === '' ? '(empty)' : gatewayMac}: not a unicast MAC`],
      ],
    ),
    [
      'subnets that are none, or given twice',
      { subnets: ['a', 'B', 'a'] },
      ['router.subnets[1]: B: not an id', 'router.subnets[2]: a: given twice'],
    ],
    ['17 subnets', { subnets: ids(17) }, ['router.subnets: 17 of them: too many']],
    [
      'prefixes that are none, or given twice',
      { routes: [drop('10.0.0.1/8'), drop('10.0.0.0/8'), drop('10.0.0.0/8'), drop('10.0.0.2')] },
      [
        'router.routes[0].prefix: 10.0.0.1/8: not an IP prefix',
        'router.routes[2].prefix: 10.0.0.0/8: given twice',
        'router.routes[3].prefix: 10.0.0.2: not an IP prefix',
      ],
    ],
    [
      'the same prefix, written in another way',
      { routes: [drop('fd00::/32'), drop('FD00:0::/32')] },
      ['router.routes[1].prefix: FD00:0::/32: given twice'],
    ],
    [
      '257 routes',
      { routes: Array.from({ length: 257 }, (_, i) => drop(`10.${i >> 8}.${i & 255}.0/24`)) },
      ['router.routes: 257 routes: too many'],
    ],
    [
      'neither next hops nor drop, and both',
      {
        routes: [via('10.0.0.0/8'), { ...via('11.0.0.0/8', hop('10.0.0.2')), drop: true }],
      },
      [
        'router.routes[0].next_hops: 0 of them: none',
        'router.routes[1].next_hops: 1 of them: a route that drops has none',
      ],
    ],
    [
      'next hops that are none, or given twice',
      {
        routes: [via('0.0.0.0/0', hop('10.0.0.2'), hop('x'), hop('224.0.0.1'), hop('10.0.0.2', 3))],
      },
      [
        'router.routes[0].next_hops[1].address: x: not a unicast IP address',
        'router.routes[0].next_hops[2].address: 224.0.0.1: not a unicast IP address',
        'router.routes[0].next_hops[3].address: 10.0.0.2: given twice',
      ],
    ],
    [
      'next hops of the other family',
      { routes: [via('::/0', hop('10.0.0.2')), via('0.0.0.0/0', hop('fd00::2'))] },
      [
        "router.routes[0].next_hops[0].address: 10.0.0.2: not of the prefix's family",
        "router.routes[1].next_hops[0].address: fd00::2: not of the prefix's family",
      ],
    ],
    [
      'weights out of range',
      {
        routes: [via('0.0.0.0/0', hop('10.0.0.2', 0), hop('10.0.0.3', 256), hop('10.0.0.4', 1.5))],
      },
      [
        'router.routes[0].next_hops[0].weight: 0: out of range',
        'router.routes[0].next_hops[1].weight: 256: out of range',
        'router.routes[0].next_hops[2].weight: 1.5: out of range',
      ],
    ],
    [
      '17 next hops',
      {
        routes: [via('0.0.0.0/0', ...Array.from({ length: 17 }, (_, i) => hop(`10.0.0.${i + 1}`)))],
      },
      ['router.routes[0].next_hops: 17 of them: too many'],
    ],
  ];
  for (const [name, given, expected] of bad) {
    it(`refuses ${name}`, () => {
      const found = violationsOf(() => checkRouter(router(given)));
      assert.deepEqual(told(found), expected);
    });
  }
});
