import assert from 'node:assert/strict';
import type { Compare } from '../../src/store/store.js';
import { commit, del, op, put, retry, type TheStore } from './store-helpers.js';

export function txnContract(store: TheStore, increments: number): void {
  describe('transactions', () => {
    it('puts a value that is there when it answers', async () => {
      const before = store().status().revision;
      const revision = await put(store(), 'a', 'one');
      assert.equal(revision, before + 1);
      assert.equal(store().status().revision, revision);
      assert.deepEqual(await store().get('a'), {
        key: 'a',
        value: 'one',
        createRevision: revision,
        modRevision: revision,
      });
      assert.equal(await store().get('b'), undefined);
    });

    it('keeps the revision of creation through changes, not through a delete', async () => {
      const created = await put(store(), 'a', '1');
      const changed = await put(store(), 'a', '2');
      assert.deepEqual(await revisions('a'), [created, changed]);
      await commit(store(), del('a'));
      assert.equal(await store().get('a'), undefined);
      const again = await put(store(), 'a', '3');
      assert.deepEqual(await revisions('a'), [again, again]);
    });

    it('gives all changes of a transaction one revision', async () => {
      await put(store(), 'old', '1');
      const revision = await commit(store(), op('b', '1'), del('old'), op('a', '2'));
      assert.deepEqual(await revisions('a'), [revision, revision]);
      assert.deepEqual(await revisions('b'), [revision, revision]);
      assert.equal(await store().get('old'), undefined);
    });

    it('takes a revision for a put of the same value', async () => {
      const first = await put(store(), 'a', '1');
      assert.equal(await put(store(), 'a', '1'), first + 1);
      assert.deepEqual(await revisions('a'), [first, first + 1]);
    });

    it('takes no revision where it changes nothing', async () => {
      const revision = await put(store(), 'a', '1');
      assert.equal(await commit(store(), del('b'), del('c')), revision);
      assert.equal(store().status().revision, revision);
      assert.equal(await commit(store(), del('b'), op('c', '1')), revision + 1);
    });

    it('holds empty values, and any Unicode', async () => {
      const texts = ['', '\u0000', 'é', '\uffff', '\u{10ffff}', 'a\nb', '"'];
      for (const text of texts) await put(store(), `k${text}`, text);
      for (const text of texts) {
        const kv = await store().get(`k${text}`);
        assert.deepEqual([kv?.key, kv?.value], [`k${text}`, text]);
      }
    });

    const rows: readonly [string, (now: number) => Compare, boolean][] = [
      ['the revision of a key', (now) => revisionIs('there', now), true],
      ['an older revision', (now) => revisionIs('there', now - 1), false],
      ['a later revision', (now) => revisionIs('there', now + 1), false],
      ['0 for a key that is there', () => revisionIs('there', 0), false],
      ['0 for a key that is not', () => revisionIs('absent', 0), true],
      ['0 for a key that was deleted', () => revisionIs('gone', 0), true],
      ['a revision for a key that is not', (now) => revisionIs('absent', now), false],
      ['the revision of a delete', (now) => revisionIs('gone', now - 1), false],
      ['a prefix with no keys', () => isEmpty('no/'), true],
      ['a prefix with a deleted key', () => isEmpty('go'), true],
      ['a prefix with a key', () => isEmpty('the'), false],
      ['a prefix that is a key', () => isEmpty('there'), false],
      ['a prefix longer than a key', () => isEmpty('there/'), true],
      ['everything', () => isEmpty(''), false],
    ];
    for (const [what, compare, holds] of rows) {
      it(`compares with ${what}: ${holds ? 'holds' : 'fails'}`, async () => {
        await put(store(), 'gone', '1');
        await commit(store(), del('gone'));
        const now = await put(store(), 'there', '1');
        const result = await store().txn({ compare: [compare(now)], ops: [op('new', '1')] });
        assert.deepEqual(
          result,
          holds
            ? { succeeded: true, revision: now + 1 }
            : { succeeded: false, revision: now, failed: 0 },
        );
        assert.equal(store().status().revision, result.revision);
        assert.equal((await store().get('new')) !== undefined, holds);
      });
    }

    it('names the first compare that fails', async () => {
      const revision = await put(store(), 'a', '1');
      const compare = [revisionIs('a', revision), isEmpty('a'), revisionIs('a', 0)];
      const result = await store().txn({ compare, ops: [op('b', '1')] });
      assert.deepEqual(result, { succeeded: false, revision, failed: 1 });
    });

    it('compares with what was before the transaction', async () => {
      const compare = [isEmpty(''), revisionIs('a', 0)];
      assert.ok((await store().txn({ compare, ops: [op('a', '1'), op('b', '1')] })).succeeded);
    });

    it('lets one of many creators win', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          store().txn({ compare: [revisionIs('one', 0)], ops: [op('one', String(i))] }),
        ),
      );
      assert.equal(results.filter((result) => result.succeeded).length, 1);
      const winner = results.findIndex((result) => result.succeeded);
      assert.equal((await store().get('one'))?.value, String(winner));
    });

    it('lets one of many take a prefix', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          store().txn({ compare: [isEmpty('p/')], ops: [op(`p/${i}`, '')] }),
        ),
      );
      assert.equal(results.filter((result) => result.succeeded).length, 1);
      assert.equal((await store().range({ prefix: 'p/' })).kvs.length, 1);
    });

    it('gives concurrent transactions revisions of their own, without gaps', async () => {
      const base = store().status().revision;
      const taken = await Promise.all(
        Array.from({ length: 300 }, (_, i) => put(store(), `k${i % 7}`, String(i))),
      );
      taken.sort((a, b) => a - b);
      assert.deepEqual(
        taken,
        taken.map((_, i) => base + 1 + i),
      );
    });

    it('shows a transaction to all reads after its answer', async () => {
      for (let i = 0; i < 50; i++) {
        const [revision] = await Promise.all([put(store(), 'a', String(i)), put(store(), 'b', '')]);
        const [kv, range] = await Promise.all([store().get('a'), store().range({ prefix: 'a' })]);
        assert.deepEqual([kv?.value, kv?.modRevision], [String(i), revision]);
        assert.equal(range.kvs[0]?.value, String(i));
        assert.ok(range.revision >= revision && store().status().revision >= revision);
      }
    });

    it(`loses none of ${increments} conflicting increments`, async () => {
      let left = increments;
      const increment = async (): Promise<void> => {
        while (left > 0) {
          left--;
          await retry(store(), async () => {
            const kv = await store().get('n');
            const value = String(Number(kv?.value ?? 0) + 1);
            return {
              compare: [revisionIs('n', kv?.modRevision ?? 0)],
              ops: [op('n', value)],
            };
          });
        }
      };
      const base = store().status().revision;
      await Promise.all(Array.from({ length: 20 }, increment));
      assert.equal((await store().get('n'))?.value, String(increments));
      assert.equal(store().status().revision, base + increments);
    });
  });

  async function revisions(key: string): Promise<(number | undefined)[]> {
    const kv = await store().get(key);
    return [kv?.createRevision, kv?.modRevision];
  }
}

const revisionIs = (key: string, revision: number): Compare => ({
  kind: 'revision',
  key,
  revision,
});
const isEmpty = (prefix: string): Compare => ({ kind: 'empty', prefix });
