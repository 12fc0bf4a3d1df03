import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { NfvError } from '../../../../src/errors.js';
import { AuditLog, checkAuditFile, type AuditEntry } from '../../../../src/nva/access/audit-log.js';
import { eventually } from '../../../support/eventually.js';
import { refusedWith } from '../../../support/refusals.js';
import { skip } from '../../../support/skip.js';
import { tempDir } from '../../../support/temp-dir.js';

const entry = (target: string): AuditEntry => ({
  time: '2026-01-02T03:04:05.678Z',
  who: 'user/alice',
  peer: '192.0.2.1:40000',
  method: 'CreateEndpoint',
  target,
  outcome: 'OK',
  ms: 3,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
});

interface Failure {
  readonly error: NfvError;
  readonly lost: number;
}

const run = promisify(execFile);

describe('AuditLog', () => {
  let dir: ReturnType<typeof tempDir>;
  let path: string;
  let failures: Failure[];

  beforeEach(() => {
    dir = tempDir();
    path = join(dir.path, 'audit.log');
    failures = [];
  });
  afterEach(() => {
    dir.remove();
  });

  const open = (file = path): Promise<AuditLog> =>
    AuditLog.open(file, (error, lost) => failures.push({ error, lost }));
  const lines = (): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const target = (line: string): unknown => {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'target' in value ? value.target : value;
  };

  it('has a line for each entry, in their order, in a file of its own user', async () => {
    const log = await open();
    const names = Array.from({ length: 500 }, (_, i) => `endpoints/e${i}`);
    for (const name of names) log.add(entry(name));
    await log.close();
    assert.deepEqual(lines().map(target), names);
    assert.equal(
      lines()[0],
      '{"time":"2026-01-02T03:04:05.678Z","who":"user/alice","peer":"192.0.2.1:40000",' +
        '"method":"CreateEndpoint","target":"endpoints/e0","outcome":"OK","ms":3,"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}',
    );
    assert.equal(statSync(path).mode & 0o7777, 0o600);
    assert.deepEqual(failures, []);
  });

  it('keeps in one line whatever a name has in it', async () => {
    const log = await open();
    log.add(entry('endpoints/a\n{"who":"user/root"}\u2028"'));
    await log.close();
    assert.deepEqual(lines().map(target), ['endpoints/a\n{"who":"user/root"}\u2028"']);
  });

  it('adds to what is there already', async () => {
    for (const name of ['endpoints/a', 'endpoints/b']) {
      const log = await open();
      log.add(entry(name));
      await log.close();
    }
    assert.deepEqual(lines().map(target), ['endpoints/a', 'endpoints/b']);
  });

  it('begins a line of its own after one that a killed process left half', async () => {
    writeFileSync(path, '{"time":"2026-');
    const log = await open();
    log.add(entry('endpoints/a'));
    await log.close();
    assert.equal(lines().length, 2);
    assert.equal(lines()[0], '{"time":"2026-');
    assert.equal(target(lines()[1] ?? ''), 'endpoints/a');
  });

  it('tells how many lines a full disk has cost, and goes on', async function () {
    if (!existsSync('/dev/full')) skip(this, 'needs /dev/full');
    const log = await open('/dev/full');
    for (let i = 0; i < 3; i++) log.add(entry(`endpoints/e${i}`));
    await log.close();
    assert.deepEqual(
      failures.map(({ lost }) => lost),
      [3],
    );
    assert.match(failures[0]?.error.message ?? '', /ENOSPC/);
  });

  it('has whole lines only on a disk that is full for a while, and tells of each that is not there', async function () {
    try {
      await run('unshare', ['--mount', 'true']);
    } catch {
      skip(this, 'a private mount namespace needs root');
    }
    const program = fileURLToPath(new URL('../../../support/audit-full-disk.js', import.meta.url));
    const args = ['--mount', process.execPath, program, dir.path];
    const { stdout, stderr } = await run('unshare', args);
    assert.equal(stdout, 'ok', stderr);
  });

  it('tells of lines that come when the file is closed', async () => {
    const log = await open();
    await log.close();
    log.add(entry('endpoints/late'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      failures.map(({ lost }) => lost),
      [1],
    );
  });

  it('keeps no more than 10,000 lines waiting, and tells how many were lost', async () => {
    const log = await open();
    for (let i = 0; i < 10_007; i++) log.add(entry(`endpoints/e${i}`));
    await log.close();
    assert.equal(lines().length, 10_000);
    assert.deepEqual(
      failures.map(({ error, lost }) => [error.code, lost]),
      [['TOO_MANY_REQUESTS', 7]],
    );
  });

  it('says which file cannot be opened', async () => {
    const missing = join(dir.path, 'none', 'audit.log');
    const error = await refusedWith('FILE_UNREADABLE', open(missing));
    assert.ok(error.message.startsWith(`${missing}: ENOENT`), error.message);
  });

  it('goes on in a new file once the one that it has is moved away, as logrotate does it', async () => {
    const log = await open();
    const add = async (name: string): Promise<void> => {
      log.add(entry(name));
      await eventually(() => existsSync(path) && lines().map(target).includes(name));
    };
    await add('endpoints/a');
    renameSync(path, `${path}.1`);
    await add('endpoints/b');
    renameSync(path, `${path}.2`);
    writeFileSync(path, '', { mode: 0o640 });
    await add('endpoints/c');
    truncateSync(path);
    await add('endpoints/d');
    await log.close();
    const of = (file: string): unknown[] =>
      readFileSync(file, 'utf8').trim().split('\n').map(target);
    assert.deepEqual(
      [of(`${path}.1`), of(`${path}.2`), of(path)],
      [['endpoints/a'], ['endpoints/b'], ['endpoints/d']],
    );
    assert.equal(statSync(`${path}.2`).mode & 0o7777, 0o600);
    assert.deepEqual(failures, []);
  });

  it('tells of lines that there is no file for, as long as that is so', async () => {
    const log = await open();
    renameSync(dir.path, `${dir.path}-away`);
    log.add(entry('endpoints/lost'));
    await eventually(() => failures.length > 0);
    assert.match(failures[0]?.error.message ?? '', /ENOENT/);
    mkdirSync(dir.path);
    log.add(entry('endpoints/a'));
    await log.close();
    assert.deepEqual(lines().map(target), ['endpoints/a']);
    assert.equal(failures.length, 1);
    rmSync(`${dir.path}-away`, { recursive: true });
  });

  describe('is looked at beforehand', () => {
    it('where it is there, or can be made', async () => {
      await checkAuditFile(path);
      assert.ok(!existsSync(path), 'it is made');
      writeFileSync(path, '');
      await checkAuditFile(path);
    });

    it('where its directory will be there', async () => {
      const made = join(dir.path, 'data');
      await checkAuditFile(join(made, 'audit.log'), made);
      await checkAuditFile(`${made}//audit.log`, `${made}/`);
      await checkAuditFile(join(made, 'audit.log'), join(made, 'store'));
      await refusedWith('FILE_UNREADABLE', checkAuditFile(join(made, 'more', 'audit.log'), made));
    });

    for (const [what, name, said] of [
      ['its directory is not there', 'none/audit.log', /ENOENT/],
      ['it is a directory', '', /it is a directory/],
      ['its directory is a file', 'file/audit.log', /ENOTDIR/],
    ] as const) {
      it(`where ${what}`, async () => {
        writeFileSync(join(dir.path, 'file'), '');
        const file = join(dir.path, name);
        const error = await refusedWith('FILE_UNREADABLE', checkAuditFile(file));
        assert.ok(error.message.startsWith(`${file}: `), error.message);
        assert.match(error.message, said);
        assert.match(error.remedy, /user of the NVA may write to it/);
      });
    }
  });
});
