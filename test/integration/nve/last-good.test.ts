/** The last good configuration where processes are killed, disks are full and files are damaged. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LastGood } from '../../../src/nve/last-good.js';
import { openLmdbStore } from '../../../src/store/lmdb/store.js';
import { DaemonFiles, NFVD, nfvd } from '../../support/daemon.js';
import { exec } from '../../support/netns.js';
import { contentAfter, deltaOf } from '../../support/last-good-deltas.js';
import { refusedWith } from '../../support/refusals.js';
import { seeded, upTo } from '../../support/seeded.js';
import { skip } from '../../support/skip.js';
import { tempDir } from '../../support/temp-dir.js';

const run = promisify(execFile);
const support = (name: string): string =>
  fileURLToPath(new URL(`../../support/${name}.js`, import.meta.url));

const LONG = process.env['NFVD_TEST_LONG'] === '1';
const ROUNDS = LONG ? 100 : 6;
const NOBODY = 65_534;

describe('the last good configuration on a real disk', function () {
  this.timeout(LONG ? 600_000 : 120_000);
  let dir: ReturnType<typeof tempDir>;

  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => {
    dir.remove();
  });

  const read = async (
    path: string,
  ): Promise<{ revision: number; content: Map<string, string> }> => {
    const store = await openLmdbStore({ path });
    try {
      const { lastGood } = await LastGood.open({ store, nve: 'host-a', makeUuid: () => 'uuid' });
      return { revision: lastGood.revision, content: new Map(lastGood.entries()) };
    } finally {
      await store.close();
    }
  };

  it(`has whole deltas, and every one that was stored, after ${ROUNDS} kills`, async () => {
    const path = join(dir.path, 'state');
    const random = seeded(20_261);
    let told = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const child = spawn(process.execPath, [support('last-good-writer'), path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(child, 'close');
      const until = told + 1 + upTo(random, 20);
      for await (const line of createInterface({ input: child.stdout })) {
        told = Number(line);
        if (told >= until) child.kill('SIGKILL');
      }
      await closed;
      assert.equal(child.signalCode, 'SIGKILL');
      const { revision, content } = await read(path);
      assert.ok(revision === told || revision === told + 1, `${revision}, told ${told}`);
      assert.deepEqual(content, new Map(contentAfter(revision)));
      told = revision;
    }
  });

  it('is as it was when the disk is full, and goes on when there is room', async function () {
    try {
      await run('unshare', ['--mount', 'true']);
    } catch {
      skip(this, 'a private mount namespace needs root');
    }
    const args = ['--mount', process.execPath, support('last-good-full-disk'), dir.path];
    const { stdout, stderr } = await run('unshare', args);
    assert.equal(stdout, 'ok', stderr);
  });

  const prepare = async (): Promise<{ path: string; config: string; file: string }> => {
    const files = new DaemonFiles(dir.path);
    const path = files.stateOf('host-a');
    const store = await openLmdbStore({ path });
    const { lastGood } = await LastGood.open({ store, nve: 'host-a', makeUuid: () => 'uuid' });
    await lastGood.apply('store', deltaOf(3));
    await store.close();
    return { path, config: files.nve('host-a'), file: join(path, 'data.mdb') };
  };

  for (const [title, damage] of [
    ['cut short', (file: string) => truncate(file, 3 * 4096)],
    [
      'with a page of zeros in it',
      async (file: string) => {
        const handle = await open(file, 'r+');
        const { size } = await handle.stat();
        for (let page = 2; page < size / 4096; page++) {
          await handle.write(Buffer.alloc(4096), 0, 4096, page * 4096);
        }
        await handle.close();
      },
    ],
    [
      'that is another kind of file',
      async (file: string) => {
        const handle = await open(file, 'r+');
        await handle.write(Buffer.from('#!/bin/sh\n'.repeat(1000)), 0);
        await handle.close();
      },
    ],
  ] as const) {
    it(`is refused in a file ${title}, with the way out, and the file is left`, async () => {
      const { path, config, file } = await prepare();
      await damage(file);
      const { size } = await stat(file);
      await refusedWith('STORE_DAMAGED', read(path));
      for (const args of [[], ['plan'], ['forget']]) {
        const { code, stderr } = await nfvd(['nve', '--config', config, ...args]);
        assert.equal(code, 1);
        assert.match(stderr, /^error: .*data\.mdb.* \(STORE_DAMAGED\)\nremedy: /);
        assert.match(stderr, /remove .*host-a.*nfvctl update nve host-a --reset-identity/);
      }
      assert.equal((await stat(file)).size, size);
    });
  }

  it('is dropped by "forget" when a record is not one of an agent', async () => {
    const { path, config } = await prepare();
    const store = await openLmdbStore({ path });
    const key = '/nfvd/item/mac/1';
    await store.txn({ compare: [], ops: [{ kind: 'put', key, value: 'nonsense' }] });
    await store.close();
    await refusedWith('STORE_DAMAGED', read(path));
    const { code, stdout } = await nfvd(['nve', '--config', config, 'forget']);
    assert.deepEqual([code, stdout], [0, 'forgotten; the dataplane is as it was\n']);
    assert.deepEqual(await read(path), { revision: 0, content: new Map() });
  });

  it('is not for other users', async function () {
    if (process.getuid?.() !== 0) skip(this, 'becoming another user needs root');
    const { config, path } = await prepare();
    await chmod(dir.path, 0o755);
    // The other user may not write a coverage report here either.
    const as = { uid: NOBODY, gid: NOBODY, env: { ...process.env, NODE_V8_COVERAGE: '' } };
    try {
      await run(process.execPath, [NFVD, '--version'], as);
    } catch {
      skip(this, 'another user cannot read the program here');
    }
    for (const args of [[], ['plan'], ['forget']]) {
      const command = [NFVD, 'nve', '--config', config, ...args];
      const { code, stderr } = await exec(process.execPath, command, '', as);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^error: .*host-a.*(EACCES|EPERM).* \(FILE_UNREADABLE\)\nremedy: check the path and its permissions\n$/,
      );
    }
    await access(path);
  });
});
