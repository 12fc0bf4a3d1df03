import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import { skip } from '../../../support/skip.js';
import { del, commit, put, rejects } from '../../../support/store-helpers.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const run = promisify(execFile);

describe('the embedded store without room', function () {
  this.timeout(60_000);

  it('refuses writes on a full disk, reads on, and writes again when there is room', async function () {
    const directory = await temporaryDirectory();
    try {
      await run('unshare', ['--mount', 'true']);
    } catch {
      await directory.remove();
      skip(this, 'a private mount namespace needs root');
    }
    const program = fileURLToPath(new URL('../../../support/store-full-disk.js', import.meta.url));
    try {
      const args = ['--mount', process.execPath, program, directory.path];
      const { stdout, stderr } = await run('unshare', args);
      assert.equal(stdout, 'ok', stderr);
      assert.equal(stderr, '');
    } finally {
      await directory.remove();
    }
  });

  it('keeps its limit, and has room again after deletes and a compaction', async () => {
    const directory = await temporaryDirectory();
    const store = await openLmdbStore({ path: directory.path, maxBytes: 8 * 1024 * 1024 });
    try {
      const value = 'v'.repeat(100_000);
      let count = 0;
      const fill = async (): Promise<void> => {
        for (;;) await put(store, `k${count++}`, value);
      };
      const error = await rejects(fill(), 'STORE_FULL');
      assert.match(error.message, /limit of 8388608 bytes/);
      assert.ok(count > 60 && count < 100, `${count} values`);
      // Deletes are allowed, and alone are not enough.
      for (let i = 0; i < 40; i++) await commit(store, del(`k${i}`));
      await rejects(put(store, 'a', value), 'STORE_FULL');
      await store.compact(store.status().revision);
      for (let i = 0; i < 20; i++) await put(store, `again${i}`, value);
      assert.equal((await store.get('again19'))?.value, value);
    } finally {
      await store.close();
      await directory.remove();
    }
  });
});
