/** A store with something of everything in it, to be damaged. */
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import { verifyDataFile } from '../../src/store/lmdb/verify.js';
import type { KeyValue, StoreReader } from '../../src/store/store.js';
import { contents } from './store-acks.js';
import { commit, del, op, put } from './store-helpers.js';

export interface Sample {
  /** The data file. */
  readonly file: Buffer;
  /** What is in it, by revision from the compact revision on. */
  readonly contents: ReadonlyMap<number, ReadonlyMap<string, KeyValue>>;
}

/** Makes it in the empty directory `path`: several levels of pages, overflow pages, free ones. */
export async function makeSample(path: string): Promise<Sample> {
  const store = await openLmdbStore({ path });
  for (let i = 0; i < 200; i++) await put(store, `key/${i % 60}`, `value ${i} ${'v'.repeat(300)}`);
  await put(store, 'large', 'l'.repeat(20_000));
  await store.compact(store.status().revision - 60);
  await put(store, 'large', 'L'.repeat(30_000));
  for (let i = 0; i < 20; i++) await commit(store, del(`key/${i}`), op(`new/${i}`, `${i}`));
  const all = await everything(store);
  await store.close();
  const file = join(path, 'data.mdb');
  const { pages } = await verifyDataFile(file);
  // Without the room that was made for more.
  await truncate(file, pages * 4096);
  return { file: await readFile(file), contents: all };
}

export async function everything(store: StoreReader): Promise<Sample['contents']> {
  const { revision, compactRevision } = store.status();
  const all = new Map<number, ReadonlyMap<string, KeyValue>>();
  for (let r = compactRevision; r <= revision; r++) all.set(r, await contents(store, r));
  return all;
}
