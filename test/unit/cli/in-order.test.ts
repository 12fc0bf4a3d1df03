import assert from 'node:assert/strict';
import fc from 'fast-check';
import { inOrder } from '../../../src/cli/in-order.js';

describe('inOrder', () => {
  it('gives results in order, with no more than the window under way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5), { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        async (turns, window) => {
          let underWay = 0;
          let most = 0;
          const work = async (n: number): Promise<number> => {
            most = Math.max(most, ++underWay);
            for (let i = 0; i < n; i++) await Promise.resolve();
            underWay--;
            return n;
          };
          const results: number[] = [];
          for await (const result of inOrder(turns, window, work)) results.push(result);
          assert.deepEqual(results, turns);
          assert.ok(most <= window);
          if (turns.length >= window && turns.every((n) => n > 0)) assert.equal(most, window);
        },
      ),
      { numRuns: 200 },
    );
  });
});
