/** A monitor whose process speaks, dies and floods; its clock stands still unless it is moved. */
import assert from 'node:assert/strict';
import { Monitor } from '../../../../src/host/iproute2/monitor.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { FakeIproute2 } from '../../../support/fake-iproute2.js';

/** When a new process is known to listen; see monitor.ts. */
const SETTLED_MS = 200;

describe('Monitor', () => {
  let fake: FakeIproute2;
  let clock: FakeClock;
  let lines: string[];
  let gaps: number;
  let monitor: Monitor;
  /** What it asked the clock for: when it starts, and when it waits to start again. */
  let asked: number[];

  const start = (verb: string, searchPath = fake.searchPath): void => {
    const timers = {
      monotonic: (): number => clock.monotonic(),
      after: (ms: number, callback: () => void): (() => void) => {
        asked.push(ms);
        return clock.after(ms, callback);
      },
    };
    monitor = new Monitor({ name: 'ip', args: [verb], searchPath }, timers, {
      line: (text) => lines.push(text),
      gap: () => gaps++,
    });
  };

  const started = (count: number): Promise<number[]> =>
    eventually(async () => {
      const pids = await fake.started();
      assert.ok(pids.length <= count, `${pids.length} starts`);
      return pids.length === count && pids;
    });

  /** How long it waits after so many deaths. */
  const waitAfter = async (deaths: number): Promise<number> => {
    await eventually(() => asked.length === 2 * deaths);
    return asked.at(-1) ?? assert.fail();
  };

  beforeEach(async () => {
    fake = await FakeIproute2.monitor();
    clock = new FakeClock();
    lines = [];
    gaps = 0;
    asked = [];
  });

  afterEach(async () => {
    monitor.close();
    for (const pid of await fake.started()) await eventually(() => isGone(pid));
    await fake.remove();
  });

  it('tells each line, wherever it was cut', async () => {
    start('lines');
    await eventually(() => lines.length === 3);
    assert.deepEqual(lines, ['one', 'two', 'three']);
    await clock.advance(SETTLED_MS);
    assert.equal(gaps, 0, 'nothing was missed at the first start');
    assert.equal(clock.pending, 0);
  });

  it('tells a gap for what the kernel dropped, and goes on', async () => {
    start('warn');
    await eventually(() => gaps === 1);
    await clock.advance(SETTLED_MS);
    assert.equal((await started(1)).length, 1);
  });

  it('is started again when it dies, and tells a gap when it listens', async () => {
    start('die-once');
    assert.equal(await waitAfter(1), 100);
    await clock.advance(100);
    await started(2);
    assert.equal(gaps, 0);
    await clock.advance(SETTLED_MS);
    assert.equal(gaps, 1);
    assert.equal(clock.pending, 0);
  });

  it('waits longer each time it dies, half a minute at most', async () => {
    start('die');
    const waits: number[] = [];
    for (let deaths = 1; deaths <= 11; deaths++) {
      const wait = await waitAfter(deaths);
      waits.push(wait);
      await clock.advance(wait);
    }
    assert.deepEqual(waits.slice(0, 3), [100, 200, 400]);
    assert.deepEqual(waits.slice(-2), [30_000, 30_000]);
    assert.equal(gaps, 0, 'none of them listened');
  });

  it('begins with the first wait again after it has run for a minute', async () => {
    start('die-once');
    await clock.advance(await waitAfter(1));
    const [, second = 0] = await started(2);
    await clock.advance(61_000);
    process.kill(second, 'SIGKILL');
    assert.equal(await waitAfter(2), 100);
  });

  it('ends a process whose line has no end', async () => {
    start('endless');
    await waitAfter(1);
    assert.deepEqual(lines, []);
  });

  it('is looked for again when there is no such program', async () => {
    start('lines', '/nowhere');
    assert.equal(await waitAfter(1), 100);
    assert.equal(gaps, 0);
  });

  it('is not started again, nor heard, after it was closed', async () => {
    start('die');
    await waitAfter(1);
    monitor.close();
    assert.equal(clock.pending, 0);
    await clock.advance(60_000);
    assert.equal((await fake.started()).length, 1);
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
