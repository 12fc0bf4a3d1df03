/** A large data file is checked in a thread of its own, and what comes of it is the same. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import { askThread, verifyAside } from '../../../../src/store/lmdb/verify-aside.js';
import { verifyDataFile } from '../../../../src/store/lmdb/verify.js';
import { put, rejects } from '../../../support/store-helpers.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

/** Enough for a thread to be worth it. */
const LARGE = 8 * 1024 * 1024;
const VALUE = 'v'.repeat(400_000);
const VALUES = 40;

describe('the check of a large data file', function () {
  this.timeout(60_000);
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;
  let file: string;
  let whole: Buffer;

  before(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'store');
    file = join(path, 'data.mdb');
    const store = await openLmdbStore({ path });
    for (let i = 0; i < VALUES; i++) await put(store, `key/${i}`, VALUE);
    await store.close();
    whole = await readFile(file);
    assert.ok(whole.length > LARGE);
  });

  beforeEach(async () => {
    await writeFile(file, whole);
  });

  after(async () => {
    await directory.remove();
  });

  it('tells what it tells in this thread', async () => {
    const told = await verifyDataFile(file);
    assert.deepEqual(await askThread(file), told);
    assert.deepEqual(await verifyAside(file), told);
  });

  it('leaves this thread to others: it is begun in a worker, and not here', async () => {
    const begun = once(process, 'worker');
    const verified = verifyAside(file);
    await begun;
    await verified;
  });

  it('says what is wrong with it, as it does in this thread', async () => {
    const at = whole.lastIndexOf('vvvvvvvv');
    await writeFile(
      file,
      Buffer.concat([whole.subarray(0, at), Buffer.from('w'), whole.subarray(at + 1)]),
    );
    const told: unknown = await verifyDataFile(file).catch((error: unknown) => error);
    await rejects(verifyAside(file), 'STORE_DAMAGED');
    await assert.rejects(openLmdbStore({ path }), told instanceof Error ? told : assert.fail());
  });

  it('ends with its signal, before and while it runs', async () => {
    const reason = new Error('enough');
    await assert.rejects(verifyAside(file, AbortSignal.abort(reason)), reason);
    const controller = new AbortController();
    const begun = once(process, 'worker');
    const verified = verifyAside(file, controller.signal);
    await begun;
    controller.abort(reason);
    await assert.rejects(verified, reason);
    // Nothing of it is left that could keep the process.
    await turn();
    const store = await openLmdbStore({ path });
    assert.equal((await store.get('key/0'))?.value, VALUE);
    await store.close();
  });
});
