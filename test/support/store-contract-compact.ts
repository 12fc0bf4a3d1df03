import assert from 'node:assert/strict';
import { commit, del, next, op, put, rejects, type TheStore, watchFor } from './store-helpers.js';

export function compactionContract(store: TheStore): void {
  describe('compaction', () => {
    it('keeps what is readable from its revision on', async () => {
      const base = store().status().revision;
      await commit(store(), op('a', '1'), op('gone', '1'));
      await commit(store(), op('a', '2'), del('gone'));
      await put(store(), 'a', '3');
      await commit(store(), del('a'));
      const before = await Promise.all(
        [2, 3, 4].map((i) => store().range({ prefix: '', revision: base + i })),
      );
      const watched = await watchFor(store(), { prefix: '', after: base + 2 }, 2);
      await store().compact(base + 2);
      assert.equal(store().status().compactRevision, base + 2);
      assert.equal(store().status().revision, base + 4);
      const after = await Promise.all(
        [2, 3, 4].map((i) => store().range({ prefix: '', revision: base + i })),
      );
      assert.deepEqual(after, before);
      assert.deepEqual(await watchFor(store(), { prefix: '', after: base + 2 }, 2), watched);
    });

    it('forgets what was before', async () => {
      const first = await put(store(), 'a', '1');
      const second = await put(store(), 'a', '2');
      await store().compact(second);
      await rejects(store().get('a', first), 'REVISION_COMPACTED');
      await rejects(store().range({ prefix: '', revision: first }), 'REVISION_COMPACTED');
      const { signal } = new AbortController();
      const late = store().watch({ prefix: '', after: first, signal });
      await rejects(next(late), 'REVISION_COMPACTED');
      assert.equal((await store().get('a', second))?.value, '2');
    });

    it('ends a watch that fell behind it', async () => {
      const base = store().status().revision;
      const { signal } = new AbortController();
      const watch = store().watch({ prefix: 'a', after: base, signal })[Symbol.asyncIterator]();
      await put(store(), 'a', 'first');
      assert.equal((await watch.next()).done, false);
      // More than a watcher may have read ahead.
      for (let i = 0; i < 400; i++) await put(store(), 'a', `${i}${'x'.repeat(10_000)}`);
      await store().compact(store().status().revision);
      await rejects(
        (async () => {
          while ((await watch.next()).done !== true);
        })(),
        'REVISION_COMPACTED',
      );
    });

    it('does not end a watch that kept up', async () => {
      const base = store().status().revision;
      const { signal } = new AbortController();
      const watch = store().watch({ prefix: '', after: base, signal })[Symbol.asyncIterator]();
      for (let i = 1; i <= 5; i++) {
        const waiting = watch.next();
        const revision = await put(store(), 'a', String(i));
        const result = await waiting;
        assert.equal(result.done === true ? undefined : result.value.revision, revision);
        await store().compact(revision);
      }
      await watch.return?.();
    });

    it('can be done twice, and at the latest revision', async () => {
      const first = await put(store(), 'a', '1');
      const second = await put(store(), 'b', '2');
      await store().compact(second);
      await store().compact(second);
      await store().compact(first);
      assert.equal(store().status().compactRevision, second);
      assert.equal((await store().range({ prefix: '' })).kvs.length, 2);
      assert.equal(await put(store(), 'a', '3'), second + 1);
      assert.equal((await store().get('a', second))?.value, '1');
    });

    it('refuses a revision that is not reached', async () => {
      const revision = await put(store(), 'a', '1');
      await rejects(store().compact(revision + 1), 'REVISION_IN_FUTURE');
    });

    it('goes on while others write and compact', async () => {
      const writing = Promise.all(
        Array.from({ length: 4 }, async (_, w) => {
          for (let i = 0; i < 100; i++) await put(store(), `k${w}`, String(i));
        }),
      );
      for (let i = 0; i < 10; i++) {
        const { revision } = store().status();
        await Promise.all([store().compact(revision), store().compact(revision)]);
        assert.ok(store().status().compactRevision >= revision);
      }
      await writing;
      const { kvs } = await store().range({ prefix: 'k' });
      assert.deepEqual(
        kvs.map((kv) => kv.value),
        ['99', '99', '99', '99'],
      );
    });
  });
}
