/** A write whose answer was lost is found out about: never done twice, never called failed when done. */
import assert from 'node:assert/strict';
import { openEtcdStore } from '../../../../src/store/etcd/store.js';
import type { Store } from '../../../../src/store/store.js';
import { EtcdCluster, needEtcd } from '../../../support/etcd.js';
import { LossyEtcd, type Loss } from '../../../support/lossy-etcd.js';
import { seeded } from '../../../support/seeded.js';
import { commit, del, op, put, rejects, watchFor } from '../../../support/store-helpers.js';
import { checkHistory, increment, type Outcome } from '../../../support/store-history.js';

describe('etcd: answers that are lost', function () {
  this.timeout(60_000);
  let cluster: EtcdCluster | undefined;
  let etcd: LossyEtcd;
  let store: Store;
  let other: Store;
  let count = 0;

  before(async function () {
    needEtcd(this);
    cluster = await EtcdCluster.start();
  });

  after(async () => {
    await cluster?.stop();
  });

  beforeEach(async () => {
    assert.ok(cluster !== undefined);
    const prefix = `/nfvt/${++count}/`;
    etcd = new LossyEtcd(cluster.client());
    store = await openEtcdStore({ api: etcd, prefix, patienceMs: 500 });
    other = await openEtcdStore({ api: cluster.client(), prefix });
    // The other's opening moved the fence.
    await put(store, 'first', '');
    etcd.submitted = 0;
  });

  afterEach(async () => {
    await store.close();
    await other.close();
  });

  /** The next writes are lost so, then none. */
  function lose(...losses: Loss[]): void {
    etcd.onSubmit = () => losses.shift() ?? 'none';
  }

  async function values(key: string): Promise<string[]> {
    const { revision } = await store.range({ prefix: '', limit: 1 });
    const values: string[] = [];
    for (let r = revision; r > 0;) {
      const kv = await store.get(key, r);
      if (kv === undefined) break;
      values.unshift(kv.value);
      r = kv.modRevision - 1;
    }
    return values;
  }

  it('of a write that was done: it is told so, with its revision', async () => {
    lose('answer');
    const revision = await put(store, 'a', '1');
    assert.equal((await store.get('a'))?.modRevision, revision);
    assert.deepEqual(await values('a'), ['1']);
    assert.equal(etcd.submitted, 1);
  });

  it('of a write that was not done: it is done then, once', async () => {
    lose('request', 'request');
    await put(store, 'a', '1');
    assert.deepEqual(await values('a'), ['1']);
    assert.equal(etcd.submitted, 3);
  });

  it('of a write that arrives long after it was done again: it does nothing', async () => {
    lose('late');
    const first = await put(store, 'a', '1');
    await put(other, 'a', '2');
    assert.deepEqual(await etcd.deliver(), [false]);
    assert.deepEqual(await values('a'), ['1', '2']);
    assert.ok(first < ((await store.get('a'))?.modRevision ?? 0));
  });

  it('of a write after which others wrote the same', async () => {
    etcd.onSubmit = () => {
      etcd.onSubmit = () => 'none';
      return 'answer';
    };
    let writes = 0;
    etcd.onAsk = () => {
      writes++;
      return 'none';
    };
    const revision = await put(store, 'a', 'mine');
    assert.ok(writes > 0);
    for (let i = 0; i < 20; i++) await put(other, 'a', String(i));
    assert.equal((await store.get('a', revision))?.value, 'mine');
  });

  it('of one whose compare no longer holds: it was not done, and is not', async () => {
    const revision = await put(store, 'a', '1');
    lose('request');
    await put(other, 'a', '2');
    const compare = [{ kind: 'revision', key: 'a', revision } as const];
    const result = await store.txn({ compare, ops: [op('a', '3')] });
    assert.deepEqual(result, { succeeded: false, revision: revision + 1, failed: 0 });
    assert.deepEqual(await values('a'), ['1', '2']);
  });

  it('of one whose compare holds no longer because it was done', async () => {
    lose('answer');
    const compare = [{ kind: 'revision', key: 'a', revision: 0 } as const];
    const result = await store.txn({ compare, ops: [op('a', '1')] });
    assert.ok(result.succeeded);
  });

  it('of deletes, of something and of nothing', async () => {
    await put(store, 'a', '1');
    lose('answer');
    const revision = await commit(store, del('a'), del('b'));
    const [batch] = await watchFor(store, { prefix: '', after: revision - 1 }, 1);
    assert.deepEqual(batch?.events, [{ kind: 'delete', key: 'a', previous: '1' }]);
    lose('answer', 'late');
    assert.equal(await commit(store, del('a'), del('b')), revision);
    await etcd.deliver();
    assert.equal((await store.range({ prefix: '' })).revision, revision);
  });

  it('of the fence itself', async () => {
    for (const loss of ['answer', 'request'] as const) {
      lose('answer');
      let lost = 0;
      // The store's own looks each second are lost with it, and are harmless.
      etcd.onAsk = () => (lost++ < 2 ? loss : 'none');
      await put(store, 'a', loss);
    }
    assert.deepEqual(await values('a'), ['answer', 'request']);
  });

  it('for ever: nobody knows, and that is what is told', async () => {
    lose('answer');
    etcd.onAsk = () => 'request';
    const error = await rejects(put(store, 'a', '1'), 'STORE_FAILED');
    assert.match(error.message, /did not say whether it was written/);
    etcd.onAsk = () => 'none';
    assert.deepEqual(await values('a'), ['1']);
  });

  it('when others move the fence, nobody notices', async () => {
    for (let i = 0; i < 5; i++) {
      lose('request');
      await put(store, 'a', `${i}`);
      await put(other, 'b', `${i}`);
    }
    assert.deepEqual(await values('a'), ['0', '1', '2', '3', '4']);
    assert.deepEqual(await values('b'), ['0', '1', '2', '3', '4']);
  });

  for (const seed of [1, 2, 3]) {
    it(`at random, from many callers (seed ${seed})`, async () => {
      const random = seeded(seed);
      const losses: readonly Loss[] = ['answer', 'request', 'late'];
      etcd.onSubmit = () =>
        random() < 0.3 ? (losses[Math.floor(random() * 3)] ?? 'none') : 'none';
      etcd.onAsk = () => (random() < 0.05 ? 'answer' : 'none');
      const base = store.status().revision;
      const outcomes: Outcome[] = [];
      let left = 150;
      const callers = Array.from({ length: 6 }, (_, i) =>
        increment(i % 3 === 0 ? other : store, `c${i}`, () => left-- > 0, outcomes),
      );
      await Promise.all(callers);
      etcd.onSubmit = () => 'none';
      etcd.onAsk = () => 'none';
      await etcd.deliver();
      await checkHistory(other, base, outcomes);
      assert.ok(outcomes.filter(({ kind }) => kind === 'done').length > 20);
    });
  }
});
