/**
 * What every store keeps (src/store/store.ts), as one suite for all of them. A store is added by
 * a factory; nothing here says LMDB. Revisions are relative to the one a store starts with, so
 * that several suites may share one etcd.
 */
import assert from 'node:assert/strict';
import { compactionContract } from './store-contract-compact.js';
import { limitsContract } from './store-contract-limits.js';
import { modelContract } from './store-contract-model.js';
import { rangeContract } from './store-contract-range.js';
import { txnContract } from './store-contract-txn.js';
import { watchContract } from './store-contract-watch.js';
import {
  next,
  op,
  put,
  rejects,
  type StoreFactory,
  type StoreUnderTest,
  type TheStore,
  watchFor,
} from './store-helpers.js';

export function storeContract(factory: StoreFactory): void {
  describe(`store contract: ${factory.name}`, function () {
    this.timeout(240_000);
    let open: StoreUnderTest;
    const store: TheStore = () => open.store;

    beforeEach(async () => {
      open = await factory.open();
    });

    afterEach(async () => {
      await open.dispose();
    });

    txnContract(store, factory.capabilities.increments);
    rangeContract(store);
    watchContract(store);
    compactionContract(store);
    limitsContract(store);

    describe('restart', () => {
      it('keeps values, revisions and history', async () => {
        const first = await put(store(), 'a', '1');
        const second = await put(store(), 'a', '2');
        await put(store(), 'b', '3');
        const { storeId, revision, epoch } = store().status();
        open = await open.reopen();
        assert.equal(store().status().storeId, storeId);
        assert.equal(store().status().revision, revision);
        assert.ok(store().status().epoch > epoch, 'the epoch grew');
        assert.equal((await store().get('a', first))?.value, '1');
        assert.deepEqual(await store().get('a'), {
          key: 'a',
          value: '2',
          createRevision: first,
          modRevision: second,
        });
        const batches = await watchFor(store(), { prefix: '', after: first }, 2);
        assert.deepEqual(
          batches.map((batch) => batch.revision),
          [second, revision],
        );
        // Opening may take revisions.
        assert.ok((await put(store(), 'c', '4')) > revision);
      });

      it('keeps the compaction', async () => {
        const first = await put(store(), 'a', '1');
        const second = await put(store(), 'a', '2');
        await store().compact(second);
        open = await open.reopen();
        assert.equal(store().status().compactRevision, second);
        await rejects(store().get('a', first), 'REVISION_COMPACTED');
        assert.equal((await store().get('a', second))?.value, '2');
      });
    });

    describe('close', () => {
      it('refuses what comes later', async () => {
        const closed = store();
        await closed.close();
        await rejects(closed.get('a'), 'STORE_CLOSED');
        await rejects(closed.range({ prefix: '' }), 'STORE_CLOSED');
        await rejects(closed.txn({ compare: [], ops: [op('a', '1')] }), 'STORE_CLOSED');
        await rejects(closed.compact(0), 'STORE_CLOSED');
        const { signal } = new AbortController();
        await rejects(next(closed.watch({ prefix: '', after: 0, signal })), 'STORE_CLOSED');
        assert.throws(() => closed.status(), { code: 'STORE_CLOSED' });
        await closed.close();
      });

      it('ends watches that wait', async () => {
        const after = store().status().revision;
        const { signal } = new AbortController();
        const waiting = rejects(next(store().watch({ prefix: '', after, signal })), 'STORE_CLOSED');
        await store().close();
        await waiting;
      });

      it('completes the transactions called before', async () => {
        const called = Array.from({ length: 20 }, (_, i) => put(store(), `k${i}`, 'v'));
        open = await open.reopen();
        await Promise.all(called);
        assert.equal((await store().range({ prefix: 'k' })).kvs.length, 20);
      });
    });

    modelContract(factory);
  });
}
