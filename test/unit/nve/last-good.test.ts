import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { NfvError } from '../../../src/errors.js';
import { LastGood, readLastGood } from '../../../src/nve/last-good.js';
import { dropConfiguration } from '../../../src/nve/state-records.js';
import { openLmdbStore } from '../../../src/store/lmdb/store.js';
import type { Store } from '../../../src/store/store.js';
import { delta } from '../../support/agent-rig.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { bridgeDomain, itemOf, vtep } from '../../support/items.js';
import { refusedWith } from '../../support/refusals.js';
import { tempDir } from '../../support/temp-dir.js';

const VTEP = itemOf(vtep());
const BD = itemOf(bridgeDomain(10));

describe('the last good configuration', () => {
  let dir: ReturnType<typeof tempDir>;
  let store: Store;
  let uuids: number;

  beforeEach(async () => {
    dir = tempDir();
    store = await openLmdbStore({ path: dir.path });
    uuids = 0;
  });
  afterEach(async () => {
    await store.close();
    dir.remove();
  });

  const open = (nve = 'host-a', within: Store = store): ReturnType<typeof LastGood.open> =>
    LastGood.open({ store: within, nve, makeUuid: () => `uuid-${++uuids}` });

  it('has an identity from its first moment on, and keeps it', async () => {
    const { lastGood, items } = await open();
    assert.equal(lastGood.nodeUuid, 'uuid-1');
    assert.deepEqual(items, []);
    assert.deepEqual(lastGood.epoch, { storeId: '', number: 0 });
    assert.equal(lastGood.complete, false);
    assert.equal((await open()).lastGood.nodeUuid, 'uuid-1');
  });

  it('is what the deltas made of it, now and after a restart', async () => {
    const { lastGood } = await open();
    await lastGood.apply('store-1', delta([VTEP, BD], { complete: false, revision: 3 }));
    assert.equal(lastGood.complete, false);
    await lastGood.apply('store-1', delta([], { removes: [VTEP.key, 'absent'], revision: 4 }));
    const again = await open();
    for (const one of [lastGood, again.lastGood]) {
      assert.deepEqual([...one.entries()], [[BD.key, BD.version]]);
      assert.deepEqual(one.epoch, { storeId: 'store-1', number: 5 });
      assert.equal(one.revision, 4);
      assert.equal(one.complete, true);
      assert.equal(one.size, 1);
      const hash = createHash('sha256').update(`${BD.key}\0${BD.version}`).digest('hex');
      assert.equal(one.digest, hash.slice(0, 16));
    }
    assert.deepEqual(again.items, [BD]);
    assert.deepEqual(await readLastGood(store, 'host-a'), {
      items: [BD],
      complete: true,
      revision: 4,
    });
  });

  it('stays complete once it was', async () => {
    const { lastGood } = await open();
    await lastGood.apply('store-1', delta([VTEP]));
    await lastGood.apply('store-1', delta([BD], { complete: false, revision: 0 }));
    assert.equal((await open()).lastGood.complete, true);
  });

  it('takes the epoch of an NVA that finds it as it should be', async () => {
    const { lastGood } = await open();
    await lastGood.apply('store-1', delta([VTEP], { complete: false }));
    await lastGood.confirm({ storeId: 'store-1', number: 6 });
    const { revision } = store.status();
    await lastGood.confirm({ storeId: 'store-1', number: 6 });
    assert.equal(store.status().revision, revision, 'nothing was written');
    const { lastGood: again } = await open();
    assert.equal(again.epoch.number, 6);
    assert.equal(again.complete, true);
    assert.equal(again.revision, 10);
  });

  it('is as it was when a delta cannot be stored', async () => {
    const faulty = new FaultyStore(store);
    const { lastGood } = await open('host-a', faulty);
    await lastGood.apply('store-1', delta([VTEP]));
    const { digest } = lastGood;
    faulty.judge = () => ({ error: new NfvError('STORE_FULL', 'no room') });
    const more = delta([BD], { removes: [VTEP.key], revision: 11 });
    await refusedWith('STORE_FULL', lastGood.apply('store-1', more));
    assert.equal(lastGood.digest, digest);
    assert.equal(lastGood.revision, 10);
    faulty.judge = undefined;
    await lastGood.apply('store-1', more);
    assert.deepEqual((await open()).items, [BD]);
  });

  it("refuses another NVE's, and that NVE is not harmed", async () => {
    const { lastGood } = await open('host-a');
    await lastGood.apply('store-1', delta([VTEP]));
    const { revision } = store.status();
    const error = await refusedWith('NVE_IDENTITY_MISMATCH', open('host-b'));
    assert.match(error.message, /host-a, not host-b/);
    await refusedWith('NVE_IDENTITY_MISMATCH', readLastGood(store, 'host-b'));
    assert.equal(store.status().revision, revision, 'nothing was written');
    assert.deepEqual((await open('host-a')).items, [VTEP]);
  });

  it('goes to whoever comes next once it was forgotten', async () => {
    const { lastGood } = await open('host-a');
    await lastGood.apply('store-1', delta([VTEP, BD]));
    assert.equal(await dropConfiguration(store, () => 'new'), true);
    const { lastGood: next, items } = await open('host-b');
    assert.deepEqual(items, []);
    assert.equal(next.nodeUuid, 'uuid-1');
    assert.deepEqual(next.epoch, { storeId: '', number: 0 });
    assert.equal(next.complete, false);
    await refusedWith('NVE_IDENTITY_MISMATCH', open('host-a'));
  });
});
