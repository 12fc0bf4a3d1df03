import assert from 'node:assert/strict';
import {
  addressesAt,
  contains,
  linkLocalOf,
  overlap,
  subnetOf,
} from '../../../../src/dataplane/linux/gateway-addresses.js';

describe('addresses of gateways', () => {
  it('have the link-local one of their MAC beside others of IPv6', () => {
    // RFC 2464 §4: 34-56-78-9A-BC-DE is 3656:78FF:FE9A:BCDE.
    assert.equal(linkLocalOf('34:56:78:9a:bc:de'), 'fe80::3656:78ff:fe9a:bcde');
    assert.equal(linkLocalOf('02:00:00:00:fe:01'), 'fe80::ff:fe00:fe01');
    assert.deepEqual(addressesAt(['10.0.0.1/24'], '02:00:00:00:fe:01'), ['10.0.0.1/24']);
    assert.deepEqual(addressesAt(['fd00::1/64'], '02:00:00:00:fe:01'), [
      'fd00::1/64',
      'fe80::ff:fe00:fe01/64',
    ]);
  });

  for (const [a, b, both] of [
    ['10.0.0.1/24', '10.0.0.200/24', true],
    ['10.0.0.1/24', '10.0.0.129/25', true],
    ['10.0.0.1/24', '10.0.1.1/24', false],
    ['10.0.0.1/32', '10.0.0.2/32', false],
    ['fd00::1/64', 'fd00::2:0:0:0:1/32', true],
    ['fd00:1::1/64', 'fd00:2::1/64', false],
    ['10.0.0.1/1', '::1/1', false],
  ] as const) {
    it(`${a} and ${b} ${both ? 'overlap' : 'do not overlap'}`, () => {
      assert.equal(overlap(a, b), both);
      assert.equal(overlap(b, a), both);
    });
  }

  it('are in subnets', () => {
    assert.equal(subnetOf('10.0.0.200/25'), '10.0.0.128/25');
    assert.equal(subnetOf('fd00:1::1/64'), 'fd00:1::/64');
    assert.ok(contains('10.0.0.1/24', '10.0.0.9'));
    assert.ok(!contains('10.0.0.1/24', '10.0.1.9'));
  });
});
