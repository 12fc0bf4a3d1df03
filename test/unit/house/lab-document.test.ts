/** deploy/lab/README.md: its files are right, and its commands are some. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command, Option } from 'commander';
import { buildProgram } from '../../../src/cli/program.js';
import { parseHostProfile } from '../../../src/model/host/profile.js';
import { parseNvaConfig } from '../../../src/nva/config.js';
import { parseNveConfig } from '../../../src/nve/config.js';
import { connectTo, nfvctl, type Ran } from '../../support/cli.js';
import { fences } from '../../support/markdown.js';
import { MemoryNva } from '../../support/memory-nva.js';

const run = promisify(execFile);
const LAB = 'deploy/lab';
const read = (name: string): string => readFileSync(join(LAB, name), 'utf8');
const page = read('README.md');

/** Commands of its blocks and of its sentences, each once. */
function commandsOf(program: string): string[] {
  const lines = fences(page, 'sh').flatMap((block) => block.split('\n'));
  const spans = [...page.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const found = [...lines, ...spans]
    .map((line) => line.trim().replace(/ +#.*$/, ''))
    .filter((line) => line.startsWith(`${program} `));
  return [...new Set(found)];
}

const program = buildProgram(() => undefined, { write: () => undefined, columns: undefined });

/** The command that the words lead to, and what is left of them. */
function walk(words: readonly string[]): { command: Command; rest: string[] } {
  let command = program;
  const rest = [...words];
  for (;;) {
    const next = command.commands.find((each) => each.name() === rest[0]);
    if (next === undefined) return { command, rest };
    command = next;
    rest.shift();
  }
}

function optionsOf(command: Command): readonly Option[] {
  return command.parent === null
    ? command.options
    : [...command.options, ...optionsOf(command.parent)];
}

describe('deploy/lab/README.md', () => {
  it('has files that are right, and links that lead to what exists', () => {
    assert.equal(parseHostProfile(read('host.yaml'), 'host.yaml').value.nics[0]?.name, 'up0');
    assert.equal(parseNvaConfig(read('nva.yaml'), 'nva.yaml').listen.length, 2);
    for (const host of ['a', 'b']) {
      const { name, vpp, host: own } = parseNveConfig(read(`nve-${host}.yaml`), host);
      assert.deepEqual(
        [name, vpp.uplinks[0]?.interface, own.required],
        [`host-${host}`, 'up0', true],
      );
    }
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
    assert.ok(links.length > 6);
    for (const path of links) assert.ok(existsSync(join(LAB, path)), path);
  });

  it('names the VTEP addresses that the agents have', () => {
    for (const host of ['a', 'b']) {
      const { vpp } = parseNveConfig(read(`nve-${host}.yaml`), host);
      const [address = ''] = vpp.uplinks[0]?.addresses ?? [];
      assert.ok(read('network.yaml').includes(`[${address.split('/')[0] ?? ''}]`), address);
    }
  });

  const ofNfvctl = commandsOf('nfvctl');
  it('shows the whole way', () => {
    assert.ok(ofNfvctl.length >= 18, ofNfvctl.join('\n'));
    const host = ['inventory', 'preflight', 'plan', 'apply', 'status', 'confirm', 'undo'];
    for (const verb of host)
      assert.ok(
        ofNfvctl.some((line) => line.startsWith(`nfvctl host ${verb}`)),
        verb,
      );
  });

  for (const line of ofNfvctl) {
    it(line, () => {
      const { command, rest } = walk(line.split(' ').slice(1));
      assert.notEqual(command, program, 'no such verb');
      assert.equal(command.commands.length, 0, 'not a whole command');
      const options = optionsOf(command);
      let operands = 0;
      for (let i = 0; i < rest.length; i++) {
        const [flag = '', inline] = (rest[i] ?? '').split('=');
        if (!flag.startsWith('-')) {
          operands++;
          continue;
        }
        const option = options.find(({ short, long }) => short === flag || long === flag);
        assert.ok(option, `no such flag: ${flag}`);
        if (!option.required || (inline !== undefined && flag.startsWith('--'))) continue;
        const value = rest[++i] ?? '';
        if (option.long === '--filename') assert.ok(existsSync(join(LAB, value)), value);
      }
      const args = command.registeredArguments;
      const least = args.filter(({ required }) => required).length;
      const most = args.some(({ variadic }) => variadic) ? Infinity : args.length;
      assert.ok(operands >= least && operands <= most, `${operands} operands`);
    });
  }

  for (const line of commandsOf('nfvd')) {
    it(line, async () => {
      const words = line.split(' ').slice(1);
      const flags = words.filter((word) => word.startsWith('-'));
      const verbs = words.filter((word) => !word.startsWith('-'));
      const { stdout } = await run(process.execPath, ['dist/src/main/nfvd.js', ...verbs, '--help']);
      assert.match(stdout, new RegExp(`^Usage: ${['nfvd', ...verbs].join(' ')} `));
      for (const flag of flags) assert.ok(stdout.includes(`${flag} `), flag);
    }).timeout(20_000);
  }

  it('has a network that an NVA takes, and gives up again', async () => {
    const nva = new MemoryNva();
    const on = (...words: readonly string[]): Promise<Ran> =>
      nfvctl(words, { connect: connectTo(nva) });
    const file = join(LAB, 'network.yaml');
    const applied = await on('apply', '-f', file);
    assert.deepEqual([applied.status, applied.err], [0, '']);
    assert.equal(applied.out.match(/created$/gm)?.length, 5);
    const all = await on('get', 'all', '-o', 'name');
    for (const name of ['guest-a', 'guest-b', 'host-a', 'host-b', 'lab']) {
      assert.ok(all.out.includes(`/${name}\n`), name);
    }
    assert.equal((await on('delete', '-f', file)).status, 0);
    assert.equal((await on('get', 'all', '-o', 'name')).out, '');
  });
});
