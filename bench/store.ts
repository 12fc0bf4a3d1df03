/**
 * The embedded store against LMDB's own: lmdb-js with the same durability, doing the least that
 * could be called the same. Both take turns in the same run, and the median of the rounds counts.
 * NFVD_BENCH_DIR is where the files go; on a tmpfs a sync costs nothing, and the figures say less.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { openLmdbStore } from '../src/store/lmdb/store.js';
import { verifyDataFile } from '../src/store/lmdb/verify.js';
import type { Store } from '../src/store/store.js';
import { figures, type Bench, type Emit, type Figure } from './bench.js';
import { median } from './stats.js';

const ROUNDS = 5;
const CALLERS: readonly { readonly callers: number; readonly txns: number }[] = [
  { callers: 1, txns: 400 },
  { callers: 32, txns: 6400 },
  { callers: 256, txns: 25_600 },
];
const KEYS = 20_000;
const VALUE = 'v'.repeat(200);

export const bench: Bench = { name: 'store', run };

interface Contest {
  readonly directory: string;
  readonly store: Store;
  readonly raw: RootDatabase<Buffer, Buffer>;
  readonly emit: Emit;
}

async function run(emit: (f: Figure) => void): Promise<void> {
  const directory = await mkdtemp(join(process.env['NFVD_BENCH_DIR'] ?? tmpdir(), 'nfvd-bench-'));
  try {
    const store = await openLmdbStore({ path: join(directory, 'store') });
    const raw = openRaw(join(directory, 'raw'));
    const contest = { directory, store, raw, emit: figures(bench.name, emit) };
    for (const { callers, txns } of CALLERS) await transactions(contest, callers, txns);
    await updates(contest);
    await reads(contest);
    await watches(contest);
    await opening(contest);
    await raw.close();
  } finally {
    await rm(directory, { recursive: true });
  }
}

function openRaw(path: string): RootDatabase<Buffer, Buffer> {
  const options = { keyEncoding: 'binary', encoding: 'binary', overlappingSync: false } as const;
  return open<Buffer, Buffer>({ path, mapSize: 8 * 1024 ** 3, ...options });
}

const keyOf = (i: number): string => `key/${String(i % KEYS).padStart(8, '0')}`;

/** `count` calls of `one` from `callers` at a time; answers how many a second. */
async function rate(
  callers: number,
  count: number,
  one: (i: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: callers }, call));
  return (count * 1000) / (performance.now() - start);
}

/** Both in turn; the medians of their rounds. */
async function medians(
  ours: (round: number) => Promise<number>,
  theirs: (round: number) => Promise<number>,
): Promise<[number, number]> {
  const rates: [number[], number[]] = [[], []];
  for (let n = 0; n < ROUNDS; n++) {
    rates[0].push(await ours(n));
    rates[1].push(await theirs(n));
  }
  return [median(rates[0]), median(rates[1])];
}

async function transactions(
  { store, raw, emit }: Contest,
  callers: number,
  txns: number,
): Promise<void> {
  const value = Buffer.from(VALUE);
  const [ours, theirs] = await medians(
    (n) =>
      rate(callers, txns, (i) =>
        store.txn({ compare: [], ops: [{ kind: 'put', key: keyOf(n * txns + i), value: VALUE }] }),
      ),
    (n) => rate(callers, txns, (i) => raw.put(Buffer.from(keyOf(n * txns + i)), value)),
  );
  emit(`put, ${callers} callers`, ours, 'txn/s', theirs);
}

/** What the NVA does: read, and change if nobody else did. */
async function updates({ store, emit }: Contest): Promise<void> {
  const rates: number[] = [];
  for (let n = 0; n < ROUNDS; n++) rates.push(await update(store, n * 3200));
  emit('compare and put, 32 callers', median(rates), 'txn/s');
}

const update = (store: Store, from: number): Promise<number> =>
  rate(32, 3200, async (i) => {
    const key = keyOf(from + i);
    const revision = (await store.get(key))?.modRevision ?? 0;
    const compare = [{ kind: 'revision', key, revision }] as const;
    return store.txn({ compare, ops: [{ kind: 'put', key, value: VALUE }] });
  });

async function reads({ store, raw, emit }: Contest): Promise<void> {
  const { revision } = store.status();
  const [gets, rawGets] = await medians(
    () => rate(1, 20_000, (i) => store.get(keyOf(i * 7))),
    () => rate(1, 20_000, (i) => Promise.resolve(raw.getBinary(Buffer.from(keyOf(i * 7))))),
  );
  emit('get', gets, 'get/s', rawGets);
  const rawRange = (): Promise<number> => timed(() => countRaw(raw));
  const [latest, rawLatest] = await medians(() => timed(() => countRange(store)), rawRange);
  emit('range, latest', latest, 'kv/s', rawLatest);
  for (let i = 0; i < 2000; i++) {
    await store.txn({ compare: [], ops: [{ kind: 'put', key: keyOf(i * 10), value: VALUE }] });
  }
  const [then, rawThen] = await medians(() => timed(() => countRange(store, revision)), rawRange);
  emit('range, at an older revision', then, 'kv/s', rawThen);
}

/** Items a second of what counts them. */
async function timed(count: () => Promise<number> | number): Promise<number> {
  const start = performance.now();
  const items = await count();
  return (items * 1000) / (performance.now() - start);
}

async function countRange(store: Store, revision?: number): Promise<number> {
  let count = 0;
  for (let after = '', more = true; more;) {
    const at = revision === undefined ? {} : { revision };
    const page = await store.range({ prefix: 'key/', after, limit: 1000, ...at });
    count += page.kvs.length;
    after = page.kvs.at(-1)?.key ?? '';
    ({ more } = page);
  }
  return count;
}

function countRaw(raw: RootDatabase<Buffer, Buffer>): number {
  let count = 0;
  for (const { key, value } of raw.getRange()) count += key.length > 0 && value.length > 0 ? 1 : 0;
  return count;
}

async function watches({ store, emit }: Contest): Promise<void> {
  const { revision, compactRevision } = store.status();
  const replay = Math.min(50_000, revision - compactRevision);
  const replayed = await timed(() => follow(store, revision - replay, replay));
  emit('watch, from history', replayed, 'event/s');
  const count = 12_800;
  const following = Promise.all(Array.from({ length: 16 }, () => follow(store, revision, count)));
  const live = await timed(async () => {
    await rate(256, count, (i) =>
      store.txn({ compare: [], ops: [{ kind: 'put', key: keyOf(i), value: VALUE }] }),
    );
    const seen = await following;
    return seen.reduce((sum, n) => sum + n, 0);
  });
  emit('watch, 16 of them while 256 callers put', live, 'event/s');
}

/** Events until `count` came. */
async function follow(store: Store, after: number, count: number): Promise<number> {
  let seen = 0;
  const { signal } = new AbortController();
  for await (const { events } of store.watch({ prefix: 'key/', after, signal })) {
    seen += events.length;
    if (seen >= count) break;
  }
  return seen;
}

async function opening({ store, directory, emit }: Contest): Promise<void> {
  const start = performance.now();
  const before = store.status();
  await store.compact(before.revision);
  const revisions = before.revision - before.compactRevision;
  emit('compaction', (revisions * 1000) / (performance.now() - start), 'revision/s');
  await store.close();
  const file = join(directory, 'store', 'data.mdb');
  let records = 0;
  const checked = await timed(async () => ({ records } = await verifyDataFile(file)).records);
  emit('check of the file', checked, 'record/s');
  const opened = performance.now();
  await (await openLmdbStore({ path: join(directory, 'store') })).close();
  emit(`open and close, ${records} records`, performance.now() - opened, 'ms');
}
