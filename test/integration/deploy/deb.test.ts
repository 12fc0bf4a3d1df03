/** The package, in a root of its own: installed, run as its units run it, removed, purged. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CleanRoot, terminate, type RootProcess } from '../../support/clean-root.js';
import { Child } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { exec } from '../../support/netns.js';
import { skip } from '../../support/skip.js';
import { tempDir } from '../../support/temp-dir.js';
import { UnitFile } from '../../support/unit-file.js';

/** What it depends on, but for nodejs. */
const NEEDED = ['iproute2', 'systemd', 'util-linux', 'libc6', 'libstdc++6'];
/** dpkg's own notes; the user, which is never taken away, since its number would come again; our Node. */
const STAYS =
  /^(var\/lib\/dpkg|var\/log|var\/cache\/ldconfig)\/|^etc\/(passwd|group|shadow|gshadow)-?$|^etc\/\.pwd\.lock$|^usr\/bin\/node$/;
const UNITS = ['nfvd-nva', 'nfvd-nve', 'nfvd-host', 'nfvd-host-drift'];

describe('the Debian package', function () {
  this.timeout(180_000);
  const dir = tempDir();
  const running: RootProcess[] = [];
  const roots: CleanRoot[] = [];
  let root: CleanRoot;
  let deb = '';

  const unit = (name: string): UnitFile =>
    new UnitFile(root.read(`/usr/lib/systemd/system/${name}.service`));
  const nfvctl = (...words: string[]): Promise<string> => root.do('nfvctl', ...words);
  /** As systemd does: the state directory, what comes before, and then the daemon. */
  const start = async (name: string): Promise<RootProcess> => {
    const service = unit(name);
    const as = `${service.get('User') ?? 'root'}:${service.get('Group') ?? 'root'}`;
    const state = `/var/lib/${service.get('StateDirectory') ?? ''}`;
    const [owner = '', group = ''] = as.split(':');
    const mode = service.get('StateDirectoryMode') ?? '';
    await root.do('install', '-d', '-o', owner, '-g', group, '-m', mode, state);
    for (const before of service.all('ExecStartPre')) {
      const ran = await root.run(before.split(' '), as);
      assert.equal(ran.code, 0, ran.stderr);
    }
    const child = root.start((service.get('ExecStart') ?? '').split(' '), as);
    running.push(child);
    return child;
  };

  before(async function () {
    const there = await exec('sh', ['-c', 'command -v dpkg-deb && command -v nsenter']);
    if (there.code !== 0) skip(this, 'this is no Debian: dpkg-deb or nsenter is missing');
    root = await CleanRoot.create(this, join(dir.path, 'overlay'));
    roots.push(root);
    const status = '${db:Status-Abbrev}';
    if ((await root.run(['dpkg-query', '-W', '-f', status, 'nfvd'])).stdout.startsWith('i')) {
      skip(this, 'the package is installed on this machine');
    }
    for (const name of NEEDED) {
      const { stdout } = await root.run(['dpkg-query', '-W', '-f', status, name]);
      if (!stdout.startsWith('ii')) skip(this, `the package ${name} is not installed`);
    }
    await needNodejs();
    // It has as long as the hook: the machine may be busy.
    const made = await new Child('scripts/make-deb.sh', [dir.path]).ended;
    assert.equal(made.status, 0, made.err);
    deb = made.out.trim();
    copyFileSync(deb, root.path('/tmp/nfvd.deb'));
  });
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    for (const made of roots) await made.close();
    dir.remove();
  });

  /** Where Node is not from a package, one is made of the Node that runs this. */
  async function needNodejs(): Promise<void> {
    const [, found = '0'] =
      /^ii +(.*)$/.exec(
        (await root.run(['dpkg-query', '-W', '-f', '${db:Status-Abbrev} ${Version}', 'nodejs']))
          .stdout,
      ) ?? [];
    if ((await root.run(['dpkg', '--compare-versions', found, 'ge', '20'])).code === 0) return;
    const tree = join(dir.path, 'nodejs');
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
    mkdirSync(join(tree, 'usr/bin'), { recursive: true });
    copyFileSync(process.execPath, join(tree, 'usr/bin/node'));
    const arch = (await exec('dpkg', ['--print-architecture'])).stdout.trim();
    const control = {
      Package: 'nodejs',
      Version: process.versions.node,
      Architecture: arch,
      Maintainer: 'nobody <nobody@localhost>',
      Description: 'the Node that runs the tests',
    };
    const lines = Object.entries(control).map(([key, value]) => `${key}: ${value}\n`);
    writeFileSync(join(tree, 'DEBIAN/control'), lines.join(''));
    const packed = await exec('dpkg-deb', ['-Znone', '--build', tree, root.path('/tmp/node.deb')]);
    assert.equal(packed.code, 0, packed.stderr);
    await root.do('dpkg', '--install', '/tmp/node.deb');
  }

  it('installs, and starts and enables nothing', async () => {
    const said = await root.do('dpkg', '--install', '/tmp/nfvd.deb');
    assert.match(said, /Setting up nfvd/);
    assert.equal((await root.do('dpkg', '--verify', 'nfvd')).trim(), '');
    for (const name of UNITS) {
      const { stdout } = await root.run(['systemctl', 'is-enabled', `${name}.service`]);
      assert.match(stdout, /^(disabled|static)$/m, name);
    }
    assert.match(await root.do('id', 'nfvd'), /\(nfvd\)/);
    assert.equal((await root.do('stat', '-c', '%U %a', '/run/nfvd')).trim(), 'nfvd 755');
    assert.equal((await root.do('stat', '-c', '%U %a', '/var/lib/nfvd')).trim(), 'root 755');
    assert.equal((await root.do('stat', '-c', '%U %a', '/etc/nfvd/secrets')).trim(), 'root 700');
  });

  it('has programs that know their version, and what the units say is theirs', async () => {
    assert.match(await root.do('nfvd', '--version'), /^\d+\.\d+\.\d+/);
    assert.match(await nfvctl('version'), /\d+\.\d+\.\d+/);
    const paths = UNITS.map((name) => `/usr/lib/systemd/system/${name}.service`);
    const verified = await root.run(['systemd-analyze', 'verify', '--man=no', ...paths]);
    assert.deepEqual([verified.code, verified.stdout, verified.stderr], [0, '', '']);
  });

  it('has the manifests that its pages apply', () => {
    for (const name of readdirSync('examples').filter((each) => each.endsWith('.yaml'))) {
      const there = root.read(`/usr/share/doc/nfvd/examples/${name}`);
      assert.equal(there, readFileSync(`examples/${name}`, 'utf8'));
    }
  });

  it('has completions that shells take', async () => {
    const script = '/usr/share/bash-completion/completions/nfvctl';
    assert.match(await root.do('bash', '-c', `. ${script}; complete -p nfvctl`), /nfvctl$/m);
    assert.match(root.read('/usr/share/zsh/vendor-completions/_nfvctl'), /^#compdef nfvctl/);
    assert.match(
      root.read('/usr/share/fish/vendor_completions.d/nfvctl.fish'),
      /complete -c nfvctl/,
    );
  });

  it('runs an NVA and an agent as its units do, which nfvctl reaches', async () => {
    await root.do('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo');
    const nva = await start('nfvd-nva');
    await eventually(() => nfvctl('get', 'nves'), 20_000);
    await nfvctl('create', 'nve', 'host-a', '--vtep', '192.0.2.1');
    const agent = await start('nfvd-nve');
    await nfvctl('wait', '--for', 'nve/host-a=in-sync', '--timeout', '20s');
    assert.match(await nfvctl('describe', 'nve', 'host-a'), /linux/);
    assert.deepEqual([await terminate(agent), await terminate(nva)], [0, 0]);
    assert.match(root.read('/etc/passwd'), /^nfvd:/m);
    assert.equal((await root.do('stat', '-c', '%U', '/var/lib/nfvd/nva')).trim(), 'nfvd');
  });

  it('prepares nothing at a boot where no profile was applied', async () => {
    const service = unit('nfvd-host');
    assert.match(service.get('ConditionPathExists') ?? '', /^\/var\/lib\/nfvd\/host\/journal$/);
    const ran = await root.run((service.get('ExecStart') ?? '').split(' '));
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /"state":"idle"/);
  });

  it('keeps configuration and state when it is removed, and what was changed when it is installed again', async () => {
    await root.do('sh', '-c', 'echo "# ours" >>/etc/nfvd/nve.yaml');
    const { code, stderr } = await root.run(['dpkg', '--remove', 'nfvd']);
    assert.equal(code, 0, stderr);
    assert.match(root.read('/etc/nfvd/nve.yaml'), /# ours/);
    assert.equal((await root.run(['test', '-d', '/var/lib/nfvd/nva'])).code, 0);
    assert.equal((await root.run(['test', '-e', '/usr/lib/nfvd'])).code, 1);
    await root.do('dpkg', '--install', '/tmp/nfvd.deb');
    assert.match(root.read('/etc/nfvd/nve.yaml'), /# ours/);
  });

  it('says so when it is removed from a host that is prepared, and keeps what can undo that', async () => {
    await root.do(
      'sh',
      '-c',
      'cp /var/lib/nfvd/host/journal /tmp/; echo x >/var/lib/nfvd/host/journal',
    );
    const removed = await root.run(['dpkg', '--purge', 'nfvd']);
    assert.equal(removed.code, 0, removed.stderr);
    assert.match(removed.stderr, /this host is prepared[^]*"nfvctl host undo"/);
    assert.match(removed.stderr, /\/var\/lib\/nfvd\/host, which can undo that, is kept/);
    assert.equal(root.read('/var/lib/nfvd/host/journal'), 'x\n');
    await root.do('mv', '/tmp/journal', '/var/lib/nfvd/host/journal');
    await root.do('dpkg', '--install', '/tmp/nfvd.deb');
  });

  it('leaves a certificate of somebody’s, and nothing else, when it is purged', async () => {
    await root.do('sh', '-c', 'echo pem >/etc/nfvd/ca.pem');
    const purged = await root.run(['dpkg', '--purge', 'nfvd']);
    assert.equal(purged.code, 0);
    // Of dpkg, which finds it too.
    assert.match(purged.stderr, /^dpkg: warning: .*'\/etc\/nfvd' not empty so not removed\n$/);
    const left = root.changed().filter((path) => !STAYS.test(path));
    assert.deepEqual(left, ['etc/nfvd', 'etc/nfvd/ca.pem']);
    assert.equal((await root.run(['test', '-e', '/run/nfvd'])).code, 1);
  });
});
