import assert from 'node:assert/strict';
import { copyStore } from '../../../src/store/copy.js';
import { openLmdbStore } from '../../../src/store/lmdb/store.js';
import type { RangeRequest, Store, WriteOp } from '../../../src/store/store.js';
import { tempDir } from '../../support/temp-dir.js';

/** Fewer than the largest transaction of history has; etcd's own limit is 120. */
const FEW = 7;

describe('a copy into a store that takes less at once', () => {
  let dir: ReturnType<typeof tempDir>;
  let from: Store;
  let to: Store;
  beforeEach(async () => {
    dir = tempDir();
    from = await openLmdbStore({ path: `${dir.path}/from` });
    to = await openLmdbStore({ path: `${dir.path}/to`, txnOps: FEW });
  });
  afterEach(async () => {
    await from.close();
    await to.close();
    dir.remove();
  });

  const put = (key: string, value = key): WriteOp => ({ kind: 'put', key, value });
  const batches = async (of: Store): Promise<string[]> => {
    const { revision } = of.status();
    const all: string[] = [];
    const { signal } = new AbortController();
    for await (const batch of of.watch({ prefix: '', after: 0, signal })) {
      const keys = batch.events.map((event) =>
        event.kind === 'put' ? `+${event.kv.key}` : `-${event.key}`,
      );
      all.push(keys.join(' '));
      if (batch.revision >= revision) break;
    }
    return all;
  };

  it('cuts what is too large, keeps what is to stay together last, and all else whole', async () => {
    await from.txn({ compare: [], ops: [put('b'), put('z')] });
    const letters = 'a c d e f g h i j k l m n o p q'.split(' ');
    await from.txn({ compare: [], ops: [...letters.map((key) => put(key)), put('z', 'again')] });
    const deletes = ['b', 'c'].map((key): WriteOp => ({ kind: 'delete', key }));
    await from.txn({ compare: [], ops: deletes });
    const before = await batches(from);
    const copied = await copyStore(from, to, { isLast: (key) => key === 'a' || key === 'z' });
    assert.deepEqual(copied, { keys: 16, transactions: before.length });
    const after = await batches(to);
    assert.deepEqual(after, [
      '+b +z',
      '+c +d +e',
      '+f +g +h +i +j +k +l',
      '+m +n +o +p +q +a +z',
      '-b -c',
    ]);
    assert.equal((await to.get('z'))?.modRevision, (await to.get('a'))?.modRevision);
  });
});

describe('a copy of a store that somebody writes to', () => {
  let dir: ReturnType<typeof tempDir>;
  let from: Store;
  let to: Store;
  beforeEach(async () => {
    dir = tempDir();
    from = await openLmdbStore({ path: `${dir.path}/from` });
    to = await openLmdbStore({ path: `${dir.path}/to` });
    const ops = ['a', 'b'].map((key): WriteOp => ({ kind: 'put', key, value: key }));
    await from.txn({ compare: [], ops });
  });
  afterEach(async () => {
    await from.close();
    await to.close();
    dir.remove();
  });

  /** `from`, with a write of somebody else's to `key` before the reading that `when` says. */
  function disturbed(key: string, when: (request: RangeRequest) => boolean): Store {
    let done = false;
    const range: Store['range'] = async (request) => {
      if (!done && when(request)) {
        done = true;
        await from.txn({ compare: [], ops: [{ kind: 'put', key, value: 'new' }] });
      }
      return from.range(request);
    };
    return {
      range,
      txnOps: from.txnOps,
      get: (...given) => from.get(...given),
      status: () => from.status(),
      txn: (txn) => from.txn(txn),
      watch: (request) => from.watch(request),
      compact: (revision) => from.compact(revision),
      close: () => from.close(),
    };
  }

  it('does not count: what came before the comparison, and what it no longer sees', async () => {
    let readings = 0;
    const ofState = ({ revision }: RangeRequest): boolean => revision !== undefined;
    const refused = { code: 'STORE_LOCKED', remedy: /stop every "nfvd nva"/ };
    await assert.rejects(copyStore(disturbed('a', ofState), to), refused);
    await to.close();
    to = await openLmdbStore({ path: `${dir.path}/to-2` });
    // The state, whether there is any, and the comparison, which is of the revision at its begin.
    const compares = (request: RangeRequest): boolean => ofState(request) && ++readings === 3;
    await assert.rejects(copyStore(disturbed('c', compares), to), refused);
    await to.close();
    to = await openLmdbStore({ path: `${dir.path}/to-3` });
    assert.equal((await copyStore(from, to)).keys, 3);
  });
});
