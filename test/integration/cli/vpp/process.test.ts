/** The program itself: signals, what it loads, and the stand-in for VPP's library. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runProgram, startProgram, type Child } from '../../../support/child.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { eventually } from '../../../support/eventually.js';
import { StatSegment } from '../../../support/stat-segment.js';
import { tempDir } from '../../../support/temp-dir.js';
import { compileVacLibrary } from '../../../support/vac-library.js';

const Info = z.object({
  transport: z.string(),
  pid: z.number(),
  version: z.string(),
  startTime: z.null(),
});

describe('nfvctl vpp as a process', function () {
  this.timeout(60_000);
  const vpp = new EmulatedVpp();
  const dir = tempDir();
  const stats = join(dir.path, 'stats');
  const env: Record<string, string> = {
    NFVCTL_VPP_SOCKET: vpp.path,
    NFVCTL_VPP_SHM_PREFIX: vpp.shmPrefix,
    NFVCTL_VPP_STATS_SOCKET: stats,
  };
  let library: Awaited<ReturnType<typeof compileVacLibrary>> | undefined;

  before(async () => {
    await vpp.start();
    const segment = new StatSegment([
      { type: 4, name: '/if/names', names: ['local0', 'eth0'] },
      {
        type: 3,
        name: '/if/rx',
        rows: [
          [
            [0, 0],
            [10, 1000],
          ],
          [
            [0, 0],
            [5, 500],
          ],
        ],
      },
      { type: 1, name: '/sys/heartbeat', value: 42 },
    ]);
    writeFileSync(stats, segment.bytes);
  });
  after(async () => {
    await vpp.remove();
    library?.remove();
    dir.remove();
  });

  const hasKoffi = (child: Child): boolean =>
    readFileSync(`/proc/${String(child.pid)}/maps`, 'utf8').includes('koffi');

  it('ends with 130 on SIGINT, and never loaded koffi', async () => {
    const child = startProgram(['vpp', 'events', 'want_interface_events'], { env });
    await eventually(() => vpp.emulator.received.at(-1)?.name === 'want_interface_events');
    assert.equal(hasKoffi(child), false);
    const { status, signal, out, err } = await child.kill('SIGINT');
    assert.deepEqual({ status, signal, out, err }, { status: 130, signal: null, out: '', err: '' });
    await eventually(() => vpp.emulator.clients === 0);
  });

  it('watches statistics until SIGINT', async function () {
    library ??= await compileVacLibrary(this);
    const words = ['vpp', 'stats', '--watch=0.1', '/if/', '--library', library.path];
    const child = startProgram(words, { env });
    await eventually(() => child.out.split('\n').length > 3, 20_000);
    assert.equal(hasKoffi(child), true);
    const { status, out, err } = await child.kill('SIGINT');
    assert.deepEqual([status, err], [130, '']);
    assert.match(out, /^TIME +NAME +ITEM +PER-SECOND +BYTES-PER-SECOND\n(\S+Z +- +- +0 +-\n)+$/);
  });

  it('reads statistics', async function () {
    library ??= await compileVacLibrary(this);
    const { status, out, err } = await runProgram(['vpp', 'stats', '-o', 'wide'], {
      env: { ...env, NFVCTL_VPP_LIBRARY: library.path },
    });
    assert.deepEqual([status, err], [0, '']);
    assert.equal(
      out,
      [
        'NAME             ITEM   COUNT   BYTES   THREAD-0   THREAD-1',
        '/if/rx           eth0   15      1500    10/1000    5/500',
        '/sys/heartbeat   -      42      -       -          -',
        '',
      ].join('\n'),
    );
  });

  it('speaks over shared memory, and ends', async function () {
    library ??= await compileVacLibrary(this);
    const words = ['vpp', '--transport', 'ffi', 'info', '-o', 'json'];
    const { status, out, err } = await runProgram(words, {
      env: { ...env, NFVCTL_VPP_LIBRARY: library.path },
    });
    assert.deepEqual([status, err], [0, '']);
    const info = Info.parse(JSON.parse(out));
    assert.deepEqual(info, {
      transport: 'ffi',
      pid: vpp.pid,
      version: '26.06-emulated',
      startTime: null,
    });
  });

  it('says in two lines that there is no VPP', async () => {
    const { status, out, err } = await runProgram(['vpp', '--socket', stats, 'info'], { env });
    assert.deepEqual([status, out], [5, '']);
    assert.match(err, /^error: \S+ is not a socket \(VPP_UNREACHABLE\)\nremedy: .*\n$/);
  });
});
