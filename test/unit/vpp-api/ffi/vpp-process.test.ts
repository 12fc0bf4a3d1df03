import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../../src/model/clock.js';
import { processInstance, watchProcess } from '../../../../src/vpp-api/ffi/vpp-process.js';
import { tempDir } from '../../../support/temp-dir.js';

const STAT = (state: string, start: number): string =>
  `7 (a) b) ${state} 1 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 ${start} 1 1 18446744073709551615`;

describe('processInstance', () => {
  const dir = tempDir();
  before(() => {
    for (const pid of [7, 8]) mkdirSync(join(dir.path, String(pid)));
    writeFileSync(join(dir.path, '7', 'stat'), STAT('S', 4242));
    writeFileSync(join(dir.path, '8', 'stat'), STAT('Z', 4242));
  });
  after(() => {
    dir.remove();
  });

  it('names a process by its id and when it started, whatever its name', async () => {
    assert.equal(await processInstance(7, dir.path), '7:4242');
  });

  it('knows neither a zombie nor one that is not there', async () => {
    assert.equal(await processInstance(8, dir.path), undefined);
    assert.equal(await processInstance(9, dir.path), undefined);
  });
});

describe('watchProcess', () => {
  it('tells once when the process is gone', async () => {
    const child = spawn('sleep', ['60']);
    const pid = child.pid ?? 0;
    const instance = await processInstance(pid);
    assert.ok(instance !== undefined);
    const gone = new Promise<void>((resolve) => {
      watchProcess(pid, instance, systemClock, resolve);
    });
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await Promise.all([gone, ended]);
  });

  it('tells nothing once it is stopped', async () => {
    const pending: (() => void)[] = [];
    const timers = {
      monotonic: () => 0,
      after: (_: number, callback: () => void) => {
        pending.push(callback);
        return () => pending.splice(0);
      },
    };
    const stop = watchProcess(999_999_999, 'x', timers, () => assert.fail('told'));
    stop();
    assert.deepEqual(pending, []);
    await processInstance(1);
  });
});
