import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { timestamp } from '../../../../src/model/clock.js';
import { ChangeIndex } from '../../../../src/nva/changes/change-index.js';
import { Confirmations } from '../../../../src/nva/changes/pending.js';
import { PENDING_RECORD, pendingKey } from '../../../../src/nva/changes/pending-mark.js';
import { CHANGE_RECORD } from '../../../../src/nva/changes/record.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { MemoryLog } from '../../../support/null-log.js';

const refused = (): Promise<never> => Promise.reject(new NfvError('STORE_REFUSED', 'no user'));

describe('changes that nobody confirms', () => {
  /** @returns what was logged in the first moments */
  async function logged(store: MemoryStore, clock: FakeClock, ms = 500): Promise<MemoryLog> {
    const log = new MemoryLog();
    const confirmations = new Confirmations({
      ...{ store, clock, log, plan: refused, index: new ChangeIndex() },
      caughtUp: () => Promise.resolve(),
    });
    const stop = new AbortController();
    const watching = confirmations.watch(stop.signal);
    await clock.advance(ms);
    stop.abort();
    await watching;
    return log;
  }

  /** One whose time is up now. */
  async function putDue(store: MemoryStore, clock: FakeClock, id: string): Promise<void> {
    const time = timestamp(clock.now());
    const change = { time, who: 'local', verb: 'APPLY', target: 0, changes: [] } as const;
    const none = { retained: [], tombstones: [] };
    const pending = { who: 'local', deadline: time, change: `change-${id}`, ...none };
    await store.txn({
      compare: [],
      ops: [
        { kind: 'put', key: pending.change, value: CHANGE_RECORD.encode(change) },
        { kind: 'put', key: pendingKey(id), value: PENDING_RECORD.encode(pending) },
      ],
    });
  }

  it('are each tried, and named, where they cannot be undone', async () => {
    const store = new MemoryStore();
    const clock = new FakeClock();
    for (const id of ['one', 'two']) await putDue(store, clock, id);
    const revisions = await Promise.all(
      ['one', 'two'].map(async (id) => (await store.get(pendingKey(id)))?.modRevision),
    );
    const { lines } = await logged(store, clock);
    assert.deepEqual(
      lines.map(({ level, message, fields }) => [
        level,
        message,
        'change' in fields ? fields.change : undefined,
      ]),
      revisions.map((change) => ['error', 'a change is not undone; it is tried again', change]),
    );
  });

  for (const [what, key, value] of [
    ['a record that is not one', pendingKey('bad'), 'nonsense'],
    ['a change that is not one', 'change-good-too', 'nonsense'],
    ['a change that is not there', 'change-good-too', undefined],
  ] as const) {
    it(`are undone in their time beside ${what}, which is told`, async () => {
      const store = new MemoryStore();
      const clock = new FakeClock();
      for (const id of ['good', 'good-too']) await putDue(store, clock, id);
      const op =
        value === undefined ? ({ kind: 'delete' } as const) : ({ kind: 'put', value } as const);
      await store.txn({ compare: [], ops: [{ ...op, key }] });
      const { lines } = await logged(store, clock);
      const told = lines.map(({ level, message }) => `${level} ${message}`);
      assert.equal(told[0], 'error a change that waits for its confirmation cannot be read');
      assert.equal(told[1], 'error a change is not undone; it is tried again');
    });
  }

  it('that cannot be read are told of once', async () => {
    const store = new MemoryStore();
    store.put(pendingKey('bad'), 'nonsense');
    const { lines } = await logged(store, new FakeClock(), 60_000);
    assert.equal(lines.length, 1);
  });

  it('are not spoken of where the store does not tell whether there are any', async () => {
    const store = Object.assign(new MemoryStore(), { range: refused });
    const { lines } = await logged(store, new FakeClock());
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [['warn', 'cannot look for changes to undo; it is tried again']],
    );
  });
});
