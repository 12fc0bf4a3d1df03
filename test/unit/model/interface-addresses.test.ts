import assert from 'node:assert/strict';
import { bare, contains, overlap, subnetOf } from '../../../src/model/interface-addresses.js';

describe('addresses of interfaces', () => {
  it('have a length behind them', () => {
    assert.equal(bare('10.0.0.1/24'), '10.0.0.1');
    assert.equal(bare('fd00::1/64'), 'fd00::1');
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
