/** Reading beside a writer, in another process and without LMDB. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PageFile } from '../../../../src/store/lmdb/file.js';
import { LmdbReader, openLmdbReader } from '../../../../src/store/lmdb/reader.js';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import { checkAcks, contents } from '../../../support/store-acks.js';
import { commit, del, op, put, rejects } from '../../../support/store-helpers.js';
import { everything, makeSample } from '../../../support/store-sample.js';
import { parseLines, writerArguments } from '../../../support/store-writer-lines.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const imageOf = (path: string): Promise<Buffer> => readFile(join(path, 'data.mdb'));

/** Becomes another file when so many pages were read. */
class ChangingFile extends PageFile {
  readonly #image: Buffer;
  #left: number;

  constructor(path: string, left: number, image: Buffer) {
    super(path);
    this.#left = left;
    this.#image = image;
  }

  override pages(first: number, count?: number): Buffer {
    if (this.#left-- === 0) writeFileSync(this.path, this.#image);
    return super.pages(first, count);
  }
}

class SyncedFile extends PageFile {
  syncs = 0;

  override sync(): void {
    this.syncs++;
    super.sync();
  }
}

describe('a reader of the embedded store', function () {
  this.timeout(60_000);
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'store');
  });

  afterEach(async () => {
    await directory.remove();
  });

  it('reads all that the writer does, at every revision', async () => {
    const sample = await makeSample(path);
    const reader = openLmdbReader({ path });
    assert.deepEqual(await everything(reader), sample.contents);
    const store = await openLmdbStore({ path });
    assert.deepEqual(reader.status(), store.status());
    await store.close();
    await reader.close();
  });

  it('sees each transaction when the writer was answered', async () => {
    const store = await openLmdbStore({ path });
    const reader = openLmdbReader({ path });
    for (let i = 0; i < 100; i++) {
      const revision = await commit(store, op('a', String(i)), op(`k${i}`, ''), del(`k${i - 5}`));
      assert.equal(reader.status().revision, revision);
      assert.equal((await reader.get('a'))?.value, String(i));
    }
    assert.deepEqual(await contents(reader), await contents(store));
    await reader.close();
    await store.close();
  });

  it('refuses like the writer does', async () => {
    const store = await openLmdbStore({ path });
    const first = await put(store, 'a', '1');
    const second = await put(store, 'a', '2');
    await store.compact(second);
    await store.close();
    const reader = openLmdbReader({ path });
    await rejects(reader.get('a', first), 'REVISION_COMPACTED');
    await rejects(reader.get('a', second + 1), 'REVISION_IN_FUTURE');
    await rejects(reader.get(''), 'STORE_LIMIT');
    await rejects(reader.range({ prefix: '', limit: 0 }), 'INVALID_FIELD');
    await reader.close();
    await rejects(reader.get('a'), 'STORE_CLOSED');
    assert.throws(() => reader.status(), { code: 'STORE_CLOSED' });
    await reader.close();
  });

  it('says that there is no store', () => {
    assert.throws(() => openLmdbReader({ path }), { code: 'FILE_UNREADABLE' });
  });

  // Another process overwrites pages while this one reads; here, after each number of pages read.
  it('never mixes what it read before and after a change of the file', async () => {
    const store = await openLmdbStore({ path });
    for (let i = 0; i < 150; i++) await put(store, `k${i}`, `old ${'v'.repeat(100)}`);
    const old = { image: await imageOf(path), contents: await contents(store) };
    for (let i = 0; i < 150; i++) await put(store, `k${i}`, `new ${'v'.repeat(100)}`);
    await store.compact(store.status().revision);
    const now = { image: await imageOf(path), contents: await contents(store) };
    await store.close();
    const seen = new Set<string>();
    for (let after = 0; after < 40; after++) {
      await writeFile(join(path, 'data.mdb'), old.image);
      const reader = new LmdbReader(new ChangingFile(join(path, 'data.mdb'), after, now.image));
      const { kvs, revision } = await reader.range({ prefix: 'k' });
      const expected = revision === 150 ? old.contents : now.contents;
      assert.deepEqual(kvs, [...expected.values()], `changed after ${after} pages`);
      seen.add(String(revision));
      await reader.close();
    }
    assert.deepEqual([...seen].sort(), ['150', '300']);
  });

  it('answers only what is on the disk: a commit shows before that', async () => {
    const store = await openLmdbStore({ path });
    const file = new SyncedFile(join(path, 'data.mdb'));
    const reader = new LmdbReader(file);
    await put(store, 'a', '1');
    await reader.get('a');
    await reader.get('a');
    assert.equal(file.syncs, 1);
    await put(store, 'a', 'again');
    await reader.range({ prefix: '' });
    reader.status();
    assert.equal(file.syncs, 2);
    await reader.close();
    await store.close();
  });

  it('sees whole transactions only, and harms none, while another process writes', async () => {
    const txns = 1500;
    await (await openLmdbStore({ path })).close();
    const order = { path, seed: 3, callers: 3, txns, compactEvery: 200 };
    const child = spawn(process.execPath, writerArguments(order), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const closed = once(child, 'close').then(() => true);
    const { reads, last } = await readUntil(closed);
    assert.equal(child.exitCode, 0);
    assert.ok(reads > 20, `${reads} reads`);
    const store = await openLmdbStore({ path });
    assert.ok(store.status().revision >= last);
    const told = parseLines(output);
    assert.equal(told.filter((line) => line.kind === 'ack').length, txns);
    await checkAcks(store, told);
    await store.close();
  });

  /** Opens and reads again and again; the writer puts both of the pair in each transaction. */
  async function readUntil(end: Promise<boolean>): Promise<{ reads: number; last: number }> {
    let last = 0;
    let reads = 0;
    for (let over = false; !over; reads++) {
      const reader = openLmdbReader({ path });
      const { kvs, revision } = await reader.range({ prefix: 'pair/' });
      assert.ok(revision >= last, `revision ${revision} after ${last}`);
      last = revision;
      if (kvs.length > 0) {
        const [a, b] = kvs;
        assert.deepEqual([a?.value, a?.modRevision], [b?.value, b?.modRevision]);
      }
      const all = await reader.range({ prefix: '' });
      const again = await reader
        .range({ prefix: '', revision: all.revision })
        .catch(() => undefined);
      if (again !== undefined) assert.deepEqual(again.kvs, all.kvs);
      await reader.close();
      over = await Promise.race([
        end,
        new Promise<false>((r) =>
          setImmediate(() => {
            r(false);
          }),
        ),
      ]);
    }
    return { reads, last };
  }
});
