import assert from 'node:assert/strict';
import { withDeadline } from '../../../src/reconcile/deadline.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

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
    const { signal } = new AbortController();
    assert.equal(await withDeadline(clock, 10, 'x', signal, () => Promise.resolve(7)), 7);
    const bad = withDeadline(clock, 10, 'x', signal, () => Promise.reject(new Error('no')));
    await assert.rejects(bad, /no/);
    assert.equal(clock.pending, 0);
  });

  it('ends work that takes too long', async () => {
    const clock = new FakeClock();
    const work = withDeadline(clock, 10, 'observe', new AbortController().signal, heeding);
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
    const work = withDeadline(clock, 10, 'apply', new AbortController().signal, never);
    const failed = assert.rejects(work, { code: 'DATAPLANE_TIMEOUT' }).then(() => (isOver = true));
    await clock.advance(1009);
    assert.equal(isOver, false);
    await clock.advance(1);
    await failed;
    assert.equal(clock.pending, 0);
  });

  it('ends with the outer signal, and does not begin after it', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const failed = assert.rejects(withDeadline(clock, 10, 'x', controller.signal, heeding), /bye/);
    controller.abort(new Error('bye'));
    await failed;
    await settle();
    assert.equal(clock.pending, 0);
    await assert.rejects(withDeadline(clock, 10, 'x', controller.signal, never), /bye/);
  });
});
