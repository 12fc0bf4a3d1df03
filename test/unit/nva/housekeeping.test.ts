import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { timestamp } from '../../../src/model/clock.js';
import { ChangeIndex } from '../../../src/nva/changes/change-index.js';
import { keepHouse } from '../../../src/nva/housekeeping.js';
import { requestKey } from '../../../src/nva/keys.js';
import { REQUEST_RECORD } from '../../../src/nva/records.js';
import { LIMITS } from '../../../src/store/store.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryStore } from '../../support/memory-store.js';
import { MemoryLog } from '../../support/null-log.js';

const INTERVAL_MS = 10 * 60_000;
const DAY_MS = 24 * 3_600_000;

describe('housekeeping', () => {
  let store: MemoryStore;
  let clock: FakeClock;
  let log: MemoryLog;
  let stop: AbortController;
  let ended: Promise<void>;
  beforeEach(() => {
    store = new MemoryStore();
    clock = new FakeClock();
    log = new MemoryLog();
    stop = new AbortController();
    const changes = new ChangeIndex();
    ended = keepHouse({ store, clock, log, keepRevisions: 100, changes }, stop.signal);
  });
  afterEach(async () => {
    stop.abort();
    await ended;
    assert.equal(clock.pending, 0);
  });

  function write(count: number): void {
    for (let i = 0; i < count; i++) store.put('/nfvd/r/nves/a', String(i));
  }

  function request(name: string, ageMs: number): string {
    const time = timestamp(clock.now() - ageMs);
    const record = { hash: '', time, collection: 'nves', id: name, record: '' };
    store.put(requestKey(name), REQUEST_RECORD.encode(record));
    return requestKey(name);
  }

  it('keeps the latest revisions readable, forgets what is before them, and says so', async () => {
    write(250);
    await clock.advance(INTERVAL_MS - 1);
    assert.deepEqual(store.compactions, []);
    await clock.advance(1);
    assert.deepEqual(store.compactions, [150]);
    assert.equal((await store.get('/nfvd/r/nves/a', 150))?.value, '149');
    await assert.rejects(async () => store.get('/nfvd/r/nves/a', 149), {
      code: 'REVISION_COMPACTED',
    });
    const fields = {
      requests: 0,
      changes: 0,
      moves: 0,
      holders: 0,
      revisions: 150,
      revision: 250,
      compactRevision: 150,
    };
    assert.deepEqual(log.lines, [{ level: 'info', fields, message: 'housekeeping done' }]);
    write(1);
    await clock.advance(INTERVAL_MS);
    assert.deepEqual(store.compactions, [150, 151]);
  });

  it('has nothing to forget while history is short', async () => {
    write(100);
    await clock.advance(INTERVAL_MS);
    assert.deepEqual(store.compactions, []);
    const fields = {
      requests: 0,
      changes: 0,
      moves: 0,
      holders: 0,
      revisions: 0,
      revision: 100,
      compactRevision: 0,
    };
    assert.deepEqual(log.lines, [{ level: 'info', fields, message: 'housekeeping done' }]);
  });

  it('forgets requests that were answered a day ago, however many', async () => {
    const old = Array.from({ length: 300 }, (_, i) => request(`old-${i}`, DAY_MS));
    const young = request('young', DAY_MS - INTERVAL_MS - 1);
    await clock.advance(INTERVAL_MS);
    for (const key of old) assert.equal(await store.get(key), undefined);
    assert.ok(await store.get(young));
    assert.ok(store.txns.every(({ ops }) => ops.length <= LIMITS.txnOps));
    assert.deepEqual(log.lines[0]?.fields, {
      requests: 300,
      changes: 0,
      moves: 0,
      holders: 0,
      revisions: 204,
      revision: 304,
      compactRevision: 204,
    });
  });

  it('tells what went wrong, and tries again', async () => {
    write(250);
    store.failure = new NfvError('STORE_FAILED', 'the disk is gone');
    await clock.advance(INTERVAL_MS);
    assert.deepEqual(log.lines, [
      {
        level: 'warn',
        fields: { code: 'STORE_FAILED', error: 'the disk is gone' },
        message: 'housekeeping failed; it is tried again',
      },
    ]);
    store.failure = undefined;
    await clock.advance(INTERVAL_MS);
    assert.equal(store.status().compactRevision, 150);
  });

  it('ends with its signal', async () => {
    stop.abort();
    await settle();
    await ended;
    assert.deepEqual(log.lines, []);
  });
});
