import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { noProgress, withRetry } from '../../../src/cli/retry.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const unreachable = new NfvError('NVA_UNREACHABLE', 'x');
const never = new AbortController().signal;

describe('withRetry', () => {
  let clock: FakeClock;
  let sent: number[];
  beforeEach(() => {
    clock = new FakeClock();
    sent = [];
  });

  /** Fails so many times, then answers. */
  const failing =
    (times: number, error: NfvError = unreachable) =>
    (): Promise<string> => {
      sent.push(clock.monotonic());
      return sent.length <= times ? Promise.reject(error) : Promise.resolve('done');
    };

  it('asks once where that is enough', async () => {
    assert.equal(await withRetry(clock, never, 10_000, failing(0)), 'done');
    assert.deepEqual(sent, [0]);
  });

  it('asks again after longer and longer pauses', async () => {
    const result = withRetry(clock, never, 10_000, failing(4));
    await settle();
    await clock.advance(10_000);
    assert.equal(await result, 'done');
    assert.deepEqual(sent, [0, 200, 600, 1400, 3000]);
  });

  it('gives up after five times', async () => {
    const result = assert.rejects(withRetry(clock, never, 10_000, failing(9)), unreachable);
    await settle();
    await clock.advance(10_000);
    await result;
    assert.equal(sent.length, 5);
  });

  it('comes again when a limit says so, however often, until the deadline', async () => {
    const metadata = { retryDelayMs: '700' };
    const limited = new NfvError('TOO_MANY_REQUESTS', 'x', { metadata });
    const result = withRetry(clock, never, 10_000, failing(7, limited));
    await settle();
    await clock.advance(10_000);
    assert.equal(await result, 'done');
    assert.deepEqual(sent, [0, 700, 1400, 2100, 2800, 3500, 4200, 4900]);
    sent = [];
    const late = assert.rejects(withRetry(clock, never, 1500, failing(9, limited)), limited);
    await settle();
    await clock.advance(10_000);
    await late;
    assert.equal(sent.length, 3);
  });

  it('waits on for a limit as long as others of the same command are let through', async () => {
    const limited = new NfvError('TOO_MANY_REQUESTS', 'x', { metadata: { retryDelayMs: '1000' } });
    const progress = noProgress();
    const result = withRetry(clock, never, 2500, failing(6, limited), progress);
    for (let i = 0; i < 6; i++) {
      await settle();
      const other = (): Promise<string> => Promise.resolve('let through');
      await withRetry(clock, never, 2500, other, progress);
      await clock.advance(1000);
    }
    assert.equal(await result, 'done');
    assert.deepEqual(sent, [0, 1000, 2000, 3000, 4000, 5000, 6000]);
    sent = [];
    // It holds for a limit only.
    progress.answeredAt = clock.monotonic() + 60_000;
    const lost = assert.rejects(withRetry(clock, never, 1000, failing(9), progress), unreachable);
    await settle();
    await clock.advance(10_000);
    await lost;
    assert.equal(sent.length, 3);
  });

  it('does not press on where there is too much for another reason', async () => {
    const busy = new NfvError('TOO_MANY_REQUESTS', 'x');
    const result = assert.rejects(withRetry(clock, never, 10_000, failing(9, busy)), busy);
    await settle();
    await clock.advance(10_000);
    await result;
    assert.deepEqual(sent, [0, 200, 600, 1400, 3000]);
  });

  it('gives up at the deadline', async () => {
    const result = assert.rejects(withRetry(clock, never, 1000, failing(9)), unreachable);
    await settle();
    await clock.advance(10_000);
    await result;
    assert.deepEqual(sent, [0, 200, 600]);
  });

  it('does not repeat what cannot succeed', async () => {
    const invalid = new NfvError('INVALID_FIELD', 'x');
    await assert.rejects(withRetry(clock, never, 10_000, failing(1, invalid)), invalid);
    assert.deepEqual(sent, [0]);
  });

  it('ends when it is interrupted', async () => {
    const controller = new AbortController();
    const result = assert.rejects(withRetry(clock, controller.signal, 10_000, failing(9)));
    await settle();
    controller.abort();
    await result;
    assert.equal(clock.pending, 0);
    assert.deepEqual(sent, [0]);
  });
});
