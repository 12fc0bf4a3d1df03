import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backoffMs, RetryQueue } from '../../../src/reconcile/backoff.js';

describe('backoff', () => {
  const options = { initialMs: 1000, maxMs: 30_000, jitter: 0.2 };

  it('doubles up to its cap', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 1000, Infinity].map((n) => backoffMs(n, options, () => 0));
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  it('leaves a part to chance, and never exceeds its cap', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, chance) => {
          const wait = backoffMs(failures, options, () => chance);
          const most = backoffMs(failures, options, () => 0);
          assert.ok(wait <= most && wait >= most * 0.8);
          assert.ok(most <= options.maxMs);
        },
      ),
    );
  });
});

describe('retry queue', () => {
  it('gives keys back when their time has come, those of one slot together', () => {
    const queue = new RetryQueue(50);
    queue.set('a', 110);
    queue.set('b', 140);
    queue.set('c', 160);
    assert.equal(queue.next, 150);
    assert.deepEqual(queue.take(149), []);
    assert.deepEqual(queue.take(150).sort(), ['a', 'b']);
    assert.equal(queue.at('a'), undefined);
    assert.equal(queue.at('c'), 200);
    assert.equal(queue.size, 1);
  });

  it('keeps one time a key', () => {
    const queue = new RetryQueue(50);
    queue.set('a', 100);
    queue.set('a', 1000);
    assert.deepEqual(queue.take(500), []);
    queue.delete('a');
    queue.delete('a');
    assert.equal(queue.next, undefined);
    assert.equal(queue.size, 0);
  });
});
