/** A damaged file: a clear error, never a crash, and never wrong data. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NfvError } from '../../../../src/errors.js';
import { Environment } from '../../../../src/store/lmdb/environment.js';
import {
  currentKey,
  encodeState,
  encodeVersion,
  historyKey,
  logKey,
  STATE_KEY,
  type StateRecord,
  utf8,
} from '../../../../src/store/lmdb/layout.js';
import { openLmdbReader } from '../../../../src/store/lmdb/reader.js';
import { Records, type Write } from '../../../../src/store/lmdb/records.js';
import { openLmdbStore, openLmdbStoreEarly } from '../../../../src/store/lmdb/store.js';
import { verifyDataFile } from '../../../../src/store/lmdb/verify.js';
import { seeded, upTo } from '../../../support/seeded.js';
import { put, rejects } from '../../../support/store-helpers.js';
import { everything, makeSample, type Sample } from '../../../support/store-sample.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const LONG = process.env['NFVD_TEST_LONG'] === '1';
const FLIPS = LONG ? 50_000 : 1500;
const SEED = 4711;
const PAGE = 4096;
const PAGE_HEADER = 24;

describe('a damaged embedded store', function () {
  this.timeout(LONG ? 1_200_000 : 60_000);
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let sample: Sample;
  let path: string;
  let file: string;

  before(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'store.d');
    file = join(path, 'data.mdb');
    sample = await makeSample(path);
  });

  beforeEach(async () => {
    await writeFile(file, sample.file);
  });

  after(async () => {
    await directory.remove();
  });

  it('is none to begin with', async () => {
    const verified = await verifyDataFile(file);
    assert.ok(verified.freePages > 0 && verified.pages > 30);
    assert.equal(verified.lostPages, 0);
    assert.deepEqual(await read(), sample.contents);
  });

  const newer = (bytes: Buffer): number =>
    bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(PAGE + 152) ? 0 : PAGE;
  const rows: readonly [string, (bytes: Buffer) => Buffer, RegExp][] = [
    ['an empty file', () => Buffer.alloc(0), /page 0: lies beyond the end, the file has 0 bytes/],
    ['one byte', (b) => b.subarray(0, 1), /page 0: lies beyond the end/],
    ['one page', (b) => b.subarray(0, PAGE), /page 1: lies beyond the end/],
    ['the meta pages only', (b) => b.subarray(0, 2 * PAGE), /lies beyond the end/],
    ['half of it', (b) => b.subarray(0, b.length >> 1), /lies beyond the end/],
    ['zeros', (b) => Buffer.alloc(b.length), /page 0: wrong magic number/],
    ['text', () => Buffer.from('Hello, World!\n'.repeat(1000)), /page 0: wrong magic number/],
    ['another program’s file', () => Buffer.from('SQLite format 3\u0000'.padEnd(8192)), /magic/],
    ['noise', (b) => Buffer.from(noise(b.length)), /page 0: wrong magic number/],
    [
      'noise behind the meta pages',
      (b) => patched(b, 2 * PAGE, noise(b.length - 2 * PAGE)),
      /page \d+/,
    ],
    ['another data version', (b) => patched(b, 28, [7]), /page 0: data version 7, not 2/],
    ['a bad first meta page', (b) => patched(b, 0, noise(PAGE)), /page 0/],
    ['a bad second meta page', (b) => patched(b, PAGE, noise(PAGE)), /page 1/],
    [
      'swapped meta pages',
      (b) => patched(patched(b, 0, b.subarray(PAGE, 2 * PAGE)), PAGE, b.subarray(0, PAGE)),
      /page 0/,
    ],
    [
      'a newest meta page of long ago',
      (b) => patched(b, newer(b) + 152, [2, 0, 0, 0]),
      /do not follow/,
    ],
    [
      'a page that was never written',
      (b) => patched(b, rootOf(b) * PAGE, Buffer.alloc(PAGE)),
      /says it is page 0/,
    ],
    [
      'a page of another place',
      (b) => patched(b, rootOf(b) * PAGE, b.subarray(2 * PAGE, 3 * PAGE)),
      /says it is page 2/,
    ],
    [
      'a branch page that is its own first child',
      (b) => patched(b, firstChildOf(b, rootOf(b)), u32(rootOf(b))),
      /is used twice/,
    ],
  ];
  for (const [what, damage, message] of rows) {
    it(`is refused: ${what}`, async () => {
      await writeFile(file, damage(Buffer.from(sample.file)));
      const error = await rejects(openLmdbStore({ path }), 'STORE_DAMAGED');
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`${file}: `), error.message);
      assert.match(error.remedy, /backup/);
      // It stays as it is: nothing was written to it, and nobody holds it.
      assert.deepEqual(await readFile(file), damage(Buffer.from(sample.file)));
      assert.equal((await refusedEarly()).message, error.message);
    });
  }

  /** What is asked of it while it is being checked is answered, or refused; it makes no difference. */
  async function refusedEarly(): Promise<NfvError> {
    const opening = openLmdbStoreEarly({ path });
    const early = await opening.catch(() => undefined);
    if (early === undefined) return rejects(opening, 'STORE_DAMAGED');
    const checked = rejects(early.checked(), 'STORE_DAMAGED');
    const asked = early.range({ prefix: '' }).catch((thrown: unknown) => thrown);
    const told = await checked;
    await rejects(put(early, 'new', 'x'), 'STORE_DAMAGED');
    const answer = await asked;
    if (answer instanceof Error) assert.equal(NfvError.from(answer).code, 'STORE_DAMAGED');
    await early.close();
    return told;
  }

  // Whole pages and right checksums, but not what a store can be: as after a lost write.
  const lost: readonly [string, (records: Records) => Write[], RegExp][] = [
    ['a value', () => [{ key: currentKey(utf8('key/30')), record: undefined }], /do not belong/],
    [
      'a former value',
      () => [{ key: historyKey(utf8('large'), 202), record: undefined }],
      /do not belong/,
    ],
    [
      'a log record',
      () => [{ key: logKey(215), record: undefined }],
      /revision 215 should be here/,
    ],
    ['the last log record', () => [{ key: logKey(222), record: undefined }], /log ends before 222/],
    ['the state', () => [{ key: STATE_KEY, record: undefined }], /no state record/],
    ['a newer value', () => [older('large')], /do not belong/],
    [
      'the last state',
      (r) => [state({ ...r.state(), revision: 221 })],
      /impossible|should be here/,
    ],
    ['a purge', (r) => [state({ ...r.state(), purgedRevision: 0 })], /revision 1 should be here/],
    ['its place', (r) => [{ key: Buffer.from([9]), record: encodeState(r.state()) }], /checksum/],
  ];
  for (const [what, writes, message] of lost) {
    it(`is refused: one that lost ${what}`, async () => {
      const environment = new Environment({ path, mapSize: 2 ** 30 });
      await environment.ready();
      await environment.commit(writes(new Records(environment)));
      await environment.close();
      const error = await rejects(openLmdbStore({ path }), 'STORE_DAMAGED');
      assert.match(error.message, message);
      assert.equal((await refusedEarly()).message, error.message);
    });
  }

  it('is a missing file: made anew, as another store', async () => {
    const before = openLmdbReader({ path });
    const { storeId } = before.status();
    await before.close();
    await rm(file);
    const store = await openLmdbStore({ path });
    assert.notEqual(store.status().storeId, storeId);
    await store.close();
  });

  it(`is refused, or has all that it had, with any bit flipped (${FLIPS} times)`, async () => {
    const random = seeded(SEED);
    const used = (await verifyDataFile(file)).pages * PAGE;
    let harmless = 0;
    for (let n = 0; n < FLIPS; n++) {
      // Half of the flips hit headers and meta pages, where they do the most.
      const place =
        n % 2 === 0 ? upTo(random, used) : upTo(random, used / PAGE) * PAGE + upTo(random, 200);
      const bytes = Buffer.from(sample.file);
      bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << upTo(random, 8)), place);
      await writeFile(file, bytes);
      try {
        await verifyDataFile(file);
      } catch (error) {
        assert.ok(error instanceof NfvError && error.code === 'STORE_DAMAGED', String(error));
        continue;
      }
      harmless++;
      // Free pages, old versions of pages, gaps. Some of them are looked at in whole.
      if (harmless % 30 === 0) assert.deepEqual(await read(), sample.contents, `byte ${place}`);
    }
    assert.ok(harmless < FLIPS * 0.8, `${harmless} flips were harmless`);
  });

  it('is refused, or has all that it had, with a sector lost', async () => {
    const random = seeded(SEED);
    const sectors = (await verifyDataFile(file)).pages * (PAGE / 512);
    for (let n = 0; n < FLIPS / 10; n++) {
      const place = upTo(random, sectors) * 512;
      const lost = n % 2 === 0 ? Buffer.alloc(512) : noise(512);
      await writeFile(file, patched(sample.file, place, lost));
      const error = await verifyDataFile(file).catch((thrown: unknown) => thrown);
      if (error instanceof NfvError) assert.equal(error.code, 'STORE_DAMAGED');
      else if (n % 5 === 0) assert.deepEqual(await read(), sample.contents, `sector at ${place}`);
    }
  });

  it('is found by a read; then nothing more is written, and the rest can still be read', async () => {
    const store = await openLmdbStore({ path });
    const watched = store.watch({ prefix: 'key/', after: store.status().revision, signal });
    overwrite(file, 'value 179 ', 'VALUE 179 ');
    const error = await rejects(store.get('key/59'), 'STORE_DAMAGED');
    assert.match(error.message, /checksum/);
    assert.ok(error.message.startsWith(file));
    await rejects(store.range({ prefix: 'key/5' }), 'STORE_DAMAGED');
    assert.equal((await store.get('new/7'))?.value, '7');
    await rejects(put(store, 'new/7', 'x'), 'STORE_DAMAGED');
    await rejects(store.compact(store.status().revision), 'STORE_DAMAGED');
    assert.ok(store.status().revision > 0);
    await store.close();
    await rejects(watched[Symbol.asyncIterator]().next(), 'STORE_CLOSED');
    await rejects(openLmdbStore({ path }), 'STORE_DAMAGED');
  });

  it('is found by a transaction: none of its group is written', async () => {
    const store = await openLmdbStore({ path });
    const { revision } = store.status();
    overwrite(file, 'value 179 ', 'VALUE 179 ');
    const group = [put(store, 'x', '1'), put(store, 'key/59', '2'), put(store, 'y', '3')];
    for (const one of group) await rejects(one, 'STORE_DAMAGED');
    assert.equal(store.status().revision, revision);
    await store.close();
  });

  it('is told by a reader, too', async () => {
    await truncate(file, 3 * PAGE);
    assert.throws(() => openLmdbReader({ path }), { code: 'STORE_DAMAGED' });
    await writeFile(file, patched(Buffer.from(sample.file), 0, noise(PAGE)));
    assert.throws(() => openLmdbReader({ path }), { code: 'STORE_DAMAGED' });
    await writeFile(file, sample.file);
    const reader = openLmdbReader({ path });
    overwrite(file, 'value 179 ', 'VALUE 179 ');
    await rejects(reader.get('key/59'), 'STORE_DAMAGED');
    await reader.close();
  });

  async function read(): Promise<Sample['contents']> {
    const store = await openLmdbStore({ path });
    try {
      return await everything(store);
    } finally {
      await store.close();
    }
  }
});

const { signal } = new AbortController();

const state = (record: StateRecord): Write => ({ key: STATE_KEY, record: encodeState(record) });

/** The value that the key had when it was made, in the place of its latest. */
function older(name: string): Write {
  const key = currentKey(utf8(name));
  const version = { createRevision: 201, modRevision: 201, value: utf8('l'.repeat(20_000)) };
  return { key, record: encodeVersion(key, version) };
}

function noise(length: number): Uint8Array {
  const random = seeded(SEED);
  return Buffer.alloc(length).map(() => upTo(random, 256));
}

function patched(bytes: Buffer, at: number, patch: ArrayLike<number>): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(patch, at);
  return copy;
}

/** The main tree's root by the newer meta page. */
function rootOf(bytes: Buffer): number {
  const newer = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(PAGE + 152) ? 0 : PAGE;
  return Number(bytes.readBigUInt64LE(newer + 96 + 40));
}

/** Where a branch page has the number of its first child (`mp_ptrs` and `mn_lo` of LMDB's mdb.c). */
function firstChildOf(bytes: Buffer, page: number): number {
  const header = page * PAGE + PAGE_HEADER;
  return header + bytes.readUInt16LE(header);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Wherever `text` is in the file, also under a process that has it mapped. */
function overwrite(path: string, text: string, by: string): void {
  const fd = openSync(path, 'r+');
  try {
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
      writeSync(fd, by, at);
    }
  } finally {
    closeSync(fd);
  }
}
