/** The package under a systemd that runs: its units with all that they keep from the daemons, and its scripts. */
import assert from 'node:assert/strict';
import { copyFileSync, realpathSync } from 'node:fs';
import { BootedRoot } from '../../support/booted-root.js';
import { Child } from '../../support/child.js';
import { exec } from '../../support/netns.js';
import { skip } from '../../support/skip.js';
import { tempDir } from '../../support/temp-dir.js';

const POOL = `
{ apiVersion: nfv/v1, kind: Nve, metadata: { name: host-a }, spec: { vtepAddresses: [192.0.2.1] } }
---
{ apiVersion: nfv/v1, kind: VirtualNetwork, metadata: { name: n1 }, spec: { prefixes: [10.0.1.0/24] } }
---
{ apiVersion: nfv/v1, kind: VirtualNetwork, metadata: { name: n2 }, spec: { prefixes: [10.0.2.0/24] } }
---
{ apiVersion: nfv/v1, kind: Subnet, metadata: { name: s1 }, spec: { network: n1, prefix: 10.0.1.0/24 } }
---
{ apiVersion: nfv/v1, kind: Subnet, metadata: { name: s2 }, spec: { network: n2, prefix: 10.0.2.0/24 } }
---
{ apiVersion: nfv/v1, kind: Router, metadata: { name: r1 }, spec: { subnets: [s1, s2] } }
---
apiVersion: nfv/v1
kind: Endpoint
metadata: { name: e1 }
spec: { network: n1, nve: host-a, port: { veth: { netns: g1 } }, ips: [10.0.1.11] }
---
apiVersion: nfv/v1
kind: Endpoint
metadata: { name: e2 }
spec: { network: n2, nve: host-a, port: { veth: { netns: g2 } }, ips: [10.0.2.12] }
`;

describe('the Debian package under systemd', function () {
  this.timeout(180_000);
  const dir = tempDir();
  const roots: BootedRoot[] = [];
  let root: BootedRoot;

  before(async function () {
    const there = await exec('sh', ['-c', 'command -v dpkg-deb && command -v nsenter']);
    if (there.code !== 0) skip(this, 'this is no Debian: dpkg-deb or nsenter is missing');
    const made = await new Child('scripts/make-deb.sh', [dir.path]).ended;
    assert.equal(made.status, 0, made.err);
    root = await BootedRoot.boot(this, `${dir.path}/root`);
    roots.push(root);
    // The package takes what is there: the Node that these tests are run by, whose system calls may be others.
    if (realpathSync(process.execPath) !== '/usr/bin/node') {
      copyFileSync(process.execPath, root.path('/usr/bin/node'));
    }
    copyFileSync(made.out.trim(), root.path('/opt/nfvd.deb'));
    const installed = await root.run(['dpkg', '--install', '/opt/nfvd.deb']);
    if (installed.stderr.includes('dependency problems')) {
      skip(this, 'not all packages that it depends on are installed');
    }
    assert.equal(installed.code, 0, installed.stderr);
    await root.do('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo');
    for (const guest of ['g1', 'g2']) await root.do('ip', 'netns', 'add', guest);
    root.write('/opt/pool.yaml', POOL);
  });
  after(async () => {
    for (const booted of roots) await booted.close();
    dir.remove();
  });

  const logOf = (unit: string): Promise<string> =>
    root.do('journalctl', '--no-pager', '--output=cat', `--unit=${unit}`);
  const active = async (unit: string): Promise<string> =>
    (await root.run(['systemctl', 'is-active', unit])).stdout.trim();
  const upgrade = async (): Promise<string> => {
    // Bounded: a script of the package that waits for something is what this is about.
    const { code, stderr } = await root.run([
      'timeout',
      '90',
      'dpkg',
      '--install',
      '/opt/nfvd.deb',
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(await root.do('dpkg-query', '-W', '-f', '${db:Status-Abbrev}', 'nfvd'), 'ii ');
    return stderr;
  };

  it('runs an NVA and an agent that programs routers and guests, on a host that was prepared', async () => {
    // As deploy/lab has it, before any daemon.
    root.write('/opt/host.yaml', 'hugepages: []\n');
    await root.do('nfvctl', 'host', 'apply', '-f', '/opt/host.yaml');
    await root.do('systemctl', 'start', 'nfvd-host');
    await root.do('systemctl', 'start', 'nfvd-nva', 'nfvd-nve');
    await root.do('nfvctl', 'apply', '-f', '/opt/pool.yaml', '--wait=30s');
    for (const [guest, gateway] of [
      ['g1', '10.0.1.1'],
      ['g2', '10.0.2.1'],
    ] as const) {
      await root.do('ip', '-n', guest, 'route', 'add', 'default', 'via', gateway);
    }
    await root.do('ip', 'netns', 'exec', 'g1', 'ping', '-c1', '-w5', '10.0.2.12');
  });

  it('has an agent that plugs in a container, whose namespace is named by a link into /proc', async () => {
    // It has capabilities that the agent has not.
    const sleeper =
      'unshare --net sleep 300 >/dev/null 2>&1 & ln -s "/proc/$!/ns/net" /run/netns/c1';
    await root.do('sh', '-c', sleeper);
    const words = ['e3', '--network', 'n1', '--nve', 'host-a', '--veth-netns', 'c1'];
    await root.do('nfvctl', 'create', 'endpoint', ...words, '--ip', '10.0.1.13', '--wait=10s');
    await root.do('ip', 'netns', 'exec', 'g1', 'ping', '-c1', '-w5', '10.0.1.13');
  });

  it('is upgraded under them, and stops them in good order', async () => {
    assert.equal(await upgrade(), '');
    assert.deepEqual([await active('nfvd-nva'), await active('nfvd-nve')], ['active', 'active']);
    await root.do('ip', 'netns', 'exec', 'g1', 'ping', '-c1', '-w5', '10.0.2.12');
    for (const unit of ['nfvd-nva', 'nfvd-nve']) {
      const log = await logOf(unit);
      assert.match(log, /"msg":"stopped"/);
      assert.doesNotMatch(log, /systemd could not be told/);
    }
  });

  it('is upgraded where a daemon cannot start, or waits, and says so', async () => {
    const nva = await root.do('cat', '/etc/nfvd/nva.yaml');
    const nve = await root.do('cat', '/etc/nfvd/nve.yaml');
    root.write('/etc/nfvd/nva.yaml', `${nva}\nstore: { kind: etcd, endpoints: ["127.0.0.1:1"] }\n`);
    root.write(
      '/etc/nfvd/nve.yaml',
      `${nve}\nhost: { required: true, stateDir: /var/lib/nfvd/other }\n`,
    );
    const said = await upgrade();
    assert.match(said, /^nfvd: nfvd-nva\.service is not up again yet: journalctl -u/m);
    assert.match(said, /^nfvd: nfvd-nve\.service is not up again yet: journalctl -u/m);
    assert.match(await logOf('nfvd-nva'), /STORE_UNREACHABLE/);
    assert.match(await logOf('nfvd-nve'), /waiting until the host is prepared/);
    root.write('/etc/nfvd/nva.yaml', nva);
    root.write('/etc/nfvd/nve.yaml', nve);
    await root.do('systemctl', 'restart', 'nfvd-nva', 'nfvd-nve');
    await root.do('nfvctl', 'wait', '--for', 'nve/host-a=in-sync', '--timeout', '30s');
  });

  it('is removed, and what was programmed goes on', async () => {
    await root.do('dpkg', '--remove', 'nfvd');
    assert.deepEqual(
      [await active('nfvd-nva'), await active('nfvd-nve')],
      ['inactive', 'inactive'],
    );
    await root.do('ip', 'netns', 'exec', 'g1', 'ping', '-c1', '-w5', '10.0.2.12');
  });
});
