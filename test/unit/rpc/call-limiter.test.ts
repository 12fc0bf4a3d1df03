import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import { CallLimiter } from '../../../src/rpc/call-limiter.js';
import { FakeClock } from '../../support/fake-clock.js';

const LIMITS = { callsPerSecond: 10, burst: 3, concurrent: 100 };

describe('CallLimiter', () => {
  let clock: FakeClock;
  let limiter: CallLimiter;
  beforeEach(() => {
    clock = new FakeClock();
    limiter = new CallLimiter(LIMITS, clock, 3);
  });

  const call = (who = 'user/a'): void => {
    limiter.begin(who)();
  };
  const refused = (who = 'user/a'): NfvError => {
    try {
      limiter.begin(who);
    } catch (error) {
      assert.ok(error instanceof NfvError && error.code === 'TOO_MANY_REQUESTS');
      return error;
    }
    assert.fail('it was let in');
  };

  it('lets in a burst, and then as many as it is filled with', async () => {
    for (let i = 0; i < 3; i++) call();
    const error = refused();
    assert.equal(error.message, 'user/a makes more than 10 calls a second');
    assert.deepEqual(error.metadata, { retryDelayMs: '100', quotaSubject: 'user/a' });
    await clock.advance(99);
    assert.equal(refused().metadata['retryDelayMs'], '1');
    await clock.advance(1);
    call();
    refused();
    await clock.advance(3_600_000);
    for (let i = 0; i < 3; i++) call();
    refused();
  });

  it('counts each identity for itself', () => {
    for (let i = 0; i < 3; i++) call('user/a');
    refused('user/a');
    call('user/b');
  });

  it('bounds what is under way, whatever the rate, until it ends', async () => {
    limiter = new CallLimiter({ ...LIMITS, concurrent: 2 }, clock);
    const end = limiter.begin('user/a');
    limiter.begin('user/a');
    await clock.advance(10_000);
    assert.match(refused().message, /has 2 calls under way/);
    end();
    call();
  });

  it('keeps so many identities, and forgets the one that was silent for longest', () => {
    for (let i = 0; i < 3; i++) call('user/a');
    call('user/b');
    call('user/c');
    refused('user/a');
    call('user/d');
    assert.equal(limiter.size, 3);
    refused('user/a');
    for (let i = 0; i < 100; i++) call(`user/x${i}`);
    assert.equal(limiter.size, 3);
  });

  it('never lets in more than burst and rate allow', async () => {
    const steps = fc.array(fc.record({ ms: fc.nat(500), calls: fc.nat(10) }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const own = new FakeClock();
        const tested = new CallLimiter(LIMITS, own);
        let admitted = 0;
        for (const { ms, calls } of all) {
          await own.advance(ms);
          for (let i = 0; i < calls; i++) {
            try {
              tested.begin('user/a')();
              admitted++;
            } catch {
              // Counted by not being counted.
            }
          }
        }
        assert.ok(
          admitted <= LIMITS.burst + (own.monotonic() / 1000) * LIMITS.callsPerSecond + 1e-6,
        );
      }),
      { numRuns: 50 },
    );
  });
});
