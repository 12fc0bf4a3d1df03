/** Opening: locks, permissions, epochs, creation, and what a kill in the middle of it leaves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import { LIMITS, type WriteOp } from '../../../../src/store/store.js';
import { verifyDataFile } from '../../../../src/store/lmdb/verify.js';
import { checkAcks } from '../../../support/store-acks.js';
import { put, rejects } from '../../../support/store-helpers.js';
import { parseLines, writerArguments } from '../../../support/store-writer-lines.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { withUmask } from '../../../support/umask.js';

const modeOf = async (file: string): Promise<string> =>
  ((await stat(file)).mode & 0o7777).toString(8);

describe('opening the embedded store', function () {
  this.timeout(60_000);
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'a', 'b.c', 'store');
  });

  afterEach(async () => {
    await directory.remove();
  });

  it('makes the directory and its files, for this user only', async () => {
    const store = await openLmdbStore({ path });
    await put(store, 'a', '1');
    assert.equal((await stat(path)).mode & 0o777, 0o700);
    assert.deepEqual((await readdir(path)).sort(), ['data.mdb', 'lock.mdb']);
    for (const name of await readdir(path)) {
      assert.equal((await stat(join(path, name))).mode & 0o777, 0o600, name);
    }
    await store.close();
    await chmod(path, 0o755);
    await (await openLmdbStore({ path })).close();
    assert.equal((await stat(path)).mode & 0o777, 0o700);
  });

  for (const umask of [0o077, 0]) {
    it(`lets others pass the directories above it that it makes, and no other (umask ${umask.toString(8)})`, async () => {
      const [old, above] = [join(path, '..', 'old'), join(path, '..', 'old', 'lib')];
      await mkdir(old, { recursive: true });
      await chmod(old, 0o711);
      const ours = join(above, 'nfvd', 'nve');
      await withUmask(umask, async () => (await openLmdbStore({ path: ours })).close());
      const modes = [old, above, join(above, 'nfvd'), ours].map(modeOf);
      assert.deepEqual(await Promise.all(modes), ['711', '755', '755', '700']);
    });
  }

  it('starts at revision 0, with an id of its own', async () => {
    const store = await openLmdbStore({ path, now: () => 5000 });
    const { storeId, ...rest } = store.status();
    assert.match(storeId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(rest, { epoch: 5, revision: 0, compactRevision: 0 });
    assert.equal(await store.get('a', 0), undefined);
    assert.equal(await put(store, 'a', '1'), 1);
    await store.close();
    const other = await openLmdbStore({ path: `${path}-2` });
    assert.notEqual(other.status().storeId, storeId);
    await other.close();
  });

  it('takes as much in a transaction as it was opened for, and no more', async () => {
    const ops = (count: number): WriteOp[] =>
      Array.from({ length: count }, (_, i) => ({ kind: 'put', key: `k${i}`, value: '' }));
    const store = await openLmdbStore({ path, txnOps: 1001 });
    assert.equal(store.txnOps, 1001);
    await store.txn({ compare: [], ops: ops(1001) });
    assert.equal(store.status().revision, 1);
    await rejects(store.txn({ compare: [], ops: ops(1002) }), 'STORE_LIMIT');
    await store.close();
    const usual = await openLmdbStore({ path });
    assert.equal(usual.txnOps, LIMITS.txnOps);
    assert.equal((await usual.range({ prefix: 'k', limit: 2000 })).kvs.length, 1001);
    await usual.close();
  });

  it('counts its epochs on, also where the clock stands still or goes back', async () => {
    const epochs: number[] = [];
    for (const seconds of [100, 100, 50, 200]) {
      const store = await openLmdbStore({ path, now: () => seconds * 1000 + 999 });
      epochs.push(store.status().epoch);
      await store.close();
    }
    assert.deepEqual(epochs, [100, 101, 102, 200]);
  });

  it('lets one open it at a time', async () => {
    const store = await openLmdbStore({ path });
    const error = await rejects(openLmdbStore({ path }), 'STORE_LOCKED');
    assert.ok(error.message.includes(path));
    await put(store, 'a', '1');
    await store.close();
    const again = await openLmdbStore({ path });
    assert.equal((await again.get('a'))?.value, '1');
    await again.close();
  });

  it('lets one of several processes open it, and the next when that is killed', async () => {
    const order = { path, seed: 1, callers: 1 };
    const writers = Array.from({ length: 4 }, () => startWriter(order));
    const losers = await Promise.all(
      writers.map(async (writer) => ((await writer.opened) ? undefined : writer)),
    );
    assert.equal(losers.filter((loser) => loser !== undefined).length, 3);
    for (const loser of losers) {
      if (loser !== undefined) assert.match(loser.errors(), /STORE_LOCKED/);
    }
    await rejects(openLmdbStore({ path }), 'STORE_LOCKED');
    const winner = writers[losers.indexOf(undefined)];
    winner?.kill();
    await winner?.closed;
    const store = await openLmdbStore({ path });
    await checkAcks(store, parseLines(winner?.output() ?? ''));
    await store.close();
  });

  // Each is there at some time while a store is made.
  for (const name of ['', 'new', 'new/lock.mdb', 'new/data.mdb', 'data.mdb', 'lock.mdb']) {
    it(`opens after a kill when ${name === '' ? 'the directory' : name} was just there`, async () => {
      const writer = await killedAtSightOf(path, name);
      const store = await openLmdbStore({ path });
      await checkAcks(store, parseLines(writer.output()));
      assert.equal(await put(store, 'a', '1'), store.status().revision);
      await store.close();
      await verifyDataFile(join(path, 'data.mdb'));
      assert.deepEqual((await readdir(path)).sort(), ['data.mdb', 'lock.mdb']);
    });
  }

  it('goes on after what an unfinished making left', async () => {
    await mkdir(join(path, 'new'), { recursive: true });
    await writeFile(join(path, 'new', 'data.mdb'), 'half');
    const store = await openLmdbStore({ path });
    assert.equal(store.status().revision, 0);
    await store.close();
  });

  it('takes a bad lock file of LMDB for none', async () => {
    await (await openLmdbStore({ path })).close();
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(100_000, 0xff)]) {
      await writeFile(join(path, 'lock.mdb'), bytes);
      const store = await openLmdbStore({ path });
      await put(store, 'a', '1');
      await store.close();
    }
  });

  it('says where it cannot', async () => {
    await writeFile(join(directory.path, 'file'), '');
    const error = await rejects(
      openLmdbStore({ path: join(directory.path, 'file') }),
      'FILE_UNREADABLE',
    );
    assert.ok(error.message.includes(join(directory.path, 'file')));
    await rejects(openLmdbStore({ path: join(directory.path, 'file', 'x') }), 'FILE_UNREADABLE');
  });

  it('leaves nothing locked when its check is ended', async () => {
    const store = await openLmdbStore({ path });
    for (let i = 0; i < 60; i++) await put(store, `k${i}`, 'v'.repeat(30_000));
    await store.close();
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(openLmdbStore({ path, signal }), /enough/);
    await (await openLmdbStore({ path })).close();
  });
});

interface Writer {
  /** It has opened the store; false: it has ended without. */
  readonly opened: Promise<boolean>;
  readonly closed: Promise<unknown>;
  output(): string;
  errors(): string;
  kill(): void;
}

function startWriter(order: Parameters<typeof writerArguments>[0]): Writer {
  const child = spawn(process.execPath, writerArguments(order), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const closed = once(child, 'close');
  return {
    opened: Promise.race([
      once(child.stdout, 'data').then(() => true),
      closed.then(() => output !== ''),
    ]),
    closed,
    output: () => output,
    errors: () => errors,
    kill: () => child.kill('SIGKILL'),
  };
}

/**
 * A writer killed as soon as this file of its store was seen. What is there only while the store is
 * made may come and go between two looks on a busy machine: then another writer makes another.
 */
async function killedAtSightOf(path: string, name: string): Promise<Writer> {
  for (let tries = 1; tries <= 50; tries++) {
    const writer = startWriter({ path, seed: 1, callers: 1 });
    const seen = await sees(join(path, name), writer);
    writer.kill();
    await writer.closed;
    if (seen) return writer;
    await rm(path, { recursive: true, force: true });
  }
  throw new Error(`${name} was never seen`);
}

/** False: the writer has opened its store, or ended, and nobody has seen the file. */
async function sees(file: string, writer: Writer): Promise<boolean> {
  const opened = writer.opened.then(() => 'opened');
  while (!existsSync(file)) {
    if ((await Promise.race([opened, nextTurn()])) === 'opened') return existsSync(file);
  }
  return true;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
