/**
 * A program of its own, in a private mount namespace: puts a small tmpfs on a directory, fills it,
 * and looks at what a last good configuration does on it. Ends with "ok", or fails.
 *
 *   unshare --mount node last-good-full-disk.js DIRECTORY
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NfvError } from '../../src/errors.js';
import { LastGood } from '../../src/nve/last-good.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import { contentAfter, deltaOf } from './last-good-deltas.js';

async function fill(file: string): Promise<void> {
  const { bavail, bsize } = await statfs(join(file, '..'));
  await writeFile(file, Buffer.alloc(bavail * bsize)).catch(() => undefined);
}

async function main(directory: string): Promise<void> {
  const options = 'size=48m,mode=700';
  await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', options, 'nfvt-full', directory]);
  const path = join(directory, 'state');
  const ballast = join(directory, 'ballast');
  let store = await openLmdbStore({ path });
  const open = async (): Promise<LastGood> =>
    (await LastGood.open({ store, nve: 'host-a', makeUuid: () => 'uuid' })).lastGood;
  let lastGood = await open();
  const refusals = new Set<string>();
  for (let round = 0; round < 6; round++) {
    await fill(ballast);
    // What is left in the file takes a few.
    for (let failures = 0; failures < 3;) {
      const { revision, digest } = lastGood;
      try {
        await lastGood.apply('store', deltaOf(revision + 1));
      } catch (error) {
        failures++;
        refusals.add(NfvError.from(error).code);
        assert.equal(lastGood.revision, revision);
        assert.equal(lastGood.digest, digest);
      }
    }
    const expected = contentAfter(lastGood.revision);
    assert.deepEqual(new Map(lastGood.entries()), expected);
    await rm(ballast);
    if (round % 2 === 1) {
      await store.close();
      store = await openLmdbStore({ path });
      const reopened = await open();
      assert.deepEqual(new Map(reopened.entries()), expected);
      lastGood = reopened;
    }
    for (let n = 0; n < 5; n++) await lastGood.apply('store', deltaOf(lastGood.revision + 1));
    assert.deepEqual(new Map(lastGood.entries()), contentAfter(lastGood.revision));
  }
  await store.close();
  assert.deepEqual([...refusals], ['STORE_FULL']);
  process.stdout.write('ok');
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? '');
