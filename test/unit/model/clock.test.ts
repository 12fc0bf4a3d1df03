import assert from 'node:assert/strict';
import { delay, timestamp } from '../../../src/model/clock.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

describe('clock', () => {
  it('writes RFC 3339 in UTC', () => {
    assert.equal(timestamp(Date.UTC(2026, 1, 3, 4, 5, 6, 7)), '2026-02-03T04:05:06.007Z');
  });

  it('delays as long as it is told', async () => {
    const clock = new FakeClock();
    let done = false;
    const wait = delay(clock, 100, new AbortController().signal).then(() => (done = true));
    await clock.advance(99);
    assert.equal(done, false);
    await clock.advance(1);
    await wait;
    assert.equal(done, true);
  });

  it('ends a delay with the reason of its signal, and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const wait = delay(clock, 100, controller.signal);
    const failed = assert.rejects(wait, /enough/);
    controller.abort(new Error('enough'));
    await failed;
    await settle();
    assert.equal(clock.pending, 0);
  });
});
