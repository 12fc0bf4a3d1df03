/** The completion scripts in their own shells: TAB is pressed on a terminal, and names come from an NVA and a VPP. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Child, runProgram } from '../../support/child.js';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { eventually } from '../../support/eventually.js';
import { skip } from '../../support/skip.js';
import { SpawnedNva } from '../../support/spawned-nva.js';
import { tempDir } from '../../support/temp-dir.js';

interface Shell {
  readonly name: 'bash' | 'zsh' | 'fish';
  readonly command: string;
  /** Typed first, to have the script at `$FILE`, and a prompt that can be seen. */
  readonly setUp: string;
}

const PROMPT = 'ready-for-it';

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    command: 'bash --norc --noprofile -i',
    setUp: `bind 'set enable-bracketed-paste off'; source "$FILE"; PS1=ready-for-""it:`,
  },
  {
    name: 'zsh',
    command: 'zsh -f -i',
    setUp: `autoload -Uz compinit; compinit -u -D; source "$FILE"; PROMPT=ready-for-""it:`,
  },
  {
    name: 'fish',
    command: 'fish --no-config -i',
    setUp: `source "$FILE"; function fish_prompt; echo -n ready-for-""it:; end`,
  },
];

/** What is typed, up to TAB, and what then has been asked of nfvctl. */
const ROWS: readonly (readonly [typed: string, words: string])[] = [
  ['nfvctl get endpoint on', 'get endpoint only-one'],
  ['nfvctl describe net', 'describe networks'],
  ['nfvctl get endpoints --nve ho', 'get endpoints --nve host-a'],
  ['nfvctl get endpoints --nve=ho', 'get endpoints --nve=host-a'],
  ['nfvctl get ep/on', 'get ep/only-one'],
  ['nfvctl vpp call sw_interface_set_fl', 'vpp call sw_interface_set_flags'],
  ['nfvctl vpp dump sw_interface_d', 'vpp dump sw_interface_dump'],
  ['nfvctl vpp compat vx', 'vpp compat vxlan'],
  ['nfvctl -s $NVA get endpoint on', '-s TARGET get endpoint only-one'],
];

const MANIFEST = `
apiVersion: nfv/v1
kind: List
items:
  - {apiVersion: nfv/v1, kind: VirtualNetwork, metadata: {name: blue}}
  - {apiVersion: nfv/v1, kind: Nve, metadata: {name: host-a}, spec: {vtepAddresses: [192.0.2.1]}}
  - apiVersion: nfv/v1
    kind: Endpoint
    metadata: {name: only-one}
    spec: {network: blue, nve: host-a, port: {tap: {}}}
`;

describe('completion', function () {
  this.timeout(60_000);
  const dir = tempDir();
  const asked = join(dir.path, 'asked');
  const vpp = new EmulatedVpp();
  let nva: SpawnedNva;
  let env: Record<string, string>;

  before(async () => {
    nva = await SpawnedNva.start();
    await vpp.start();
    env = {
      PATH: `${dir.path}:${process.env['PATH'] ?? ''}`,
      HOME: dir.path,
      TERM: 'dumb',
      NFVCTL_SERVER: nva.target,
      NFVCTL_VPP_SOCKET: vpp.path,
    };
    // The scripts' own questions are answered; what was typed is written down.
    const program = `"${process.execPath}" "${resolve('dist/src/main/nfvctl.js')}"`;
    writeFileSync(
      join(dir.path, 'nfvctl'),
      `#!/bin/sh\n[ "$1" != __complete ] || exec ${program} "$@"\necho "$*" > ${asked}\n`,
    );
    chmodSync(join(dir.path, 'nfvctl'), 0o755);
    const { status, err } = await runProgram(['-s', nva.target, 'apply', '-f', '-'], {
      stdin: MANIFEST,
    });
    assert.equal(status, 0, err);
  });
  after(async () => {
    await nva.close();
    await vpp.remove();
    dir.remove();
  });

  for (const { name, command, setUp } of SHELLS) {
    describe(name, () => {
      let terminal: Child | undefined;

      before(async function () {
        for (const needed of ['script', name]) {
          const found = await new Child('sh', ['-c', `command -v ${needed}`]).ended;
          if (found.status !== 0) skip(this, `${needed} is not installed`);
        }
        const script = await runProgram(['completion', name]);
        const file = join(dir.path, `completion.${name}`);
        writeFileSync(file, script.out);
        const parsed = await new Child(name, ['-n', file]).ended;
        assert.deepEqual([parsed.status, parsed.err], [0, '']);
        const child = new Child('script', ['-qec', command, '/dev/null'], {
          env: { ...env, FILE: file, NVA: nva.target },
          stdin: `${setUp}\n`,
          staysOpen: true,
        });
        terminal = child;
        await eventually(() => child.out.includes(PROMPT), 20_000);
      });
      after(async () => {
        await terminal?.kill();
      });

      for (const [typed, words] of ROWS) {
        it(`${typed}<TAB>`, async () => {
          writeFileSync(asked, '');
          terminal?.type(`${typed.replace('$NVA', nva.target)}\t\n`);
          const line = await eventually(() => readFileSync(asked, 'utf8').trim() || false, 20_000);
          assert.equal(line, words.replace('TARGET', nva.target));
        });
      }
    });
  }
});
