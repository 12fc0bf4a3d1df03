import assert from 'node:assert/strict';
import { withDeadline } from '../../../src/reconcile/deadline.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const { signal } = new AbortController();
const never = (): Promise<never> => new Promise(() => undefined);

const heeding = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('interrupted'));
    });
  });

describe('deadline', () => {
  it('hands on what the work gives or throws, and leaves no timer', async () => {
    const clock = new FakeClock();
    assert.equal(
      await withDeadline({ clock, ms: 10, what: 'x', signal }, () => Promise.resolve(7)),
      7,
    );
    const bad = withDeadline({ clock, ms: 10, what: 'x', signal }, () =>
      Promise.reject(new Error('no')),
    );
    await assert.rejects(bad, /no/);
    assert.equal(clock.pending, 0);
  });

  it('ends work that takes too long', async () => {
    const clock = new FakeClock();
    const work = withDeadline({ clock, ms: 10, what: 'observe', signal }, heeding);
    const failed = assert.rejects(work, {
      code: 'DATAPLANE_TIMEOUT',
      message: 'observe: no answer within 10 ms',
    });
    await clock.advance(10);
    await failed;
    assert.equal(clock.pending, 0);
  });

  it('gives up work that does not end, a second later', async () => {
    const clock = new FakeClock();
    let isOver = false;
    const work = withDeadline({ clock, ms: 10, what: 'apply', signal }, never);
    const failed = assert.rejects(work, { code: 'DATAPLANE_TIMEOUT' }).then(() => (isOver = true));
    await clock.advance(1009);
    assert.equal(isOver, false);
    await clock.advance(1);
    await failed;
    assert.equal(clock.pending, 0);
  });

  it('goes on as long as the work gets on, and no longer', async () => {
    const clock = new FakeClock();
    let last = -Infinity;
    const deadline = { clock, ms: 10, what: 'apply', signal, since: () => last };
    let isOver = false;
    const work = withDeadline(deadline, heeding);
    const failed = assert
      .rejects(work, {
        code: 'DATAPLANE_TIMEOUT',
        message: 'apply: nothing got on for 10 ms',
      })
      .then(() => (isOver = true));
    for (let i = 0; i < 5; i++) {
      await clock.advance(9);
      last = clock.monotonic();
    }
    await clock.advance(9);
    assert.equal(isOver, false);
    await clock.advance(1);
    await failed;
    assert.equal(clock.pending, 0);
  });

  it('ends with the outer signal, and does not begin after it', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const failed = assert.rejects(
      withDeadline({ clock, ms: 10, what: 'x', signal: controller.signal }, heeding),
      /bye/,
    );
    controller.abort(new Error('bye'));
    await failed;
    await settle();
    assert.equal(clock.pending, 0);
    await assert.rejects(
      withDeadline({ clock, ms: 10, what: 'x', signal: controller.signal }, never),
      /bye/,
    );
  });
});
