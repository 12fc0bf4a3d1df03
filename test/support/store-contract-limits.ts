import assert from 'node:assert/strict';
import type { ErrorCode } from '../../src/errors.js';
import { LIMITS, type Store, type WriteOp } from '../../src/store/store.js';
import { del, next, op, rejects, type TheStore } from './store-helpers.js';

const long = 'é'.repeat(LIMITS.keyBytes / 2 + 1);
const longest = 'é'.repeat(LIMITS.keyBytes / 2);
const huge = 'é'.repeat(LIMITS.valueBytes / 2 + 1);
const biggest = 'é'.repeat(LIMITS.valueBytes / 2);
const lone = 'a\ud800b';
const { signal } = new AbortController();

const ops = (count: number): WriteOp[] => Array.from({ length: count }, (_, i) => op(`k${i}`, ''));
const txn =
  (...ops: WriteOp[]) =>
  (store: Store) =>
    store.txn({ compare: [], ops });
const watch =
  (prefix: string, after: number) =>
  (store: Store): Promise<unknown> =>
    next(store.watch({ prefix, after, signal }));

const REFUSED: readonly [string, (store: Store) => Promise<unknown>, ErrorCode][] = [
  ['a put with no key', txn(op('', '')), 'STORE_LIMIT'],
  ['a put with a long key', txn(op(long, '')), 'STORE_LIMIT'],
  ['a delete with a long key', txn(del(long)), 'STORE_LIMIT'],
  ['a get with a long key', (s) => s.get(long), 'STORE_LIMIT'],
  ['a get with no key', (s) => s.get(''), 'STORE_LIMIT'],
  ['a range with a long prefix', (s) => s.range({ prefix: long }), 'STORE_LIMIT'],
  ['a range after a long key', (s) => s.range({ prefix: '', after: long }), 'STORE_LIMIT'],
  ['a watch with a long prefix', watch(long, 0), 'STORE_LIMIT'],
  [
    'a compare with a long key',
    (s) => s.txn({ compare: [{ kind: 'revision', key: long, revision: 0 }], ops: ops(1) }),
    'STORE_LIMIT',
  ],
  [
    'a compare with a long prefix',
    (s) => s.txn({ compare: [{ kind: 'empty', prefix: long }], ops: ops(1) }),
    'STORE_LIMIT',
  ],
  ['a huge value', txn(op('a', huge)), 'STORE_LIMIT'],
  ['values that are huge together', txn(op('a', biggest), op('b', 'x')), 'STORE_LIMIT'],
  ['too many operations', txn(...ops(LIMITS.txnOps + 1)), 'STORE_LIMIT'],
  [
    'too many compares and operations',
    (s) => s.txn({ compare: [{ kind: 'empty', prefix: 'x' }], ops: ops(LIMITS.txnOps) }),
    'STORE_LIMIT',
  ],
  ['a transaction without operations', txn(), 'INVALID_FIELD'],
  ['a key twice', txn(op('a', '1'), op('b', ''), del('a')), 'INVALID_FIELD'],
  ['a key that is not Unicode', txn(op(lone, '')), 'INVALID_FIELD'],
  ['a value that is not Unicode', txn(op('a', lone)), 'INVALID_FIELD'],
  ['a get of no Unicode', (s) => s.get(lone), 'INVALID_FIELD'],
  ['a range of no Unicode', (s) => s.range({ prefix: lone }), 'INVALID_FIELD'],
  ['a get at half a revision', (s) => s.get('a', 0.5), 'INVALID_FIELD'],
  ['a get at a negative revision', (s) => s.get('a', -1), 'INVALID_FIELD'],
  ['a get at no number', (s) => s.get('a', NaN), 'INVALID_FIELD'],
  ['a range at 2^53', (s) => s.range({ prefix: '', revision: 2 ** 53 }), 'INVALID_FIELD'],
  ['a range of none', (s) => s.range({ prefix: '', limit: 0 }), 'INVALID_FIELD'],
  ['a range of half', (s) => s.range({ prefix: '', limit: 1.5 }), 'INVALID_FIELD'],
  ['a watch after a negative revision', watch('', -1), 'INVALID_FIELD'],
  ['a compaction of half a revision', (s) => s.compact(0.5), 'INVALID_FIELD'],
  [
    'a compare with a negative revision',
    (s) => s.txn({ compare: [{ kind: 'revision', key: 'a', revision: -1 }], ops: ops(1) }),
    'INVALID_FIELD',
  ],
];

export function limitsContract(store: TheStore): void {
  describe('limits', () => {
    for (const [what, call, code] of REFUSED) {
      it(`refuse ${what}: ${code}`, async () => {
        const { revision } = store().status();
        const error = await rejects(call(store()), code);
        assert.ok(error.message.length < 400 && error.remedy !== '');
        assert.equal(store().status().revision, revision);
        assert.deepEqual((await store().range({ prefix: '' })).kvs, []);
      });
    }

    it('allow what is just not beyond them', async () => {
      const key = { kind: 'revision', key: longest, revision: 0 } as const;
      const most = ops(LIMITS.txnOps - 2);
      const result = await store().txn({ compare: [key], ops: [op(longest, biggest), ...most] });
      assert.ok(result.succeeded);
      assert.equal((await store().get(longest))?.value, biggest);
      const { kvs } = await store().range({ prefix: longest });
      assert.deepEqual(
        kvs.map((kv) => kv.key),
        [longest],
      );
    });
  });
}
