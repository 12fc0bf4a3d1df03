/** What undoes a change of the host that nobody confirms, on real files. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { guardHost } from '../../../src/main/host-daemon.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLog } from '../../support/null-log.js';
import { refusedWith } from '../../support/refusals.js';
import { tempDir } from '../../support/temp-dir.js';

describe('the guard of a change of the host', () => {
  const LOOK_MS = 500;
  let dir: ReturnType<typeof tempDir>;
  let clock: FakeClock;
  let log: MemoryLog;
  beforeEach(() => {
    dir = tempDir();
    clock = new FakeClock();
    log = new MemoryLog();
    // No journal can be read where a directory is.
    mkdirSync(join(dir.path, 'journal'));
  });
  afterEach(() => {
    dir.remove();
  });

  const start = (): Promise<void> => guardHost({ stateDir: dir.path, nva: [] }, log, clock);
  const failedLooks = async (count: number): Promise<void> => {
    await eventually(() => log.lines.length === count && clock.pending === 1);
  };

  it('looks again at what it cannot read', async () => {
    const guard = start();
    await failedLooks(1);
    await clock.advance(LOOK_MS);
    await failedLooks(2);
    rmdirSync(join(dir.path, 'journal'));
    await clock.advance(LOOK_MS);
    await guard;
    assert.ok(log.lines.every(({ level }) => level === 'error'));
  });

  it('gives up after half a minute, and says why', async () => {
    const guard = refusedWith('FILE_UNREADABLE', start());
    for (let looks = 1; looks < 60; looks++) {
      await failedLooks(looks);
      await clock.advance(LOOK_MS);
    }
    await guard;
    assert.equal(clock.monotonic(), 59 * LOOK_MS);
  });
});
