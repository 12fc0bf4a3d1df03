import assert from 'node:assert/strict';
import { chmod, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { readText, removeDurably, writeDurably } from '../../../src/host/durable-file.js';
import { TempFiles } from '../../support/temp-files.js';

describe('durable files', () => {
  let temp: TempFiles;
  beforeEach(async () => {
    temp = await TempFiles.create();
  });
  afterEach(() => temp.remove());

  it('replaces a file, keeps its mode, and leaves nothing beside it', async () => {
    const path = await temp.write('etc/startup.conf', 'old');
    await chmod(path, 0o640);
    await writeDurably(path, 'new');
    assert.equal(await readText(path, 100), 'new');
    assert.equal((await stat(path)).mode & 0o777, 0o640);
    assert.deepEqual(await readdir(temp.path('etc')), ['startup.conf']);
  });

  it('replaces what a symbolic link leads to, and keeps the link', async () => {
    const path = await temp.write('srv/startup.conf', 'old');
    const link = temp.path('startup.conf');
    await symlink('srv/startup.conf', link);
    await writeDurably(link, 'new');
    assert.equal(await readlink(link), 'srv/startup.conf');
    assert.equal(await readText(path, 100), 'new');
  });

  it('creates it with its folder, and removes it twice', async () => {
    const path = temp.path('a/b/file');
    await writeDurably(path, 'x');
    await removeDurably(path);
    await removeDurably(path);
    await removeDurably(temp.path('none/file'));
    assert.equal(await readText(path, 100), undefined);
  });

  it('refuses what is too large or no file', async () => {
    const path = await temp.write('file', 'four');
    await assert.rejects(readText(path, 3), { code: 'MESSAGE_TOO_LARGE' });
    assert.equal(await readText(`${path}/below`, 3), undefined);
    await assert.rejects(writeDurably(`${path}/below`, ''), { code: 'FILE_UNREADABLE' });
    await assert.rejects(readText(temp.directory, 1 << 20), { code: 'FILE_UNREADABLE' });
  });
});
