import assert from 'node:assert/strict';
import { NfvError, type ErrorCode } from '../../../src/errors.js';
import { SessionLog } from '../../../src/nve/session-log.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLog } from '../../support/null-log.js';

const MINUTE = 60_000;

describe('session log', () => {
  let clock: FakeClock;
  let log: MemoryLog;
  let sessions: SessionLog;

  beforeEach(() => {
    clock = new FakeClock();
    log = new MemoryLog();
    sessions = new SessionLog(log, clock);
  });

  const lose = (code: ErrorCode, peer = 'a'): void => {
    sessions.lost(peer, new NfvError(code, 'because'));
  };
  const take = (): object[] =>
    log.lines
      .splice(0)
      .flatMap(({ level, fields }) => (level === 'debug' ? [] : [{ level, ...fields }]));

  it('tells each reason once for each replica', () => {
    for (let i = 0; i < 100; i++) {
      lose('NVA_UNREACHABLE', 'a');
      lose(i < 50 ? 'NVA_UNREACHABLE' : 'FOREIGN_STORE', 'b');
    }
    const line = { level: 'warn', error: 'because' };
    assert.deepEqual(take(), [
      { ...line, peer: 'a', failures: 1, code: 'NVA_UNREACHABLE' },
      { ...line, peer: 'b', failures: 2, code: 'NVA_UNREACHABLE' },
      { ...line, peer: 'b', failures: 102, code: 'FOREIGN_STORE' },
    ]);
  });

  it('tells every ten minutes that it is still so', async () => {
    for (let i = 0; i < 360; i++) {
      lose('NVA_UNREACHABLE');
      await clock.advance(10_000);
    }
    const lines = take();
    assert.equal(lines.length, 6);
    assert.deepEqual(lines.at(-1), {
      level: 'warn',
      peer: 'a',
      failures: 301,
      code: 'NVA_UNREACHABLE',
      error: 'because',
    });
  });

  it('begins anew after a session that lasted', async () => {
    lose('NVA_UNREACHABLE');
    sessions.connected('a', 1, true);
    await clock.advance(MINUTE);
    lose('NVA_UNREACHABLE');
    sessions.connected('a', 1, true);
    assert.deepEqual(
      take().map((line) => 'failures' in line && line.failures),
      [1, 1, 1, 1],
    );
  });

  it('does not tell of sessions that come and go all the time', async () => {
    for (let i = 0; i < 1000; i++) {
      sessions.connected('a', 1, true);
      await clock.advance(100);
      lose('SESSION_REPLACED');
    }
    assert.equal(take().length, 2);
  });

  it('tells once why deltas are refused', () => {
    for (let i = 1; i < 10; i++) sessions.refused(i, new NfvError('ITEM_INVALID', 'bad'));
    sessions.refused(10, new NfvError('STALE_EPOCH', 'old'));
    assert.deepEqual(take(), [
      { level: 'error', sequence: 1, code: 'ITEM_INVALID', error: 'bad' },
      { level: 'error', sequence: 10, code: 'STALE_EPOCH', error: 'old' },
    ]);
  });
});
