/** apply, cut off: what was done stays done, and the next run does the rest. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { startProgram, type Child, type Ended } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { poolManifest } from '../../support/pool-manifest.js';
import { SpawnedNva } from '../../support/spawned-nva.js';
import { tempDir } from '../../support/temp-dir.js';

const COUNT = 200;
const MANIFEST = poolManifest(COUNT);
/** One network, three NVEs. */
const ALL = COUNT + 4;

describe('nfvctl apply, cut off', function () {
  this.timeout(120_000);
  let nva: SpawnedNva;
  beforeEach(async () => {
    nva = await SpawnedNva.start();
  });
  afterEach(() => nva.close());

  const start = (): Child =>
    startProgram(['-s', nva.target, 'apply', '-f', '-'], { stdin: MANIFEST });
  const run = (): Promise<Ended> => start().ended;
  const namesOf = (out: string, action: string): string[] =>
    [...out.matchAll(/^(\S+) (\S+)$/gm)].flatMap(([, name = '', did]) =>
      did === action ? [name] : [],
    );

  /** In the midst of its work. */
  async function underWay(apply: Child): Promise<void> {
    await eventually(() => namesOf(apply.out, 'created').length >= 20, 30_000, 1);
  }

  it('200 endpoints at once, without a word on stderr', async () => {
    const { status, out, err } = await run();
    assert.deepEqual([status, err], [0, '']);
    assert.equal(namesOf(out, 'created').length, ALL);
  });

  it('by kill -9: what it said it had created is there, and the rest comes with the next run', async () => {
    const first = start();
    await underWay(first);
    const killed = await first.kill();
    assert.equal(killed.signal, 'SIGKILL');
    const told = namesOf(killed.out, 'created');
    assert.ok(told.length < ALL, 'it was over already');

    const second = await run();
    assert.deepEqual([second.status, second.err], [0, '']);
    const unchanged = new Set(namesOf(second.out, 'unchanged'));
    assert.deepEqual(
      told.filter((name) => !unchanged.has(name)),
      [],
    );
    assert.equal(unchanged.size + namesOf(second.out, 'created').length, ALL);

    const third = await run();
    assert.deepEqual([third.status, third.err], [0, '']);
    assert.equal(namesOf(third.out, 'unchanged').length, ALL);
  });

  it('by kill -9 of the NVA: it stops, says so once, and the next run does the rest', async () => {
    const first = start();
    await underWay(first);
    await nva.kill();
    const { status, out, err } = await first.ended;
    const told = namesOf(out, 'created');
    assert.equal(status, 5, err);
    assert.equal(err.match(/^error: /gm)?.length, 1, err);
    assert.match(err, /NVA_UNREACHABLE\)\nremedy: .*\n\d+ of 204 could not be applied\n$/);

    await nva.start();
    const second = await run();
    assert.deepEqual([second.status, second.err], [0, '']);
    const unchanged = new Set(namesOf(second.out, 'unchanged'));
    assert.deepEqual(
      told.filter((name) => !unchanged.has(name)),
      [],
    );
    assert.equal(unchanged.size + namesOf(second.out, 'created').length, ALL);
  });

  for (const verb of ['apply', 'plan', 'diff', 'delete']) {
    it(`by SIGINT while ${verb} reads stdin: it ends with 130, and has sent nothing`, async () => {
      const child = startProgram(['-s', nva.target, verb, '-f', '-'], { staysOpen: true });
      await child.typed(`${MANIFEST}${'#\n'.repeat(500_000)}`);
      const { status, signal, out, err } = await child.kill('SIGINT');
      assert.deepEqual([status, signal, out, err], [130, null, '', '']);
      assert.match(
        (await startProgram(['-s', nva.target, 'get', 'all']).ended).err,
        /^no networks/,
      );
    });
  }

  it('by SIGINT while it reads a named pipe: it goes, whoever holds that open', async () => {
    const dir = tempDir();
    const pipe = join(dir.path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const child = startProgram(['-s', nva.target, 'apply', '-f', pipe]);
    const writer = await open(pipe, 'w');
    const { signal, out, err } = await child.kill('SIGINT');
    assert.deepEqual([signal, out, err], ['SIGINT', '', '']);
    await writer.close();
    dir.remove();
  });

  it('by SIGINT while nobody reads what it says: it goes', async () => {
    assert.equal((await run()).status, 0);
    const dir = tempDir();
    const path = join(dir.path, 'pipe');
    execFileSync('mkfifo', [path]);
    const pipe = await open(path, 'r+');
    // More than a pipe holds.
    const args = ['dist/src/main/nfvctl.js', '-s', nva.target, 'get', 'endpoints', '-o', 'json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', pipe.fd, 'inherit'] });
    const ended = once(child, 'exit');
    await pipe.read(Buffer.alloc(1));
    child.kill('SIGINT');
    assert.deepEqual(await ended, [null, 'SIGINT']);
    await pipe.close();
    dir.remove();
  });

  it('by SIGINT: it ends with 130 and no error', async () => {
    const first = start();
    await underWay(first);
    const { status, err } = await first.kill('SIGINT');
    assert.deepEqual([status, err], [130, '']);
    assert.equal((await run()).status, 0);
  });
});
