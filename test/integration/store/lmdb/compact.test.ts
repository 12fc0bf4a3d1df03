import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Environment } from '../../../../src/store/lmdb/environment.js';
import { encodeState, STATE_KEY } from '../../../../src/store/lmdb/layout.js';
import { Records } from '../../../../src/store/lmdb/records.js';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import { verifyDataFile } from '../../../../src/store/lmdb/verify.js';
import type { Store } from '../../../../src/store/store.js';
import { commit, del, op, put, rejects } from '../../../support/store-helpers.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

/** So many transactions, one after the other but not waiting for each, on so many keys. */
async function puts(store: Store, count: number, keys: number, value?: string): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, i) => put(store, `k${i % keys}`, value ?? String(i))),
  );
}

describe('compaction of the embedded store', function () {
  this.timeout(60_000);
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'store');
  });

  afterEach(async () => {
    await directory.remove();
  });

  const verify = () => verifyDataFile(join(path, 'data.mdb'));

  it('leaves the keys and nothing else, also of deleted ones', async () => {
    const store = await openLmdbStore({ path });
    await puts(store, 700, 10);
    for (let i = 0; i < 5; i++) await commit(store, del(`k${i}`), op('x', ''));
    await store.compact(store.status().revision);
    await store.close();
    const { records, state } = await verify();
    assert.equal(state.purgedRevision, 705);
    // Five of the ten keys, x, and the state.
    assert.equal(records, 7);
  });

  it('lets pages be used again', async () => {
    const store = await openLmdbStore({ path });
    const value = 'v'.repeat(3000);
    const round = async (): Promise<number> => {
      for (let i = 0; i < 10; i++) await puts(store, 30, 20, value);
      await store.compact(store.status().revision);
      return (await verify()).pages;
    };
    await round();
    const second = await round();
    for (let i = 0; i < 3; i++) await round();
    assert.ok((await round()) <= second * 1.1);
    await store.close();
  });

  it('does what an earlier one could not finish', async () => {
    const store = await openLmdbStore({ path });
    await puts(store, 600, 10);
    await store.close();
    // As if killed right after the compact revision was raised.
    const environment = new Environment({ path, mapSize: 2 ** 30 });
    await environment.ready();
    const state = { ...new Records(environment).state(), compactRevision: 500 };
    await environment.commit([{ key: STATE_KEY, record: encodeState(state) }]);
    await environment.close();
    const again = await openLmdbStore({ path });
    await rejects(again.get('k1', 499), 'REVISION_COMPACTED');
    assert.equal((await again.get('k1', 500))?.value, '491');
    await again.compact(400);
    await again.close();
    assert.equal((await verify()).state.purgedRevision, 500);
  });
});
