import assert from 'node:assert/strict';
import { mapBounded } from '../../../src/host/bounded.js';
import { settle } from '../../support/fake-clock.js';

describe('mapBounded', () => {
  it('has at most so many at work, and answers in order', async () => {
    const waiting: (() => void)[] = [];
    let most = 0;
    let now = 0;
    const all = mapBounded([5, 4, 3, 2, 1], 2, async (item) => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => waiting.push(resolve));
      now--;
      return item * 10;
    });
    for (let i = 0; i < 5; i++) {
      await settle();
      // The later one ends first.
      waiting.pop()?.();
    }
    assert.deepEqual(await all, [50, 40, 30, 20, 10]);
    assert.equal(most, 2);
  });

  it('does with no items, and fails with the first failure', async () => {
    assert.deepEqual(await mapBounded([], 4, (x) => Promise.resolve(x)), []);
    await assert.rejects(
      mapBounded([1], 4, () => Promise.reject(new Error('no'))),
      /no/,
    );
  });
});
