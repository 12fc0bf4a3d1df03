/**
 * A program of its own, in a private mount namespace: puts a small tmpfs on a directory, fills it,
 * and looks at what the store does on it. Ends with "ok", or fails.
 *
 *   unshare --mount node store-full-disk.js DIRECTORY
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NfvError } from '../../src/errors.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import { verifyDataFile } from '../../src/store/lmdb/verify.js';
import type { Store } from '../../src/store/store.js';
import { next, put, rejects } from './store-helpers.js';

const MIB = 1024 * 1024;
const TMPFS_BYTES = 12 * MIB;
/** More than the file ever has in reserve. */
const LARGE = 'x'.repeat(1_000_000);

async function main(directory: string): Promise<void> {
  const options = `size=${TMPFS_BYTES},mode=700`;
  await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', options, 'nfvt-full', directory]);
  await fillWhileOpen(directory);
  await openOnFull(directory);
  process.stdout.write('ok');
}

async function fillWhileOpen(directory: string): Promise<void> {
  const ballast = join(directory, 'ballast');
  const path = join(directory, 'store');
  await writeFile(ballast, Buffer.alloc(4 * MIB));
  const store = await openLmdbStore({ path });
  const acknowledged = new Map<string, string>();
  const before = await fill(store, acknowledged);
  // Refused again and again, and nothing is half there.
  for (let i = 0; i < 20; i++) await rejects(put(store, `refused/${i}`, LARGE), 'STORE_FULL');
  await checkContents(store, acknowledged);
  assert.equal(store.status().revision, before);
  await watchAll(store, before);
  await verifyDataFile(join(path, 'data.mdb'));

  await rm(ballast);
  for (let i = 0; i < 20; i++) {
    acknowledged.set(`again/${i}`, 'x'.repeat(10_000));
    assert.equal(await put(store, `again/${i}`, 'x'.repeat(10_000)), before + 1 + i);
  }
  await checkContents(store, acknowledged);
  // Full for many callers at once.
  await fill(store, acknowledged);
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => rejects(put(store, `m/${i}`, LARGE), 'STORE_FULL')),
  );
  await checkContents(store, acknowledged);
  await store.close();

  await verifyDataFile(join(path, 'data.mdb'));
}

/** Larger and larger values until one is refused; answers the revision. */
async function fill(store: Store, acknowledged: Map<string, string>): Promise<number> {
  for (let i = 0; ; i++) {
    const key = `fill/${acknowledged.size}`;
    const value = `${i}:${'v'.repeat(20_000 + i * 100)}`;
    try {
      await put(store, key, value);
      acknowledged.set(key, value);
    } catch (error) {
      assert.ok(error instanceof NfvError && error.code === 'STORE_FULL', String(error));
      return store.status().revision;
    }
  }
}

async function checkContents(store: Store, expected: ReadonlyMap<string, string>): Promise<void> {
  const found = new Map<string, string>();
  for (let after = '', more = true; more;) {
    const page = await store.range({ prefix: '', after });
    for (const kv of page.kvs) found.set(kv.key, kv.value);
    after = page.kvs.at(-1)?.key ?? '';
    ({ more } = page);
  }
  assert.equal(found.size, expected.size);
  for (const [key, value] of expected) assert.equal(found.get(key), value, key);
}

async function watchAll(store: Store, revision: number): Promise<void> {
  const { signal } = new AbortController();
  const last = await next(store.watch({ prefix: '', after: revision - 1, signal }));
  assert.equal(last?.revision, revision);
}

/** Neither a new store nor an old one opens without room, and nothing is left of a new one. */
async function openOnFull(directory: string): Promise<void> {
  const old = join(directory, 'old');
  const store = await openLmdbStore({ path: old }).catch(() => undefined);
  await store?.close();
  const { bavail, bsize } = await statfs(directory);
  await writeFile(join(directory, 'rest'), Buffer.alloc(bavail * bsize)).catch(() => undefined);
  const path = join(directory, 'new');
  await rejects(openLmdbStore({ path }), 'STORE_FULL');
  assert.equal(existsSync(join(path, 'data.mdb')), false);
  await rm(join(directory, 'rest'));
  await rm(join(directory, 'store'), { recursive: true });
  const now = await openLmdbStore({ path });
  assert.equal(await put(now, 'a', '1'), 1);
  await now.close();
}

const [, program, directory] = process.argv;
if (program === import.meta.filename && directory !== undefined) await main(directory);
