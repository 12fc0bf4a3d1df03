import assert from 'node:assert/strict';
import { Rate } from '../../../../src/nva/observing/rate.js';

describe('a rate', () => {
  it('is that of the last minute', () => {
    const rate = new Rate();
    assert.equal(rate.perSecond(0), 0);
    rate.add(30, 1000);
    rate.add(30, 30_500);
    assert.equal(rate.perSecond(31_000), 1);
    assert.equal(rate.perSecond(60_999), 1);
    assert.equal(rate.perSecond(61_000), 0.5);
    assert.equal(rate.perSecond(90_999), 0);
    assert.equal(rate.perSecond(10_000_000), 0);
  });
});
