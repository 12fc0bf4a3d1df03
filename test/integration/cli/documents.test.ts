/** The commands that the pages on nfvctl and the API show, run as they stand there. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { consoleBlocks, isAsShown, runBlock } from '../../support/console-block.js';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { FakeAgent } from '../../support/fake-agent.js';
import { SpawnedNva } from '../../support/spawned-nva.js';
import { StatSegment, type SegmentEntry } from '../../support/stat-segment.js';
import { tempDir } from '../../support/temp-dir.js';
import { compileVacLibrary } from '../../support/vac-library.js';

const HOSTS = ['a', 'b', 'c'] as const;

/** Statistics of a VPP with one worker thread. */
const SEGMENT: readonly SegmentEntry[] = [
  { type: 1, name: '/sys/heartbeat', value: 42 },
  { type: 4, name: '/if/names', names: ['local0', 'eth0'] },
  {
    type: 2,
    name: '/if/drops',
    rows: [
      [0, 3],
      [0, 4],
    ],
  },
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
];

for (const page of ['docs/nfvctl.md', 'docs/api.md']) {
  describe(page, function () {
    // A process for each command, on a machine that may be busy.
    this.timeout(120_000);
    const bin = tempDir();
    const vpp = new EmulatedVpp();
    let nva: SpawnedNva;
    let agents: FakeAgent[];
    let library: Awaited<ReturnType<typeof compileVacLibrary>> | undefined;

    before(async () => {
      const program = join(bin.path, 'nfvctl');
      const script = resolve('dist/src/main/nfvctl.js');
      writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
      chmodSync(program, 0o755);
      writeFileSync(join(bin.path, 'stats'), new StatSegment(SEGMENT).bytes);
      await vpp.start();
      nva = await SpawnedNva.start();
      agents = HOSTS.map((host, i) => agentOf(nva, host, `10.77.0.${i + 1}`));
    });

    after(async () => {
      for (const agent of agents) await agent.stop();
      await nva.close();
      await vpp.remove();
      library?.remove();
      bin.remove();
    });

    for (const [i, steps] of consoleBlocks(readFileSync(page, 'utf8')).entries()) {
      it(`block ${i + 1}: ${steps[0]?.command ?? ''}`, async function () {
        const needsLibrary = steps.some(({ command }) => command.includes('vpp stats'));
        if (needsLibrary) library ??= await compileVacLibrary(this);
        const env = {
          PATH: `${bin.path}:${process.env['PATH'] ?? ''}`,
          NFVCTL_SERVER: nva.target,
          NFVCTL_VPP_SOCKET: vpp.path,
          NFVCTL_VPP_LIBRARY: library?.path ?? '',
          NFVCTL_VPP_STATS_SOCKET: join(bin.path, 'stats'),
        };
        const outputs = await runBlock(steps, { env });
        assert.equal(outputs.length, steps.length);
        for (const [j, { command, output }] of steps.entries()) {
          const got = outputs[j] ?? '';
          assert.ok(isAsShown(output, got), `$ ${command}\n${got}\n-- but the page has\n${output}`);
        }
      });
    }
  });
}

/** One on whose host every namespace but "nowhere" exists. */
function agentOf(nva: SpawnedNva, host: string, address: string): FakeAgent {
  return new FakeAgent({
    name: `host-${host}`,
    socket: nva.socket,
    underlays: [{ address, interface: 'eth0', mtu: 1500 }],
    judge: ({ payload }) =>
      payload.kind === 'port' && JSON.stringify(payload).includes('"nowhere"')
        ? { code: 'NETNS_MISSING', message: 'there is no network namespace nowhere' }
        : undefined,
  });
}
