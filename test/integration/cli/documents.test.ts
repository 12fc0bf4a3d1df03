/** The commands that the pages on nfvctl and the API show, run as they stand there. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { consoleBlocks, isAsShown, runBlock } from '../../support/console-block.js';
import { FakeAgent } from '../../support/fake-agent.js';
import { SpawnedNva } from '../../support/spawned-nva.js';
import { tempDir } from '../../support/temp-dir.js';

const HOSTS = ['a', 'b', 'c'] as const;

for (const page of ['docs/nfvctl.md', 'docs/api.md']) {
  describe(page, function () {
    // A process for each command, on a machine that may be busy.
    this.timeout(120_000);
    const bin = tempDir();
    let nva: SpawnedNva;
    let agents: FakeAgent[];

    before(async () => {
      const program = join(bin.path, 'nfvctl');
      const script = resolve('dist/src/main/nfvctl.js');
      writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
      chmodSync(program, 0o755);
      nva = await SpawnedNva.start();
      agents = HOSTS.map((host, i) => agentOf(nva, host, `10.77.0.${i + 1}`));
    });

    after(async () => {
      for (const agent of agents) await agent.stop();
      await nva.close();
      bin.remove();
    });

    for (const [i, steps] of consoleBlocks(readFileSync(page, 'utf8')).entries()) {
      it(`block ${i + 1}: ${steps[0]?.command ?? ''}`, async () => {
        const env = {
          PATH: `${bin.path}:${process.env['PATH'] ?? ''}`,
          NFVCTL_SERVER: nva.target,
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
