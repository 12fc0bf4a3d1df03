import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { specKey, statusKey } from '../../../../src/nva/keys.js';
import { StatusWriter } from '../../../../src/nva/statuses/status-writer.js';
import { LIMITS } from '../../../../src/store/store.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { MemoryLog } from '../../../support/null-log.js';

const GATHER_MS = 50;

describe('the writer of statuses', () => {
  let store: MemoryStore;
  let clock: FakeClock;
  let log: MemoryLog;
  let statuses: Map<string, string>;
  let writer: StatusWriter;
  beforeEach(() => {
    store = new MemoryStore();
    clock = new FakeClock();
    log = new MemoryLog();
    statuses = new Map();
    writer = new StatusWriter({
      store,
      clock,
      log,
      collection: 'endpoints',
      gatherMs: GATHER_MS,
      statusOf: (id) => Promise.resolve(statuses.get(id)),
    });
  });

  /** An endpoint that exists, with a status that may be known. */
  function endpoint(id: string, status?: string): void {
    store.put(specKey('endpoints', id), '{}');
    if (status !== undefined) statuses.set(id, status);
  }

  const stored = async (id: string): Promise<string | undefined> =>
    (await store.get(statusKey('endpoints', id)))?.value;

  it('gathers for a while, and writes many as one', async () => {
    endpoint('a', 'up');
    endpoint('b', 'up');
    writer.mark('a');
    await clock.advance(GATHER_MS - 1);
    writer.mark('b');
    writer.mark('a');
    statuses.set('a', 'down');
    assert.equal(store.txns.length, 0);
    await clock.advance(1);
    assert.equal(store.txns.length, 1);
    assert.equal(await stored('a'), 'down');
    assert.equal(await stored('b'), 'up');
    assert.equal(clock.pending, 0);
  });

  it('writes only what is different, known, and about something', async () => {
    endpoint('same', 'up');
    store.put(statusKey('endpoints', 'same'), 'up');
    endpoint('unknown');
    statuses.set('gone', 'up');
    for (const id of ['same', 'unknown', 'gone']) writer.mark(id);
    await clock.advance(GATHER_MS);
    assert.equal(store.txns.length, 0);
    assert.equal(await stored('gone'), undefined);
  });

  it('gives up what it knows less of than the store for a while, and writes all else', async () => {
    endpoint('a', 'up');
    endpoint('b', 'up');
    let isBehind = true;
    const at = (await store.get(specKey('endpoints', 'b')))?.modRevision ?? 0;
    const own = (await store.get(specKey('endpoints', 'a')))?.modRevision ?? 0;
    const known = new Map([
      ['a', own],
      ['b', at],
    ]);
    const writing = new StatusWriter({
      ...{ store, clock, log, collection: 'endpoints', gatherMs: GATHER_MS },
      statusOf: (id) => Promise.resolve(statuses.get(id)),
      revisionOf: (id) => (isBehind && id === 'a' ? 1_000_000 : known.get(id)),
    });
    writing.mark('a');
    writing.mark('b');
    await clock.advance(GATHER_MS);
    assert.deepEqual([await stored('a'), await stored('b')], [undefined, 'up']);
    assert.ok(store.txns.length < 20, `${store.txns.length} transactions`);
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ['status not written'],
    );
    isBehind = false;
    await clock.advance(60_000);
    assert.equal(await stored('a'), 'up');
  });

  it('writes no status of what is deleted meanwhile', async () => {
    endpoint('a', 'up');
    endpoint('b', 'up');
    store.beforeTxn = () => {
      store.delete(specKey('endpoints', 'a'));
    };
    writer.mark('a');
    writer.mark('b');
    await clock.advance(GATHER_MS);
    assert.equal(store.txns.length, 2);
    assert.equal(await stored('a'), undefined);
    assert.equal(await stored('b'), 'up');
  });

  it('gathers what changes while it writes, as what changed before', async () => {
    endpoint('a', 'up');
    store.beforeTxn = () => {
      statuses.set('a', 'down');
      if (store.txns.length === 1) writer.mark('a');
    };
    writer.mark('a');
    await clock.advance(GATHER_MS);
    assert.equal(await stored('a'), 'up');
    await clock.advance(GATHER_MS - 1);
    assert.equal(store.txns.length, 1);
    await clock.advance(1);
    assert.equal(await stored('a'), 'down');
    assert.equal(clock.pending, 0);
  });

  it('asks the store for no resource that is known without it', async () => {
    let revision: number | undefined = 7;
    const known = new StatusWriter({
      ...{ store, clock, log, collection: 'endpoints', gatherMs: GATHER_MS },
      revisionOf: () => revision,
      statusOf: (id, before) => {
        // The store has a newer one than that is known: the next attempt knows it.
        revision = 1;
        return Promise.resolve(`${id} after ${before?.value ?? 'nothing'}`);
      },
    });
    endpoint('a');
    store.put(statusKey('endpoints', 'a'), 'up');
    known.mark('a');
    await clock.advance(GATHER_MS);
    assert.equal(store.txns.length, 2);
    assert.equal(await stored('a'), 'a after up');
  });

  it('writes as many at once as a transaction takes', async () => {
    for (let i = 0; i < 150; i++) {
      endpoint(`e-${i}`, 'up');
      writer.mark(`e-${i}`);
    }
    await clock.advance(GATHER_MS);
    assert.deepEqual(
      store.txns.map(({ ops }) => ops.length),
      [60, 60, 30],
    );
  });

  it('writes no more bytes at once than a transaction takes', async () => {
    const long = 'x'.repeat(LIMITS.txnBytes / 3);
    for (const id of ['a', 'b', 'c', 'd']) {
      endpoint(id, long);
      writer.mark(id);
    }
    await clock.advance(GATHER_MS);
    assert.deepEqual(
      store.txns.map(({ ops }) => ops.length),
      [3, 1],
    );
    assert.equal(await stored('d'), long);
  });

  it('leaves what no store takes as it was, says so once, and writes all else', async () => {
    const huge = 'x'.repeat(LIMITS.valueBytes + 1);
    endpoint('huge', huge);
    endpoint('a', 'up');
    writer.mark('huge');
    writer.mark('a');
    await clock.advance(GATHER_MS);
    statuses.set('a', 'down');
    writer.mark('huge');
    writer.mark('a');
    await clock.advance(GATHER_MS);
    assert.deepEqual([await stored('huge'), await stored('a')], [undefined, 'down']);
    const message = 'a status is too large, and stays as it was';
    const told = { level: 'warn', message };
    const fields = { resource: 'endpoints/huge', bytes: LIMITS.valueBytes + 1 };
    assert.deepEqual(log.lines, [{ ...told, fields }]);
    assert.equal(clock.pending, 0);
    statuses.set('huge', 'x'.repeat(LIMITS.valueBytes));
    writer.mark('huge');
    await clock.advance(GATHER_MS);
    assert.equal((await stored('huge'))?.length, LIMITS.valueBytes);
  });

  it('tells that it cannot write, and tries again', async () => {
    endpoint('a', 'up');
    store.failure = new NfvError('STORE_FULL', 'no room');
    writer.mark('a');
    await clock.advance(GATHER_MS);
    assert.deepEqual(log.lines, [
      {
        level: 'warn',
        fields: { code: 'STORE_FULL', error: 'no room' },
        message: 'status not written',
      },
    ]);
    store.failure = undefined;
    statuses.set('a', 'down');
    await clock.advance(1000);
    assert.equal(await stored('a'), 'down');
    assert.equal(clock.pending, 0);
  });

  it('writes what is gathered when it is closed, and then no more', async () => {
    endpoint('a', 'up');
    writer.mark('a');
    await writer.close();
    assert.equal(await stored('a'), 'up');
    statuses.set('a', 'down');
    writer.mark('a');
    await clock.advance(10_000);
    assert.equal(await stored('a'), 'up');
    assert.equal(clock.pending, 0);
  });
});
