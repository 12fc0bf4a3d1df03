import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { WatchBatch } from '../../src/store/store.js';
import { commit, del, next, op, put, rejects, type TheStore, watchFor } from './store-helpers.js';

export function watchContract(store: TheStore): void {
  describe('watches', () => {
    it('tell every transaction after their start, in its own order', async () => {
      const base = store().status().revision;
      await commit(store(), op('b', '1'), op('a', '2'));
      await commit(store(), del('a'), op('c', '3'), op('b', '4'));
      assert.deepEqual(await watchFor(store(), { prefix: '', after: base }, 2), [
        {
          revision: base + 1,
          events: [putEvent('b', '1', base + 1, base + 1), putEvent('a', '2', base + 1, base + 1)],
        },
        {
          revision: base + 2,
          events: [
            { kind: 'delete', key: 'a', previous: '2' },
            putEvent('c', '3', base + 2, base + 2),
            putEvent('b', '4', base + 1, base + 2),
          ],
        },
      ]);
    });

    it('tell the values of their time, however old', async () => {
      const base = store().status().revision;
      for (let i = 0; i < 20; i++) await put(store(), 'a', String(i));
      await commit(store(), del('a'));
      await put(store(), 'a', 'again');
      const batches = await watchFor(store(), { prefix: 'a', after: base }, 22);
      assert.deepEqual(
        batches.map(({ events: [event] }) =>
          event?.kind === 'put' ? event.kv.value : `-${event?.previous ?? ''}`,
        ),
        [...Array.from({ length: 20 }, (_, i) => String(i)), '-19', 'again'],
      );
    });

    it('leave out other keys, and transactions of only those', async () => {
      const after = store().status().revision;
      await put(store(), 'x/1', '');
      await commit(store(), op('y/1', ''), op('x/2', ''), op('y/2', ''));
      await put(store(), 'y/3', '');
      const last = await put(store(), 'x', '');
      const batches = await watchFor(store(), { prefix: 'x', after }, 3);
      assert.deepEqual(
        batches.map(({ events }) => events.map((e) => (e.kind === 'put' ? e.kv.key : e.key))),
        [['x/1'], ['x/2'], ['x']],
      );
      assert.equal(batches.at(-1)?.revision, last);
    });

    it('wait for what is yet to come', async () => {
      const after = store().status().revision;
      const waiting = watchFor(store(), { prefix: 'a', after }, 2);
      await put(store(), 'b', '');
      const first = await put(store(), 'a', '1');
      const second = await put(store(), 'a', '2');
      assert.deepEqual(
        (await waiting).map((batch) => batch.revision),
        [first, second],
      );
    });

    it('go on from any revision, with nothing lost and nothing twice', async () => {
      const base = store().status().revision;
      const count = 300;
      const writing = (async () => {
        for (let i = 0; i < count; i++) await put(store(), `k${i % 5}`, String(i));
      })();
      const seen: WatchBatch[] = [];
      for (let n = 1; seen.length < count; n = (n % 7) + 1) {
        const after = seen.at(-1)?.revision ?? base;
        const few = Math.min(n, count - seen.length);
        seen.push(...(await watchFor(store(), { prefix: 'k', after }, few)));
      }
      await writing;
      const values = seen.map(({ events: [e] }) => (e?.kind === 'put' ? e.kv.value : ''));
      assert.deepEqual(
        values,
        Array.from({ length: count }, (_, i) => String(i)),
      );
      assert.deepEqual(
        seen.map((batch) => batch.revision),
        seen.map((_, i) => base + 1 + i),
      );
    });

    it('are independent, slow and fast', async () => {
      const after = store().status().revision;
      const { signal } = new AbortController();
      const slow = store().watch({ prefix: '', after, signal })[Symbol.asyncIterator]();
      const fast = watchFor(store(), { prefix: '', after }, 200);
      const first = slow.next();
      for (let i = 0; i < 200; i++) await put(store(), `k${i}`, 'v'.repeat(1000));
      assert.equal((await fast).length, 200);
      const slowly = [await first];
      while (slowly.length < 200) slowly.push(await slow.next());
      assert.deepEqual(
        slowly.map((result) => (result.done === true ? undefined : result.value)),
        await fast,
      );
      await slow.return?.();
    });

    it('end at once and without an error by their signal, and leave no listeners', async () => {
      const after = store().status().revision;
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = Array.from({ length: 8 }, () =>
        next(store().watch({ prefix: '', after, signal })),
      );
      await put(store(), 'warm-up', '');
      assert.ok((await Promise.all(waiting)).every((batch) => batch !== undefined));
      assert.equal(getEventListeners(signal, 'abort').length, 0);
      const again = next(store().watch({ prefix: '', after: after + 1, signal }));
      controller.abort();
      assert.equal(await again, undefined);
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });

    it('end between batches, too', async () => {
      const after = store().status().revision;
      for (let i = 0; i < 10; i++) await put(store(), 'a', String(i));
      const controller = new AbortController();
      const seen: number[] = [];
      const { signal } = controller;
      for await (const { revision } of store().watch({ prefix: '', after, signal })) {
        seen.push(revision);
        controller.abort();
      }
      assert.deepEqual(seen, [after + 1]);
    });

    it('give nothing when their signal was there first', async () => {
      const after = store().status().revision;
      await put(store(), 'a', '1');
      const signal = AbortSignal.abort();
      assert.equal(await next(store().watch({ prefix: '', after, signal })), undefined);
    });

    it('end when they are left while they wait', async () => {
      const after = store().status().revision;
      const { signal } = new AbortController();
      const watch = store().watch({ prefix: '', after, signal })[Symbol.asyncIterator]();
      const waiting = watch.next();
      await watch.return?.();
      assert.equal((await waiting).done, true);
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });

    it('refuse a revision that is not reached', async () => {
      const after = store().status().revision + 1;
      const { signal } = new AbortController();
      await rejects(next(store().watch({ prefix: '', after, signal })), 'REVISION_IN_FUTURE');
    });
  });
}

const putEvent = (
  key: string,
  value: string,
  createRevision: number,
  modRevision: number,
): WatchBatch['events'][number] => ({
  kind: 'put',
  kv: { key, value, createRevision, modRevision },
});
