import assert from 'node:assert/strict';
import { NfvError, type ErrorCode } from '../../../../src/errors.js';
import { Outages, STEADY_MS, type Question } from '../../../../src/nva/replicas/outages.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/null-log.js';

const [B, C] = ['unix:/b', 'unix:/c'];
const SILENT = 'warn another replica does not answer';
const AGAIN = 'info another replica answers again';
const FLAPS = 'warn another replica flaps';

describe('nva/outages', () => {
  let clock: FakeClock;
  let log: MemoryLog;
  let stop: AbortController;
  let addresses: Set<string>;
  let outages: Outages;

  beforeEach(() => {
    [clock, log, stop] = [new FakeClock(), new MemoryLog(), new AbortController()];
    addresses = new Set([B, C]);
    const { signal } = stop;
    outages = new Outages({ clock, log, addresses: () => addresses, stop: signal });
  });

  const fail = (code: ErrorCode = 'NVA_UNREACHABLE', at = B, of: Question = 'ownEvents'): void => {
    outages.failed(at, of, new NfvError(code, 'no'));
  };
  const answer = (at = B, of: Question = 'ownEvents'): void => {
    outages.answered(at, of);
  };
  const lines = (): string[] => log.lines.map(({ level, message }) => `${level} ${message}`);

  it('are told when they begin, and when they are over', async () => {
    for (const n of [0, 1, 2]) {
      for (let attempt = 0; attempt < 3; attempt++) fail();
      for (let message = 0; message < 3; message++) answer();
      await clock.advance(STEADY_MS);
      assert.deepEqual(
        lines(),
        Array<string[]>(n + 1)
          .fill([SILENT, AGAIN])
          .flat(),
      );
    }
    assert.equal(clock.pending, 0);
    const [{ fields }] = [...log.lines, { fields: undefined }];
    const told = { address: B, question: 'ownEvents', code: 'NVA_UNREACHABLE', error: 'no' };
    assert.deepEqual(fields, told);
  });

  for (const ms of [1, 10_000, STEADY_MS - 1]) {
    it(`that come back after ${ms} ms, for ever, are told once, and once that they are over`, async () => {
      for (let n = 0; n < 100; n++) {
        fail();
        await clock.advance(10_000);
        answer();
        await clock.advance(ms);
      }
      fail();
      assert.deepEqual(lines(), [SILENT, AGAIN, FLAPS]);
      answer();
      await clock.advance(STEADY_MS - 1);
      assert.equal(lines().length, 3);
      await clock.advance(1);
      assert.deepEqual(lines().slice(3), [AGAIN]);
      fail();
      answer();
      assert.deepEqual(lines().slice(4), [SILENT, AGAIN]);
    });
  }

  it('are told with each other code, once, also of one that flaps', async () => {
    for (let n = 0; n < 5; n++) {
      fail('NVA_UNREACHABLE');
      fail('DEADLINE_EXCEEDED');
      answer();
    }
    fail('INTERNAL');
    fail('PROTOCOL_VIOLATION');
    fail('INTERNAL');
    assert.deepEqual(lines(), [SILENT, SILENT, AGAIN, FLAPS, SILENT, SILENT]);
    await clock.advance(2 * STEADY_MS);
    assert.equal(lines().length, 6);
  });

  it('are of one question to one replica', () => {
    const all: readonly (readonly [string, Question])[] = [
      [B, 'ownEvents'],
      [B, 'readShare'],
      [C, 'ownEvents'],
    ];
    for (const [at, of] of all) fail('NVA_UNREACHABLE', at, of);
    answer(C, 'readShare');
    answer(B, 'readShare');
    assert.deepEqual(lines(), [SILENT, SILENT, SILENT, AGAIN]);
    assert.deepEqual(
      log.lines.map(({ fields }) => 'address' in fields && fields.address),
      [B, B, C, B],
    );
  });

  it('are forgotten with the replica, once another one fails', () => {
    fail();
    answer();
    assert.equal(clock.pending, 1);
    addresses.delete(B);
    fail('NVA_UNREACHABLE', C);
    assert.equal(clock.pending, 0);
    fail();
    assert.deepEqual(lines(), [SILENT, AGAIN, SILENT, SILENT]);
  });

  it('are nothing to wait for at the stop', () => {
    fail();
    answer();
    stop.abort();
    assert.equal(clock.pending, 0);
    fail();
    answer();
    assert.deepEqual([lines(), clock.pending], [[SILENT, AGAIN], 0]);
  });
});
