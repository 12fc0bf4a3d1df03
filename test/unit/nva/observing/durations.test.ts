import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Durations, WINDOW_MS } from '../../../../src/nva/observing/durations.js';

describe('durations', () => {
  it('have percentiles by the nearest rank', () => {
    const durations = new Durations(200);
    for (let ms = 100; ms >= 1; ms--) durations.add(ms, 0);
    assert.deepEqual(durations.summary(0), { count: 100, p50: 50, p90: 90, p99: 99, max: 100 });
  });

  it('are nothing where there are none', () => {
    const none = { count: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    assert.deepEqual(new Durations(8).summary(5), none);
  });

  it('are of the last five minutes, and of no more than are kept', () => {
    const durations = new Durations(3);
    durations.add(1, 0);
    durations.add(2, 10);
    assert.equal(durations.summary(WINDOW_MS + 5).count, 1);
    for (const ms of [3, 4, 5]) durations.add(ms, 20);
    const { count, p50, max } = durations.summary(20);
    assert.deepEqual([count, p50, max], [3, 4, 5]);
  });

  it('are told the newest first, so many as are asked for', () => {
    const durations = new Durations(4);
    for (const [i, ms] of [7, 1, 2, 3, 4, 5].entries()) durations.add(ms, i * 1000);
    assert.deepEqual(durations.samples(5000), [5, 4, 3, 2]);
    assert.deepEqual(durations.samples(5000, 2), [5, 4]);
    assert.deepEqual(durations.samples(WINDOW_MS + 4000), [5, 4]);
    const few = new Durations(4);
    few.add(9, 0);
    assert.deepEqual(few.samples(0), [9]);
  });

  it('have percentiles that are samples, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 50 }), (samples) => {
        const durations = new Durations(64);
        for (const ms of samples) durations.add(ms, 0);
        const { p50, p90, p99, max } = durations.summary(0);
        for (const each of [p50, p90, p99, max]) assert.ok(samples.includes(each));
        assert.ok(p50 <= p90 && p90 <= p99 && p99 <= max);
        assert.equal(max, Math.max(...samples));
      }),
    );
  });
});
