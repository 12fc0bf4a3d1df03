import assert from 'node:assert/strict';
import { LIMITS, type KeyValue } from '../../src/store/store.js';
import { commit, del, op, put, rejects, type TheStore } from './store-helpers.js';

const keysOf = (kvs: readonly KeyValue[]): string[] => kvs.map((kv) => kv.key);

export function rangeContract(store: TheStore): void {
  describe('reads', () => {
    it('answers as of every revision', async () => {
      const base = store().status().revision;
      await put(store(), 'a', '1');
      await commit(store(), op('a', '2'), op('b', '1'));
      await commit(store(), del('a'));
      await put(store(), 'a', '3');
      const expected = [
        {},
        { a: ['1', 1, 1] },
        { a: ['2', 1, 2], b: ['1', 2, 2] },
        { b: ['1', 2, 2] },
        { a: ['3', 4, 4], b: ['1', 2, 2] },
      ];
      for (const [i, shown] of expected.entries()) {
        const { kvs, revision } = await store().range({ prefix: '', revision: base + i });
        assert.equal(revision, base + i);
        assert.deepEqual(Object.fromEntries(kvs.map((kv) => [kv.key, tuple(kv, base)])), shown);
        for (const key of ['a', 'b']) {
          const kv = await store().get(key, base + i);
          assert.deepEqual(
            kv && tuple(kv, base),
            Object.entries(shown).find(([k]) => k === key)?.[1],
          );
        }
      }
    });

    it('refuses a revision that is not reached', async () => {
      const future = (await put(store(), 'a', '1')) + 1;
      await rejects(store().get('a', future), 'REVISION_IN_FUTURE');
      await rejects(store().range({ prefix: '', revision: future }), 'REVISION_IN_FUTURE');
    });

    it('orders keys by their UTF-8 bytes', async () => {
      // In UTF-16 the last two would be the other way round.
      const keys = ['\u0000', 'A', 'a', 'a\u0000', 'a!', 'aa', 'b', 'é', '\uffff', '\u{10000}'];
      await commit(store(), ...[...keys].reverse().map((key) => op(key, key)));
      assert.deepEqual(keysOf((await store().range({ prefix: '' })).kvs), keys);
      const { revision } = store().status();
      await put(store(), 'zz', '');
      assert.deepEqual(keysOf((await store().range({ prefix: '', revision })).kvs), keys);
    });

    const rows: readonly [Parameters<typeof inTree>[0], string[], boolean][] = [
      [{ prefix: '' }, ['a', 'a/1', 'a/2', 'a/2/x', 'a0', 'b'], false],
      [{ prefix: 'a' }, ['a', 'a/1', 'a/2', 'a/2/x', 'a0'], false],
      [{ prefix: 'a/' }, ['a/1', 'a/2', 'a/2/x'], false],
      [{ prefix: 'c' }, [], false],
      [{ prefix: 'a/', after: 'a/1' }, ['a/2', 'a/2/x'], false],
      [{ prefix: 'a/', after: 'a/1zzz' }, ['a/2', 'a/2/x'], false],
      [{ prefix: 'a/', after: 'A' }, ['a/1', 'a/2', 'a/2/x'], false],
      [{ prefix: 'a/', after: 'a/2/x' }, [], false],
      [{ prefix: 'a/', after: 'b' }, [], false],
      [{ prefix: '', after: '' }, ['a', 'a/1', 'a/2', 'a/2/x', 'a0', 'b'], false],
      [{ prefix: 'a', limit: 2 }, ['a', 'a/1'], true],
      [{ prefix: 'a/', limit: 3 }, ['a/1', 'a/2', 'a/2/x'], false],
      [{ prefix: 'a/', limit: 1, after: 'a/2' }, ['a/2/x'], false],
      [{ prefix: '', limit: 5 }, ['a', 'a/1', 'a/2', 'a/2/x', 'a0'], true],
    ];
    for (const [request, keys, more] of rows) {
      it(`finds ${JSON.stringify(request)}`, async () => {
        await inTree(request, keys, more);
      });
    }

    it('pages through one revision while writes go on', async () => {
      const keys = Array.from({ length: 60 }, (_, i) => `p/${String(i).padStart(2, '0')}`);
      await commit(store(), ...keys.map((key) => op(key, 'old')));
      const first = await store().range({ prefix: 'p/', limit: 7 });
      const kvs = [...first.kvs];
      for (let page = first; page.more;) {
        await commit(store(), del('p/00'), op(`p/${kvs.length}x`, 'new'), op('p/59', 'new'));
        const after = kvs.at(-1)?.key ?? '';
        const { revision } = first;
        page = await store().range({ prefix: 'p/', limit: 7, after, revision });
        assert.equal(page.revision, revision);
        kvs.push(...page.kvs);
      }
      assert.deepEqual(keysOf(kvs), keys);
      assert.ok(kvs.every((kv) => kv.value === 'old'));
    });

    it('stops where the values get too much, and goes on from there', async () => {
      const value = 'v'.repeat(LIMITS.valueBytes / 2);
      const keys = Array.from({ length: 10 }, (_, i) => `big/${i}`);
      for (const key of keys) await put(store(), key, value);
      const found: string[] = [];
      let after = '';
      for (let more = true; more;) {
        const page = await store().range({ prefix: 'big/', after });
        const bytes = page.kvs.reduce((sum, kv) => sum + kv.key.length + kv.value.length, 0);
        assert.ok(page.kvs.length > 0 && bytes <= LIMITS.rangeBytes);
        found.push(...keysOf(page.kvs));
        after = found.at(-1) ?? '';
        ({ more } = page);
      }
      assert.deepEqual(found, keys);
    });

    it('reads 3,000 keys, now and as they were', async () => {
      const keys = Array.from({ length: 3000 }, (_, i) => `k${String(i).padStart(4, '0')}`);
      for (let i = 0; i < keys.length; i += 100) {
        await commit(store(), ...keys.slice(i, i + 100).map((key) => op(key, 'first')));
      }
      const { revision } = store().status();
      for (let i = 0; i < keys.length; i += 100) {
        const some = keys.slice(i, i + 100);
        await commit(store(), ...some.map((key, n) => (n % 2 ? del(key) : op(key, 'second'))));
      }
      const now = await store().range({ prefix: 'k', limit: 10_000 });
      assert.deepEqual(
        keysOf(now.kvs),
        keys.filter((_, i) => i % 2 === 0),
      );
      const then = await store().range({ prefix: 'k', limit: 10_000, revision });
      assert.deepEqual(keysOf(then.kvs), keys);
      assert.ok(then.kvs.every((kv) => kv.value === 'first'));
    });
  });

  const tuple = (kv: KeyValue, base: number): unknown[] => [
    kv.value,
    kv.createRevision - base,
    kv.modRevision - base,
  ];

  /** In a small tree, now and when it has become history. */
  async function inTree(
    request: { prefix: string; after?: string; limit?: number },
    keys: string[],
    more: boolean,
  ): Promise<void> {
    const all = ['b', 'a/2', 'a0', 'a/1', 'a', 'a/2/x'];
    await commit(store(), ...all.map((key) => op(key, key)));
    const now = await store().range(request);
    assert.deepEqual([keysOf(now.kvs), now.more], [keys, more]);
    const { revision } = now;
    await commit(store(), ...all.map((key) => del(key)), op('a/0', ''));
    await commit(store(), op('a/2', 'again'), op('c', ''));
    const then = await store().range({ ...request, revision });
    assert.deepEqual([keysOf(then.kvs), then.more], [keys, more]);
    assert.deepEqual(then, now);
  }
}
