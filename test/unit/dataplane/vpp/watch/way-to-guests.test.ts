import assert from 'node:assert/strict';
import { WayToGuests } from '../../../../../src/dataplane/vpp/watch/way-to-guests.js';
import { NfvError, type ErrorCode } from '../../../../../src/errors.js';
import { FakeClock, settle } from '../../../../support/fake-clock.js';
import { MemoryLog } from '../../../../support/null-log.js';

const PATH = '/run/vpp/punt.sock';

describe('the way to guests of a VPP', () => {
  let clock: FakeClock;
  let log: MemoryLog;
  /** What VPP answers, one after the other; undefined: it does. */
  let answers: (ErrorCode | undefined)[];
  let refusal: NfvError | undefined;
  let opened: number;
  let late: number;
  let way: WayToGuests;

  beforeEach(() => {
    [clock, log, answers, refusal, opened, late] = [
      new FakeClock(),
      new MemoryLog(),
      [],
      undefined,
      0,
      0,
    ];
    way = new WayToGuests({
      ...{ clock, log },
      ping: () => {
        const code = answers.shift();
        return code === undefined ? Promise.resolve() : Promise.reject(new NfvError(code, 'no'));
      },
      door: {
        open: () => {
          if (refusal !== undefined) return Promise.reject(refusal);
          opened++;
          return Promise.resolve();
        },
        close: () => (opened = 0),
      },
      openedLate: () => late++,
    });
  });
  afterEach(() => {
    way.lost();
    assert.equal(clock.pending, 0);
  });

  it('is open when the VPP that was connected still runs', async () => {
    assert.equal(await way.isOpen, false);
    way.connected();
    assert.equal(await way.isOpen, true);
    assert.deepEqual([opened, late, log.lines], [1, 0, []]);
    way.lost();
    assert.deepEqual([await way.isOpen, opened], [false, 0]);
  });

  for (const [errno, level] of [
    ['ENOENT', 'info'],
    ['EACCES', 'warn'],
    ['ECONNREFUSED', 'warn'],
  ] as const) {
    it(`tells at each connection why there is none: ${errno}`, async () => {
      const text = `${PATH}: ${errno}`;
      refusal = new NfvError('KERNEL_REFUSED', text, { metadata: { errno } });
      for (const connections of [1, 2]) {
        way.connected();
        assert.equal(await way.isOpen, false);
        assert.equal(log.lines.length, connections);
        const { fields, ...line } = log.lines.at(-1) ?? assert.fail();
        assert.equal(line.level, level);
        assert.deepEqual(fields, { code: 'KERNEL_REFUSED', error: text });
      }
    });
  }

  for (const code of ['DEADLINE_EXCEEDED', 'TOO_MANY_REQUESTS'] as const) {
    it(`is open once a busy VPP has answered: ${code}`, async () => {
      answers = [code, code, undefined];
      way.connected();
      assert.equal(await way.isOpen, false);
      await clock.advance(1000);
      assert.deepEqual([await way.isOpen, late, opened], [false, 0, 1]);
      await clock.advance(1000);
      assert.deepEqual([await way.isOpen, late, opened], [true, 1, 1]);
      assert.deepEqual(
        log.lines.map(({ level, message }) => [level, message]),
        [['warn', 'VPP is slow: it sees no allowed addresses yet']],
      );
    });
  }

  it('is given up when the VPP is another', async () => {
    answers = ['VPP_RESTARTED'];
    way.connected();
    assert.deepEqual([await way.isOpen, opened, clock.pending], [false, 0, 0]);
    assert.equal(log.lines.length, 1);
  });

  it('of a VPP that was lost leaves alone what is there of the next one', async () => {
    let fail: (error: NfvError) => void = () => undefined;
    let isFirst = true;
    const slow = new WayToGuests({
      ...{ clock, log },
      ping: () => {
        if (!isFirst) return Promise.resolve();
        isFirst = false;
        return new Promise((_resolve, reject) => (fail = reject));
      },
      door: {
        open: () => {
          opened++;
          return Promise.resolve();
        },
        close: () => (opened = 0),
      },
      openedLate: () => late++,
    });
    slow.connected();
    await settle();
    slow.lost();
    slow.connected();
    assert.equal(await slow.isOpen, true);
    fail(new NfvError('VPP_CONNECTION_LOST', 'gone'));
    await settle();
    assert.deepEqual([await slow.isOpen, opened, late, log.lines], [true, 1, 0, []]);
    slow.lost();
  });
});
