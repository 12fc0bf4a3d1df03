import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import type { Item } from '../../../src/model/item.js';
import {
  dropConfiguration,
  readRecords,
  StateRecords,
  type ItemChange,
  type Origin,
} from '../../../src/nve/state-records.js';
import { openLmdbReader } from '../../../src/store/lmdb/reader.js';
import { openLmdbStore } from '../../../src/store/lmdb/store.js';
import type { Store } from '../../../src/store/store.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { behind, itemOf, macEntry } from '../../support/items.js';
import { refusedWith } from '../../support/refusals.js';
import { tempDir } from '../../support/temp-dir.js';

const FULL = new NfvError('STORE_FULL', 'no room');
const UNKNOWN = new NfvError('STORE_FAILED', 'the disk went away');

const from = (revision: number): Origin => ({
  nve: 'host-a',
  nodeUuid: 'uuid',
  storeId: 'store',
  epoch: 1,
  revision,
  complete: true,
});

const hex = (n: number): string => n.toString(16).padStart(2, '0');

function mac(n: number, remote = '10.0.1.1'): Item {
  return itemOf(macEntry(10, `02:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`, behind(remote)));
}

const macs = (count: number, remote?: string): Item[] =>
  Array.from({ length: count }, (_, n) => mac(n, remote));

const puts = (items: readonly Item[]): ItemChange[] =>
  items.map((item) => ({ key: item.key, item }));
const dels = (items: readonly Item[]): ItemChange[] =>
  items.map(({ key }) => ({ key, item: undefined }));

/** Versions by key, and the revision. */
type Content = Readonly<Record<string, string | number>>;

function contentOf(items: readonly Item[], origin: Origin | undefined): Content {
  const versions = items.map(({ key, version }) => [key, version] as const);
  return { ...Object.fromEntries(versions), revision: origin?.revision ?? 0 };
}

describe('state records', () => {
  const dir = tempDir();
  let count = 0;
  let path: string;
  let store: Store;

  beforeEach(async () => {
    path = `${dir.path}/${count++}`;
    store = await openLmdbStore({ path });
  });
  afterEach(() => store.close());
  after(() => {
    dir.remove();
  });

  const open = async (within = store): Promise<StateRecords> =>
    (await StateRecords.open(within)).records;
  /** What a new process finds, and what one that only looks does. */
  const contents = async (): Promise<Content> => {
    const seen = await readRecords(store);
    const opened = await StateRecords.open(store);
    const content = contentOf(opened.items, opened.from);
    assert.deepEqual(contentOf(seen?.items ?? [], seen?.from), content);
    const again = await readRecords(store);
    assert.deepEqual(contentOf(again?.items ?? [], again?.from), content);
    return content;
  };
  const keysUnder = async (prefix: string): Promise<number> =>
    (await store.range({ prefix })).kvs.length;

  it('are none in a new store', async () => {
    assert.equal(await readRecords(store), undefined);
    const { from: origin, items } = await StateRecords.open(store);
    assert.equal(origin, undefined);
    assert.deepEqual(items, []);
  });

  for (const size of [0, 1, 127, 128, 1000, 2500]) {
    it(`are there after a write of ${size} changes, and the journal is not`, async () => {
      const records = await open();
      const items = macs(size);
      await records.write(puts(items), from(7));
      assert.deepEqual(await contents(), contentOf(items, from(7)));
      assert.equal(await keysUnder('/nfvd/journal/'), 0);
      await records.write(dels(items), from(8));
      assert.deepEqual(await contents(), contentOf([], from(8)));
    });
  }

  it('take one transaction for as much as the store allows in one', async () => {
    await store.close();
    store = await openLmdbStore({ path, txnOps: 1001 });
    const faulty = new FaultyStore(store);
    const sizes: number[] = [];
    faulty.judge = (_count, { ops }) => {
      sizes.push(ops.length);
      return undefined;
    };
    const records = await open(faulty);
    await records.write(puts(macs(1000)), from(7));
    assert.deepEqual(sizes.splice(0), [1001]);
    assert.deepEqual(await contents(), contentOf(macs(1000), from(7)));
    await records.write(puts(macs(1001, '10.0.1.2')), from(8));
    assert.ok(sizes.length > 1 && Math.max(...sizes) <= 1001);
    assert.deepEqual(await contents(), contentOf(macs(1001, '10.0.1.2'), from(8)));
    // Another process may allow less: what this one has stored is read all the same.
    await store.close();
    store = await openLmdbStore({ path });
    assert.deepEqual(await contents(), contentOf(macs(1001, '10.0.1.2'), from(8)));
  });

  it('have room for a thousand items of the largest kind', async () => {
    const records = await open();
    const dependsOn = Array.from({ length: 16 }, (_, n) => String(n).repeat(120));
    const items = macs(1000).map((item) => ({ ...item, dependsOn }));
    await records.write(puts(items), from(1));
    assert.deepEqual(await contents(), contentOf(items, from(1)));
  });

  it('refuse an item that no transaction can take, and are as before', async () => {
    const records = await open();
    await records.write(puts(macs(2)), from(1));
    const huge = { ...mac(5), dependsOn: ['k'.repeat(2_000_000)] };
    await refusedWith('STORE_LIMIT', records.write(puts([huge]), from(2)));
    await refusedWith('STORE_LIMIT', records.write(puts([...macs(200), huge]), from(2)));
    assert.deepEqual(await contents(), contentOf(macs(2), from(1)));
    await records.write(puts([mac(3)]), from(3));
    assert.deepEqual(await contents(), contentOf([...macs(2), mac(3)], from(3)));
  });

  for (const isDone of [false, true]) {
    const when = isDone ? 'after' : 'before';
    it(`are those of before or after, whichever write the process dies ${when}`, async () => {
      const older = macs(300);
      const newer = [...macs(150, '10.0.1.2'), ...macs(500).slice(300)];
      const gone = older.slice(200, 260);
      const before = contentOf(older, from(1));
      const kept = older.slice(150).filter((item) => !gone.includes(item));
      const after = contentOf([...newer, ...kept], from(2));
      await (await open()).write(puts(older), from(1));
      const outcomes = new Set<boolean>();
      for (let fatal = 1, isOver = false; !isOver; fatal++) {
        await (await open()).write([...dels(newer), ...puts(older)], from(1));
        const faulty = new FaultyStore(store);
        faulty.judge = (n) =>
          n < fatal ? undefined : { error: UNKNOWN, isDone: isDone && n === fatal };
        const dying = await open(faulty);
        const written = await dying.write([...puts(newer), ...dels(gone)], from(2)).then(
          () => true,
          () => false,
        );
        const content = await contents();
        if (written) assert.deepEqual(content, after, `died at ${fatal}`);
        const isAfter = content['revision'] === 2;
        outcomes.add(isAfter);
        assert.deepEqual(content, isAfter ? after : before, `died at ${fatal}`);
        isOver = faulty.count < fatal;
      }
      assert.equal(outcomes.size, 2);
    });
  }

  it('refuse a change on a full disk, and take it when there is room', async () => {
    const faulty = new FaultyStore(store);
    const records = await open(faulty);
    await records.write(puts(macs(10)), from(1));
    for (const size of [5, 1000]) {
      faulty.judge = () => ({ error: FULL });
      await refusedWith('STORE_FULL', records.write(puts(macs(size, '10.0.1.2')), from(2)));
      assert.deepEqual(await contents(), contentOf(macs(10), from(1)));
      faulty.judge = (n) => (n > faulty.count - 2 ? undefined : { error: FULL });
    }
    faulty.judge = undefined;
    await records.write(puts(macs(1000, '10.0.1.2')), from(2));
    assert.deepEqual(await contents(), contentOf(macs(1000, '10.0.1.2'), from(2)));
  });

  it('count once the journal does, and owe the rest to the next write', async () => {
    const faulty = new FaultyStore(store);
    const records = await open(faulty);
    const items = macs(500);
    let journaled = false;
    faulty.judge = (_, { ops }) => {
      if (journaled) return { error: FULL };
      journaled = ops.some((op) => op.kind === 'put' && /"journal":[1-9]/.test(op.value));
      return undefined;
    };
    await records.write(puts(items), from(2));
    assert.ok((await readRecords(store))?.items.length === 500);
    assert.equal(await keysUnder('/nfvd/item/'), 0);
    await refusedWith('STORE_FULL', records.write(puts([mac(501)]), from(3)));
    faulty.judge = undefined;
    await records.write(puts([mac(501)]), from(3));
    assert.deepEqual(await contents(), contentOf([...items, mac(501)], from(3)));
  });

  it('do not mistake an old journal for a new one', async () => {
    const faulty = new FaultyStore(store);
    const records = await open(faulty);
    await records.write(puts(macs(3)), from(1));
    // The meta record that vouches for the journal is on the disk, and nobody knows.
    faulty.judge = (_, { ops }) => {
      const vouches = ops.some((op) => op.kind === 'put' && /"journal":[1-9]/.test(op.value));
      return vouches ? { error: UNKNOWN, isDone: true } : undefined;
    };
    await refusedWith('STORE_FAILED', records.write(puts(macs(400)), from(2)));
    // And then the process dies in the middle of another.
    let left = 2;
    faulty.judge = () => (left-- > 0 ? undefined : { error: UNKNOWN });
    await refusedWith('STORE_FAILED', records.write(puts(macs(1000, '10.0.1.2')), from(3)));
    assert.deepEqual(await contents(), contentOf(macs(3), from(1)));
  });

  it('are those of some write, whatever is written and whenever it fails', async () => {
    const write = fc.record({
      puts: fc.uniqueArray(fc.nat(400), { maxLength: 300 }),
      dels: fc.uniqueArray(fc.nat(400), { maxLength: 300 }),
      remote: fc.constantFrom('10.0.1.1', '10.0.1.2'),
      diesAt: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      isDone: fc.boolean(),
    });
    const run = async (
      writes: readonly (typeof write extends fc.Arbitrary<infer T> ? T : never)[],
    ) => {
      await dropConfiguration(store, () => 'uuid');
      const faulty = new FaultyStore(store);
      let records = await open(faulty);
      let model = new Map<string, Item>();
      let revision = 0;
      for (const { puts: upserts, dels: removes, remote, diesAt, isDone } of writes) {
        const items = upserts.map((n) => mac(n, remote));
        const gone = removes.filter((n) => !upserts.includes(n)).map((n) => mac(n));
        const next = new Map(model);
        for (const { key } of gone) next.delete(key);
        for (const item of items) next.set(item.key, item);
        const last = faulty.count + (diesAt ?? Infinity);
        faulty.judge = (n) =>
          n < last ? undefined : { error: UNKNOWN, isDone: isDone && n === last };
        const origin = from(revision + 1);
        const written = await records.write([...puts(items), ...dels(gone)], origin).then(
          () => true,
          () => false,
        );
        faulty.judge = undefined;
        const opened = await StateRecords.open(store);
        const isNew = opened.from?.revision === origin.revision;
        assert.ok(isNew || !written);
        if (isNew) {
          model = next;
          revision++;
        }
        assert.deepEqual(
          contentOf(opened.items, undefined),
          contentOf([...model.values()], undefined),
        );
        records = await open(faulty);
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(write, { maxLength: 6 }), run), { numRuns: 15 });
  }).timeout(60_000);

  it('are read as of one instant while they change', async () => {
    const records = await open();
    const pair = [macs(150, '10.0.1.1'), macs(150, '10.0.1.2')];
    const contentAt = (n: number): Content => contentOf(pair[n % 2] ?? [], from(n));
    const write = (n: number): Promise<void> => records.write(puts(pair[n % 2] ?? []), from(n));
    await write(0);
    const reader = openLmdbReader({ path });
    const done = new AbortController();
    const reading = (async (): Promise<number> => {
      let reads = 0;
      for (; !done.signal.aborted; reads++) {
        await turn();
        const seen = await readRecords(reader);
        const content = contentOf(seen?.items ?? [], seen?.from);
        assert.deepEqual(content, contentAt(seen?.from.revision ?? NaN));
      }
      return reads;
    })();
    for (let n = 1; n < 20; n++) await write(n);
    done.abort();
    assert.ok((await reading) > 3);
    await reader.close();
  }).timeout(30_000);

  for (const [title, key, value] of [
    ['no JSON', '/nfvd/meta', '{'],
    ['a part of it', '/nfvd/meta', '{"nodeUuid":"u"}'],
    [
      'an item of another key',
      '/nfvd/item/vtep/10.0.0.9',
      JSON.stringify({
        version: 'v',
        dependsOn: [],
        payload: { kind: 'vtep', address: '10.0.0.1' },
      }),
    ],
    ['an item that is none', '/nfvd/item/vtep/10.0.0.1', '{"version":"v"}'],
    ['a journal that is not there', '/nfvd/meta', JSON.stringify({ ...from(1), journal: 2 })],
  ] as const) {
    it(`are refused when there is ${title}, and can be dropped`, async () => {
      await (await open()).write(puts(macs(2)), from(1));
      await store.txn({ compare: [], ops: [{ kind: 'put', key, value }] });
      const error = await refusedWith('STORE_DAMAGED', StateRecords.open(store));
      assert.match(error.message, /does not hold/);
      await refusedWith('STORE_DAMAGED', readRecords(store));
      const isSame = await dropConfiguration(store, () => 'other');
      const { from: origin, items } = await StateRecords.open(store);
      assert.deepEqual(items, []);
      assert.equal(origin?.nodeUuid, isSame ? 'uuid' : 'other');
      assert.equal(isSame, key !== '/nfvd/meta' || title.startsWith('a journal'));
    });
  }

  it('do not keep their history', async () => {
    const records = await open();
    const op = { kind: 'put', key: 'other', value: '' } as const;
    for (let n = 0; n < 11; n++) {
      const txns = Array.from({ length: 100 }, () => store.txn({ compare: [], ops: [op] }));
      await Promise.all(txns);
    }
    await records.write(puts([mac(1)]), from(1));
    const { revision, compactRevision } = store.status();
    assert.equal(compactRevision, revision - 1);
  });
});
