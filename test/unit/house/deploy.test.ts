/** What is in deploy/: units that systemd takes, commands that exist, configurations and profiles that are right. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseNvaConfig } from '../../../src/nva/config.js';
import { parseNveConfig } from '../../../src/nve/config.js';
import { parseHostProfile } from '../../../src/model/host/profile.js';
import { skip } from '../../support/skip.js';
import { tempDir } from '../../support/temp-dir.js';

const run = promisify(execFile);
const read = (path: string): string => readFileSync(path, 'utf8');
const UNITS = readdirSync('deploy/systemd').filter((name) => /\.(service|timer)$/.test(name));
const COMMAND = /^Exec\w+=(.+)$/gm;

describe('deploy', () => {
  const dir = tempDir();
  after(() => {
    dir.remove();
  });

  for (const name of readdirSync('deploy/profiles')) {
    it(`${name} is a host profile`, () => {
      const { value } = parseHostProfile(read(`deploy/profiles/${name}`), name);
      assert.ok(value.nics.length > 0);
    });
  }

  it('has configurations that the daemons take', () => {
    const config = (name: string): [string, string] => [read(`deploy/config/${name}`), name];
    assert.equal(parseNvaConfig(...config('nva.yaml')).dataDir, '/var/lib/nfvd/nva');
    assert.equal(parseNveConfig(...config('nve.yaml')).name, 'host-a');
  });

  it('runs commands that there are', async () => {
    const commands = new Set(
      UNITS.flatMap((name) => [...read(`deploy/systemd/${name}`).matchAll(COMMAND)]).map(
        ([, command = '']) => command,
      ),
    );
    assert.equal(commands.size, 4);
    for (const command of commands) {
      const [path = '', ...words] = command.split(' ');
      assert.match(path, /^\/usr\/bin\/(nfvd|nfvctl)$/);
      const program = path.replace('/usr/bin/', 'dist/src/main/');
      const { stdout } = await run(process.execPath, [`${program}.js`, ...words, '--help']);
      const asked = words.filter((word) => !word.startsWith('-')).join(' ');
      assert.match(stdout, new RegExp(`^Usage: ${path.slice(9)} ${asked}`), command);
    }
  }).timeout(60_000);

  it('has units that systemd takes', async function () {
    this.timeout(60_000);
    const paths = UNITS.map((name) => {
      const path = join(dir.path, name);
      // Whether a program is installed is not theirs.
      const text = read(`deploy/systemd/${name}`).replaceAll(COMMAND, (line) =>
        line.replace(/=.*/, '=/bin/true'),
      );
      writeFileSync(path, text);
      return path;
    });
    try {
      const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', ...paths]);
      assert.equal(stdout + stderr, '');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        skip(this, 'systemd-analyze is not installed');
      }
      throw error;
    }
  });

  it('says of each unit what systemd-analyze makes of it', async function () {
    this.timeout(60_000);
    const page = read('deploy/README.md');
    const [, version = ''] = /`systemd-analyze security --offline=yes` \((\d+)\)/.exec(page) ?? [];
    const here = await run('systemctl', ['--version']).catch(() => ({ stdout: '' }));
    if (!here.stdout.startsWith(`systemd ${version} `)) {
      skip(this, `this is not systemd ${version}, which the figures are of`);
    }
    for (const name of UNITS.filter((each) => each.endsWith('.service'))) {
      const words = ['security', '--offline=yes', '--no-pager', `deploy/systemd/${name}`];
      const { stdout } = await run('systemd-analyze', words);
      const [, level = ''] = /exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
      assert.notEqual(level, '', stdout);
      const figure = level.replace('.', '\\.');
      assert.match(
        page,
        new RegExp(`\`${name.replace('.service', '')}\`[^.]*? ${figure}\\b`),
        name,
      );
    }
  });

  it('has daemons that systemd starts again however often they have ended, but for a faulty configuration', () => {
    // systemd.unit(5): five starts within 10 s are the last, where nothing is said.
    const again = UNITS.map((name) => read(`deploy/systemd/${name}`)).filter((text) =>
      text.includes('Restart=on-failure'),
    );
    assert.equal(again.length, 2);
    for (const text of again) {
      assert.match(text, /^\[Unit\]\n(?:.+\n)*StartLimitIntervalSec=0\n/);
      assert.match(text, /^RestartPreventExitStatus=2$/m);
      // What that one ends with would not count.
      assert.doesNotMatch(text, /^ExecStartPre=/m);
    }
  });

  it('names every file in its page', () => {
    const page = read('deploy/README.md');
    for (const name of readdirSync('deploy/systemd')) {
      const [stem = ''] = name.split('.');
      assert.ok(page.includes(name) || page.includes(`${stem}.service\`, \`.timer`), name);
    }
  });
});
