/** What is told of writes is true, whatever becomes of etcd's members meanwhile. */
import assert from 'node:assert/strict';
import { openEtcdStore } from '../../../../src/store/etcd/store.js';
import type { Store } from '../../../../src/store/store.js';
import { EtcdCluster, needEtcd } from '../../../support/etcd.js';
import { eventually } from '../../../support/eventually.js';
import { checkHistory, increment, type Outcome } from '../../../support/store-history.js';

describe('etcd: members that fail', function () {
  this.timeout(120_000);
  let cluster: EtcdCluster;
  let stores: Store[] = [];
  let count = 0;

  beforeEach(async function () {
    needEtcd(this);
    cluster = await EtcdCluster.start({ members: 3 });
    const prefix = `/nfvt/${++count}/`;
    stores = [];
    for (let i = 0; i < 3; i++) {
      stores.push(await openEtcdStore({ api: cluster.client(i), prefix }));
    }
  });

  afterEach(async () => {
    for (const store of stores) await store.close();
    await cluster.stop();
  });

  /** Eight callers on three stores, from before the fault until some time after it. */
  async function underLoad(fault: () => Promise<void>): Promise<void> {
    const [first] = stores;
    assert.ok(first !== undefined);
    const base = first.status().revision;
    const outcomes: Outcome[] = [];
    let isOver = false;
    const seen: number[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      const last = stores[2];
      assert.ok(last !== undefined);
      for await (const batch of last.watch({ prefix: 'n', after: base, signal: stop.signal })) {
        seen.push(batch.revision);
      }
    })();
    const callers = Array.from({ length: 8 }, (_, i) => {
      const store = stores[i % stores.length];
      assert.ok(store !== undefined);
      return increment(store, `c${i}`, () => !isOver, outcomes);
    });
    const done = (): number => outcomes.filter(({ kind }) => kind === 'done').length;
    try {
      await eventually(() => done() > 30, 20_000);
      await fault();
      const before = done();
      await eventually(() => done() > before + 50, 40_000);
    } finally {
      isOver = true;
      await Promise.all(callers);
    }
    await checkHistory(first, base, outcomes);
    // Whatever broke on the way, the watch has seen each of them once, in order.
    const told = outcomes.flatMap((o) => (o.kind === 'done' ? [o.revision] : []));
    told.sort((a, b) => a - b);
    await eventually(() => seen.at(-1) !== undefined && (seen.at(-1) ?? 0) >= (told.at(-1) ?? 0));
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => a - b),
    );
    const all = new Set(seen);
    for (const revision of told) assert.ok(all.has(revision), `revision ${revision} was not seen`);
    stop.abort();
    await watching;
  }

  it('kill -9 of the leader', async () => {
    await underLoad(async () => {
      const leader = await cluster.leader();
      await cluster.kill(leader);
      await cluster.leader();
      cluster.start(leader);
    });
  });

  it('SIGSTOP of the leader, which goes on when there is another', async () => {
    await underLoad(async () => {
      const leader = await cluster.leader();
      await cluster.pause(leader);
      try {
        await eventually(async () => (await cluster.leader([leader])) !== leader, 20_000);
      } finally {
        cluster.resume(leader);
      }
    });
  });

  it('kill -9 of all members', async () => {
    await underLoad(async () => {
      for (let i = 0; i < 3; i++) await cluster.kill(i);
      for (let i = 0; i < 3; i++) cluster.start(i);
      await cluster.leader();
    });
  });
});
