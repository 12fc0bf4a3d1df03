import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { NfvError } from '../../../src/errors.js';
import { EarlyStore } from '../../../src/store/early.js';
import type { Store, StoreReader, WatchBatch } from '../../../src/store/store.js';
import { MemoryStore } from '../../support/memory-store.js';
import { put, rejects } from '../../support/store-helpers.js';

const DAMAGED = new NfvError('STORE_DAMAGED', 'page 7: is not what it should be');

interface Opening {
  readonly early: EarlyStore;
  readonly reader: StoreReader & { isClosed: boolean };
  readonly opened: (store: Store) => void;
  readonly failed: (error: NfvError) => void;
}

/** A reader that knows one key, and a store to come. */
async function opening(): Promise<Opening> {
  const data = new MemoryStore();
  await put(data, 'key', 'as read');
  const reader = {
    isClosed: false,
    get: (key: string) => data.get(key),
    range: (request: { readonly prefix: string }) => data.range(request),
    status: () => data.status(),
    close() {
      reader.isClosed = true;
      return Promise.resolve();
    },
  };
  let settle: Pick<Opening, 'opened' | 'failed'> | undefined;
  const store = new Promise<Store>((opened, failed) => (settle = { opened, failed }));
  assert.ok(settle !== undefined);
  return { early: new EarlyStore(reader, store, 1000), reader, ...settle };
}

/** What has come of it after all that can happen has happened. */
async function sofar(promise: Promise<unknown>): Promise<'open' | 'done'> {
  let state: 'open' | 'done' = 'open';
  const done = (): void => {
    state = 'done';
  };
  promise.then(done, done);
  await turn();
  return state;
}

const BATCH: WatchBatch = { revision: 2, events: [] };
const BATCHES: AsyncIterable<WatchBatch> = {
  async *[Symbol.asyncIterator]() {
    await turn();
    yield BATCH;
  },
};
const signal = new AbortController().signal;

describe('a store that is being checked', () => {
  it('is read; what is more than reading waits', async () => {
    const { early, opened } = await opening();
    assert.equal((await early.get('key'))?.value, 'as read');
    assert.deepEqual(
      (await early.range({ prefix: '' })).kvs.map(({ key }) => key),
      ['key'],
    );
    assert.equal(early.status().revision, 1);
    const checked = early.checked();
    const written = put(early, 'key', 'written');
    const watched = early.watch({ prefix: '', after: 1, signal })[Symbol.asyncIterator]().next();
    const compacted = early.compact(1);
    for (const waits of [checked, written, watched, compacted]) {
      assert.equal(await sofar(waits), 'open');
    }
    const store = new MemoryStore();
    await put(store, 'key', 'as read');
    opened(Object.assign(store, { watch: () => BATCHES }));
    await Promise.all([checked, written, compacted]);
    assert.equal((await watched).value, BATCH);
    assert.equal((await store.get('key'))?.value, 'written');
    assert.equal((await early.get('key'))?.value, 'written');
    assert.equal(early.status().revision, 2);
  });

  it('is none, where the check fails: nothing is written', async () => {
    const { early, reader, failed } = await opening();
    const watched = early.watch({ prefix: '', after: 1, signal })[Symbol.asyncIterator]().next();
    const ends = [early.checked(), put(early, 'key', 'x'), watched, early.compact(1)];
    const rejected = ends.map((end) => rejects(end, 'STORE_DAMAGED'));
    failed(DAMAGED);
    for (const each of rejected) assert.equal(await each, DAMAGED);
    await early.close();
    assert.equal(reader.isClosed, true);
  });

  it('is closed when the check is over', async () => {
    const { early, reader, opened } = await opening();
    const closed = early.close();
    assert.equal(await sofar(closed), 'open');
    let isClosed = false;
    const store = new MemoryStore();
    opened(
      Object.assign(store, {
        close: () => {
          isClosed = true;
          return Promise.resolve();
        },
      }),
    );
    await closed;
    assert.deepEqual([reader.isClosed, isClosed], [true, true]);
  });
});
