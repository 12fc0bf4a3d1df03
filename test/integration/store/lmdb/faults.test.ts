/** Errors from the kernel, given by strace: the answer is clear, nothing is lost, work goes on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import { skip } from '../../../support/skip.js';
import { contents } from '../../../support/store-acks.js';
import type { FaultReport } from '../../../support/store-faults.js';
import { straceReason } from '../../../support/strace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const TXNS = 24;
/** Which of the calls to the data file fail, by their count in the one thread that makes them. */
const SYNCS: readonly [string, string][] = [
  ['EIO', '3'],
  ['EIO', '4..9'],
  ['ENOSPC', '3..5'],
  ['EDQUOT', '3'],
  ['EROFS', '4'],
];

describe('the embedded store and errors of the kernel', function () {
  this.timeout(60_000);

  before(async function () {
    const reason = await straceReason();
    if (reason !== undefined) skip(this, reason);
  });

  for (const [error, when] of SYNCS) {
    it(`tells of a sync that fails with ${error} (number ${when}), and goes on`, async () => {
      const report = await runWith(`fdatasync:error=${error}:when=${when}`);
      const code = error === 'ENOSPC' || error === 'EDQUOT' ? 'STORE_FULL' : 'STORE_FAILED';
      assert.ok(report.failures.length > 0);
      for (const failure of report.failures) {
        assert.equal(failure.code, code);
        assert.match(failure.message, /cannot write .*\/data\.mdb: /);
      }
      assert.ok(report.recovered > 5, `${report.recovered} after the last failure`);
    });
  }

  // LMDB gives up its whole environment when a meta page fails.
  it('goes on after a meta page that could not be written', async () => {
    for (const number of (await pageWrites()).metas.slice(2, 7)) {
      const report = await runWith(`pwrite64:error=EIO:when=${number}`);
      assert.deepEqual(
        report.failures.map((failure) => failure.code),
        ['STORE_FAILED'],
      );
      assert.ok(report.recovered > 5);
    }
  });

  // lmdb-js may damage its memory then: nothing more is written, or the process is gone.
  it('loses nothing by a page that could not be written', async () => {
    for (const number of (await pageWrites()).pages.slice(0, 5)) {
      const report = await runWith(`pwrite64:error=ENOSPC:when=${number}`, 'or die');
      for (const { code, message } of report.failures.slice(1)) {
        assert.equal(code, 'STORE_FAILED');
        assert.match(message, /memory may be damaged/);
      }
    }
  });

  it('tells of a disk that stays broken', async () => {
    const report = await runWith('fdatasync:error=EIO:when=6+');
    assert.ok(report.failures.length > 10);
    assert.equal(report.recovered, 0);
    assert.ok(report.failures.every((failure) => failure.code === 'STORE_FAILED'));
  });
});

/** Which of the writer's pwrite64 calls are of meta pages; they are the same in each run. */
async function pageWrites(): Promise<{ metas: number[]; pages: number[] }> {
  const directory = await temporaryDirectory();
  const trace = join(directory.path, 'trace');
  try {
    await runTraced(directory.path, ['-s', '0', '-o', trace]);
    const calls = (await readFile(trace, 'latin1'))
      .split('\n')
      .filter((l) => l.includes('pwrite64'));
    const numbers = calls.map((line, i) => ({
      meta: /, 128, (40|4136)\)/.test(line),
      number: i + 1,
    }));
    const of = (meta: boolean): number[] =>
      numbers.filter((call) => call.meta === meta).map((call) => call.number);
    return { metas: of(true), pages: of(false) };
  } finally {
    await directory.remove();
  }
}

/** One writer under strace with `inject`; its store has just what was acknowledged. */
async function runWith(inject: string, orDie?: 'or die'): Promise<FaultReport> {
  const directory = await temporaryDirectory();
  try {
    const { stdout, code } = await runTraced(directory.path, [
      ...['-o', '/dev/null', '-e', `inject=${inject}`],
    ]);
    const died = orDie !== undefined && code !== 0;
    assert.ok(died || code === 0, `the writer ended with ${code ?? 'a signal'}`);
    const report = died ? undefined : parseReport(stdout);
    const store = await openLmdbStore({ path: join(directory.path, 'store') });
    const found = [...(await contents(store))].map(([key, kv]) => [key, kv.value]);
    await store.close();
    if (report === undefined) {
      return { acknowledged: {}, failures: [], recovered: 0, revision: 0 };
    }
    assert.deepEqual(Object.fromEntries(found), report.acknowledged);
    return report;
  } finally {
    await directory.remove();
  }
}

async function runTraced(
  directory: string,
  options: readonly string[],
): Promise<{ stdout: string; code: number | null }> {
  const path = join(directory, 'store');
  await (await openLmdbStore({ path })).close();
  const program = fileURLToPath(new URL('../../../support/store-faults.js', import.meta.url));
  const child = spawn(
    'strace',
    [
      ...['-f', '--seccomp-bpf', '-e', 'trace=pwrite64,writev,fdatasync'],
      ...['-P', join(path, 'data.mdb'), ...options],
      ...[process.execPath, program, JSON.stringify({ path, txns: TXNS })],
    ],
    // One thread, so that strace, which counts by thread, counts all.
    { env: { ...process.env, UV_THREADPOOL_SIZE: '1' }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  await once(child, 'close');
  return { stdout, code: child.exitCode };
}

function parseReport(text: string): FaultReport {
  const report: unknown = JSON.parse(text);
  assert.ok(isReport(report), text);
  return report;
}

const isReport = (report: unknown): report is FaultReport =>
  typeof report === 'object' && report !== null && 'acknowledged' in report;
