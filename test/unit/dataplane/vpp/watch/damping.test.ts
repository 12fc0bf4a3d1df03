import assert from 'node:assert/strict';
import { Damping } from '../../../../../src/dataplane/vpp/watch/damping.js';
import type { PortItem } from '../../../../../src/model/item.js';
import { FakeClock } from '../../../../support/fake-clock.js';

const port: PortItem = {
  ...{ kind: 'port', endpoint: 'web', vni: 10, mac: '02:00:00:00:00:01', addresses: [] },
  ...{ adminUp: true, mtu: 1500 },
  port: { kind: 'host_interface', interface: 'p0' },
};

describe('what VPP tells once in ten seconds', () => {
  let clock: FakeClock;
  let asked: string[];
  let damping: Damping;

  beforeEach(() => {
    [clock, asked] = [new FakeClock(), []];
    damping = new Damping({
      clock,
      ask: ({ endpoint }) => asked.push(`${endpoint} ${clock.monotonic()}`),
    });
  });

  it('is no matter once the guest has said something else', async () => {
    damping.told(port);
    await clock.advance(1000);
    damping.told(undefined);
    await clock.advance(60_000);
    assert.deepEqual(asked, ['web 1000']);
    assert.equal(clock.pending, 0);
  });

  it('is asked for even if another has spoken since: what was held back may have come before', async () => {
    const other = { ...port, endpoint: 'db' };
    damping.told(port);
    await clock.advance(900);
    damping.told(other);
    damping.told(undefined);
    await clock.advance(60_000);
    assert.deepEqual(asked, ['web 1000', 'db 1900']);
    assert.equal(clock.pending, 0);
  });

  describe('with guests that answer', () => {
    const other = { ...port, endpoint: 'db' };
    let answering: Damping;

    /** With what it is asked for, and last with something else. */
    const answer = (at: PortItem): void => {
      for (const each of [undefined, at, undefined]) answering.told(each);
    };

    beforeEach(() => {
      answering = new Damping({
        clock,
        ask: (at) => {
          asked.push(`${at.endpoint} ${clock.monotonic()}`);
          answer(at);
        },
      });
    });

    it('is asked for once of each that speaks again and again', async () => {
      for (const each of [port, other, port]) {
        answering.told(each);
        await clock.advance(400);
      }
      await clock.advance(60_000);
      assert.deepEqual(asked, ['db 1400', 'web 1800']);
      assert.equal(clock.pending, 0);
    });

    for (const lateMs of [0, 900, 1100, 9900]) {
      it(`is asked for no more after a question that somebody else had, answered after ${lateMs} ms`, async () => {
        answering.asked(port);
        await clock.advance(lateMs);
        answer(port);
        await clock.advance(60_000);
        assert.deepEqual(asked, []);
        assert.equal(clock.pending, 0);
      });
    }
  });

  it('is asked for again of a guest that says nothing else', async () => {
    damping.told(port);
    await clock.advance(10_500);
    assert.deepEqual(asked, ['web 1000', 'web 10500']);
    await clock.advance(1000);
    damping.told(port);
    await clock.advance(21_000);
    assert.deepEqual(asked.slice(2), ['web 13500', 'web 32500']);
  });

  it('is asked for less and less of a guest whose answers are all that it says', async () => {
    // VPP tells of two addresses in turn, as often as it is asked.
    const answering = new Damping({
      clock,
      ask: (at) => {
        asked.push(`${clock.monotonic()}`);
        if (asked.length > 100) assert.fail('asked for ever');
        for (let i = 0; i < 2; i++) answering.told(at);
      },
    });
    answering.told(port);
    await clock.advance(300_000);
    const times = [1, 3, 7, 15, 31, 63, 123, 183, 243].map((s) => `${s * 1000}`);
    assert.deepEqual(asked, times);
    assert.equal(clock.pending, 1);
  });

  it('is asked for less and less also if questions and answers are late', async () => {
    const late = new Damping({
      clock,
      ask: (at) => {
        asked.push(`${clock.monotonic()}`);
        clock.after(1100, () => {
          late.asked(at);
          clock.after(1100, () => {
            for (let i = 0; i < 2; i++) late.told(at);
          });
        });
      },
    });
    late.told(port);
    await clock.advance(120_000);
    assert.deepEqual(asked, ['1000', '5200', '11400', '21600', '39800', '74000']);
  });

  it('is asked for soon again of a guest that speaks by itself, or another', async () => {
    const other = { ...port, endpoint: 'db' };
    damping.told(port);
    await clock.advance(1000);
    damping.told(other);
    await clock.advance(1000);
    damping.told(undefined);
    await clock.advance(10_000);
    damping.told(port);
    await clock.advance(1000);
    assert.deepEqual(asked, ['web 1000', 'db 2000', 'web 13000']);
  });

  it('is asked for no more when it is over', async () => {
    damping.told(port);
    damping.stop();
    await clock.advance(60_000);
    assert.deepEqual(asked, []);
  });
});
