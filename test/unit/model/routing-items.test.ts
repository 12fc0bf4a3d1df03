import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import {
  checkItem,
  dependenciesOf,
  ITEM_KINDS,
  keyOf,
  splitKey,
  type Payload,
} from '../../../src/model/item.js';
import type { NextHop } from '../../../src/model/routing-items.js';
import { itemOf } from '../../support/items.js';
import {
  dropRoute,
  gateway,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
  xconnect,
} from '../../support/routing-items.js';
import { vethPort } from '../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const many = (count: number): NextHop[] =>
  Array.from({ length: count }, (_, i) => hop(`10.0.0.${i + 1}`, i + 1));

/** What there may be, with its key and what it needs. */
const GOOD: readonly (readonly [Payload, string, readonly string[]])[] = [
  [vrf(1), 'vrf/1', []],
  [vrf(0xff_ffff), 'vrf/16777215', []],
  [gateway(7, 10, ['10.0.0.1/24', '10.0.0.2/24', 'fd00::1/64']), 'gw/7/10', ['vrf/7', 'bd/10']],
  [gatewayNeighbor(7, 10, 'fd00::5', MAC), 'gwneigh/7/10/fd00::5', ['gw/7/10']],
  [dropRoute(7, '0.0.0.0/0'), 'route/7/0.0.0.0/0', ['vrf/7']],
  [routeToVrf(7, '::/0', 8), 'route/7/::/0', ['vrf/7', 'vrf/8']],
  [routeTo(7, '10.0.0.0/8', hop('10.9.0.1')), 'route/7/10.0.0.0/8', ['vrf/7']],
  [
    routeTo(7, 'fd00::/32', hop('fe80::1', 10, 255), hop('fd01::1', 10), hop('fd02::1', 11)),
    'route/7/fd00::/32',
    ['vrf/7', 'gw/7/10', 'gw/7/11'],
  ],
  [xconnect('a', 'b'), 'xc/a/b', ['port/a', 'port/b']],
  [vethPort('a', 0, MAC, 'ns'), 'port/a', []],
];

/** What there may not be, and what is said of it. */
const BAD: readonly (readonly [Payload, RegExp])[] = [
  [vrf(0), /vrf\/0\.id: 0: not the id of a VRF/],
  [vrf(0x100_0000), /\.id: 16777216: not the id/],
  [vrf(1.5), /\.id: 1\.5: not the id/],
  [{ ...vrf(1), name: 'Red!' }, /\.name: Red!: not an id/],
  [gateway(0, 10, ['10.0.0.1/24']), /\.vrf: 0: not the id of a VRF/],
  [gateway(7, 0, ['10.0.0.1/24']), /\.vni: 0: not a VNI/],
  [gateway(7, 10, []), /\.addresses: 0 of them: too few or too many/],
  [
    gateway(
      7,
      10,
      Array.from({ length: 17 }, (_, i) => `10.0.${i}.1/24`),
    ),
    /17 of them/,
  ],
  [gateway(7, 10, ['10.0.0.1']), /addresses\[0\]: 10\.0\.0\.1: no prefix length/],
  [gateway(7, 10, ['10.0.0.1/33']), /10\.0\.0\.1\/33: no prefix length/],
  [gateway(7, 10, ['10.0.0.1/024']), /10\.0\.0\.1\/024: no subnet/],
  [gateway(7, 10, ['10.0.0.1/0']), /10\.0\.0\.1\/0: no subnet/],
  [gateway(7, 10, ['fd00:0::1/64']), /fd00:0::1: not a canonical unicast/],
  [gateway(7, 10, ['239.0.0.1/24']), /239\.0\.0\.1: not a canonical unicast/],
  [gateway(7, 10, ['fe80::1/64']), /fe80::1\/64: a link-local address/],
  [gateway(7, 10, ['10.0.0.1/24', '10.0.0.1/24']), /overlaps with 10\.0\.0\.1\/24/],
  [gateway(7, 10, ['10.0.0.1/16', '10.0.1.1/24']), /10\.0\.1\.1\/24: overlaps with 10\.0\.0\.1/],
  [gateway(7, 10, ['fd00::1/64', 'fd00::2/48']), /fd00::2\/48: overlaps with/],
  [gateway(7, 10, ['10.0.0.1/24'], { mac: '01:00:5e:00:00:01' }), /no MAC of an interface/],
  [gateway(7, 10, ['10.0.0.1/24'], { mac: '00:00:00:00:00:00' }), /no MAC of an interface/],
  [gateway(7, 10, ['10.0.0.1/24'], { mac: '02-00-00-00-00-01' }), /not a canonical MAC/],
  [gateway(7, 10, ['10.0.0.1/24'], { mtu: 10 }), /\.mtu: 10: out of range/],
  [gatewayNeighbor(7, 10, '10.0.0', MAC), /\.ip: 10\.0\.0: not a canonical unicast/],
  [gatewayNeighbor(7, 10, '10.0.0.1', 'ff:ff:ff:ff:ff:ff'), /no MAC of an interface/],
  [gatewayNeighbor(7, -1, '10.0.0.1', MAC), /\.vni: -1: not a VNI/],
  [dropRoute(7, '10.0.0.1/24'), /\.prefix: 10\.0\.0\.1\/24: not a canonical prefix/],
  [dropRoute(7, '10.0.0.0'), /\.prefix: 10\.0\.0\.0: not a canonical prefix/],
  [dropRoute(7, 'fd00::/129'), /not a canonical prefix/],
  [dropRoute(7, '224.0.0.0/4'), /a multicast prefix/],
  [dropRoute(7, 'ff02::/16'), /a multicast prefix/],
  [dropRoute(0, '10.0.0.0/8'), /\.vrf: 0: not the id of a VRF/],
  [routeToVrf(7, '10.0.0.0/8', 7), /via\.vrf: 7: the VRF of the route/],
  [routeToVrf(7, '10.0.0.0/8', 0), /via\.vrf: 0: not the id/],
  [routeTo(7, '10.0.0.0/8'), /next_hops: 0 of them/],
  [routeTo(7, '10.0.0.0/8', ...many(17)), /next_hops: 17 of them/],
  [routeTo(7, '10.0.0.0/8', hop('fd00::1')), /next_hops\[0\]: fd00::1: not of the family/],
  [routeTo(7, 'fd00::/64', hop('10.0.0.1')), /10\.0\.0\.1: not of the family/],
  [routeTo(7, '10.0.0.0/8', hop('0.0.0.0')), /0\.0\.0\.0: not a canonical unicast/],
  [routeTo(7, 'fd00::/64', hop('fe80::1')), /a link-local next hop of no network/],
  [routeTo(7, '10.0.0.0/8', hop('10.0.0.1', 10, 0)), /weight: 0: out of range/],
  [routeTo(7, '10.0.0.0/8', hop('10.0.0.1', 10, 256)), /weight: 256: out of range/],
  [routeTo(7, '10.0.0.0/8', hop('10.0.0.1', 10), hop('10.0.0.1', 10, 2)), /given twice/],
  [routeTo(7, '10.0.0.0/8', hop('10.0.0.1', 1 << 24)), /\.vni: 16777216: not a VNI/],
  [xconnect('b', 'a'), /\.b: a: not after a/],
  [xconnect('a', 'a'), /\.b: a: not after a/],
  [xconnect('A', 'b'), /\.a: A: not an id/],
  [vethPort('a', -1, MAC, 'ns'), /\.vni: -1: not a VNI/],
];

describe('items of routing and cross-connects', () => {
  for (const [payload, key, needs] of GOOD) {
    it(`are taken: ${key}`, () => {
      const item = itemOf(payload);
      assert.equal(item.key, key);
      assert.deepEqual(item.dependsOn, needs);
      assert.equal(splitKey(key)[0], payload.kind);
      assert.equal(checkItem(item), item);
    });
  }

  it('are taken with 16 next hops in as many networks', () => {
    checkItem(itemOf(routeTo(7, '10.0.0.0/8', ...many(16))));
  });

  for (const [payload, message] of BAD) {
    it(`are refused: ${message.source}`, () => {
      assert.throws(
        () => checkItem(itemOf(payload)),
        (error) =>
          error instanceof NfvError && error.code === 'ITEM_INVALID' && message.test(error.message),
      );
    });
  }

  it('are kinds of their own', () => {
    const kinds = GOOD.map(([payload]) => payload.kind);
    for (const kind of kinds) assert.ok(ITEM_KINDS.includes(kind));
    assert.equal(new Set(GOOD.map(([payload]) => keyOf(payload))).size, GOOD.length);
    assert.deepEqual(dependenciesOf(vrf(7)), []);
  });
});
