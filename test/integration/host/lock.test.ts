import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lockFile } from '../../../src/host/lock.js';
import { TempFiles } from '../../support/temp-files.js';

describe('lockFile', () => {
  let temp: TempFiles;
  beforeEach(async () => {
    temp = await TempFiles.create();
  });
  afterEach(() => temp.remove());

  it('lets one in at a time', async () => {
    const path = temp.path('lock');
    const lock = await lockFile(path);
    await assert.rejects(lockFile(path), {
      code: 'HOST_BUSY',
      message: `another process is changing this host: it has ${path} locked`,
    });
    await lock.release();
    await (await lockFile(path)).release();
  });

  it('is free the moment its holder is killed', async () => {
    const path = temp.path('lock');
    const script = `exec 3>"$1"; flock -x 3; echo locked; exec cat`;
    const child = spawn('bash', ['-c', script, 'bash', path], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    await assert.rejects(lockFile(path), { code: 'HOST_BUSY' });
    child.kill('SIGKILL');
    await once(child, 'close');
    await (await lockFile(path)).release();
  });

  it('says what it cannot open', async () => {
    await assert.rejects(lockFile(temp.path('none/lock')), { code: 'FILE_UNREADABLE' });
  });
});
