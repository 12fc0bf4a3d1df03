import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { Journal } from '../../../src/host/journal.js';
import { TempFiles } from '../../support/temp-files.js';
import { withUmask } from '../../support/umask.js';

const RECORDS = [{ begin: 1 }, { text: 'ä line\nwith\u2028ends' }, ['list', null], 'last'];

/** A line of the journal as its documentation has it. */
function line(seq: number, record: unknown): string {
  const json = JSON.stringify({ seq, record });
  return `${createHash('sha256').update(json).digest('hex').slice(0, 16)} ${Buffer.byteLength(json)} ${json}\n`;
}

describe('Journal', () => {
  let temp: TempFiles;
  let path: string;
  beforeEach(async () => {
    temp = await TempFiles.create();
    path = temp.path('lib/state/journal');
  });
  afterEach(() => temp.remove());

  async function write(records: readonly unknown[]): Promise<void> {
    const { journal } = await Journal.open(path);
    for (const record of records) await journal.append(record);
    await journal.close();
  }

  async function read(): Promise<{ records: readonly unknown[]; cutBytes: number }> {
    const { journal, records, cutBytes } = await Journal.open(path);
    await journal.close();
    return { records, cutBytes };
  }

  it('gives back what was written, in order', async () => {
    await write(RECORDS);
    assert.equal(await readFile(path, 'utf8'), RECORDS.map((r, i) => line(i, r)).join(''));
    assert.deepEqual(await read(), { records: RECORDS, cutBytes: 0 });
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
  });

  for (const umask of [0o077, 0]) {
    it(`lets others pass what it makes above its directory (umask ${umask.toString(8)})`, async () => {
      await withUmask(umask, () => write(RECORDS));
      for (const [name, mode] of [
        ['lib', 0o755],
        ['lib/state', 0o700],
        ['lib/state/journal', 0o600],
      ] as const) {
        assert.equal((await stat(temp.path(name))).mode & 0o7777, mode, name);
      }
    });
  }

  it('is whole again after a crash at any byte of a write', async () => {
    await write(RECORDS);
    const whole = await readFile(path);
    const ends = [...whole.entries()].flatMap(([at, byte]) => (byte === 10 ? [at + 1] : []));
    for (let size = 0; size <= whole.length; size++) {
      await writeFile(path, whole.subarray(0, size));
      const kept = ends.filter((end) => end <= size);
      const expected = {
        records: RECORDS.slice(0, kept.length),
        cutBytes: size - (kept.at(-1) ?? 0),
      };
      assert.deepEqual(await read(), expected, `${size} bytes`);
      // What was cut is gone, so that the next record follows a whole one.
      assert.deepEqual(await read(), { ...expected, cutBytes: 0 });
    }
  }).timeout(30_000);

  it('goes on after a cut tail', async () => {
    await write(RECORDS);
    await truncate(path, (await stat(path)).size - 3);
    await write(['again']);
    assert.deepEqual((await read()).records, [...RECORDS.slice(0, 3), 'again']);
  });

  it('takes a last line of zeros or rubbish for unfinished', async () => {
    for (const tail of [Buffer.alloc(64), Buffer.from('rubbish\n'), Buffer.from('{"seq":4}\n')]) {
      await write(RECORDS.slice((await read()).records.length));
      await appendFile(path, tail);
      assert.deepEqual(await read(), { records: RECORDS, cutBytes: tail.length });
    }
  });

  it('refuses a journal in which any other byte was changed', async () => {
    await write(RECORDS);
    const whole = await readFile(path);
    const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1;
    await fc.assert(
      fc.asyncProperty(fc.nat(lastLine - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(at) ^ flip, at);
        await writeFile(path, bytes);
        await assert.rejects(read(), { code: 'JOURNAL_DAMAGED' });
      }),
      { numRuns: 200 },
    );
  }).timeout(30_000);

  it('refuses a journal whose records were swapped or dropped', async () => {
    await write(RECORDS);
    await writeFile(path, line(0, 'a') + line(2, 'b') + line(3, 'c'));
    await assert.rejects(read(), {
      code: 'JOURNAL_DAMAGED',
      message: `${path}:2: its checksum or number is wrong`,
    });
  });

  it('replaces all records at once', async () => {
    const { journal } = await Journal.open(path);
    for (const record of RECORDS) await journal.append(record);
    await journal.replace(['summary']);
    await journal.append('next');
    await journal.close();
    assert.deepEqual((await read()).records, ['summary', 'next']);
  });

  it('refuses a record that is too large, and goes on', async () => {
    const { journal } = await Journal.open(path);
    await assert.rejects(journal.append('x'.repeat(9 << 20)), { code: 'MESSAGE_TOO_LARGE' });
    await journal.append('small');
    await journal.close();
    assert.deepEqual((await read()).records, ['small']);
  });

  it('keeps nothing of a record that the disk had no room for', async function () {
    this.timeout(20_000);
    // A limit on the file's size is the one fault a test can set without a disk of its own.
    const script = `
      import { Journal } from ${JSON.stringify(new URL('../../../src/host/journal.js', import.meta.url).href)};
      process.on('SIGXFSZ', () => undefined);
      const { journal } = await Journal.open(process.argv[1]);
      await journal.append('first');
      const failed = await journal.append('x'.repeat(20000)).then(() => '', (e) => e.code);
      await journal.append('second');
      console.log(failed);`;
    const said = execFileSync(
      'bash',
      [
        '-c',
        'ulimit -f 8; exec "$0" --input-type=module -e "$1" "$2"',
        process.execPath,
        script,
        path,
      ],
      // The limit is not for the coverage report that the process writes at its end.
      { encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: '' } },
    );
    assert.equal(said.trim(), 'FILE_UNREADABLE');
    assert.deepEqual(await read(), { records: ['first', 'second'], cutBytes: 0 });
  });

  it('says what it cannot open', async () => {
    await temp.write('file', '');
    await assert.rejects(Journal.open(temp.path('file/journal')), { code: 'FILE_UNREADABLE' });
  });
});
