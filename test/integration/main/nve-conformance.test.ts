import assert from 'node:assert/strict';
import { z } from 'zod';
import { CASES } from '../../../src/conformance/suite.js';
import { Daemon, DaemonFiles, nfvd, NFVD } from '../../support/daemon.js';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { LabCa } from '../../support/lab-ca.js';
import { exec, needNetns, Netns } from '../../support/netns.js';
import { tempDir } from '../../support/temp-dir.js';

const Line = z.object({ id: z.string(), outcome: z.string(), error: z.string().optional() });

const BAD: readonly (readonly [readonly string[], RegExp, number?])[] = [
  [[], /target.*missing/s],
  [['--target', 'host-a', '--only', 'none/'], /only.*no case begins so/s],
  [['--target', 'Host A'], /target.*not an id/s],
  [['--target', 'host-a', '--vtep', '10.0.0.1/24'], /vtep.*not an address/s],
  [['--target', 'host-a', '--vni', '16777215'], /vni.*not a VNI/s],
  [['--target', 'host-a', '--timeout', '-1'], /timeout.*not a time/s],
  [['--target', 'host-a', '--ca', '/tmp/ca.pem'], /--ca, --cert and --key together/],
  [['--target', 'host-a', '--listen', '0.0.0.0:0'], /INSECURE_LISTENER/, 1],
  [['--target', 'host-a', '--listen', 'nowhere'], /listen.*not an address/s],
];

/** Our agent on the kernel's dataplane, in a namespace, and the program that examines it. */
describe('nfvd nve-conformance', function () {
  this.timeout(240_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let host: Netns;

  before(async function () {
    await needNetns(this);
    dir = tempDir();
    files = new DaemonFiles(dir.path);
    host = await Netns.create();
    await host.ip('link', 'set', 'dev', 'lo', 'up');
    await host.ip('link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
    await host.ip('link', 'set', 'dev', 'eth1', 'up');
    await host.ip('address', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await host.ip('link', 'set', 'dev', 'eth0', 'up');
  });
  after(async () => {
    await host.close();
    dir.remove();
  });

  const examine = (...args: readonly string[]): ReturnType<typeof nfvd> =>
    exec(
      process.execPath,
      [NFVD, 'nve-conformance', '--listen', `unix:${files.socket()}`, ...args],
      '',
      { timeout: 200_000 },
    );

  it('finds nothing to say of our agent, and leaves its host as it was', async () => {
    const before = await host.run('ip', 'link');
    const agent = await Daemon.start(['nve', '--config', files.nve('host-a')], host);
    try {
      const { code, stdout, stderr } = await examine('--target', 'host-a', '-o', 'json');
      const lines = stdout.trimEnd().split('\n');
      const results = lines.map((line) => Line.parse(JSON.parse(line)));
      const failed = results.filter(({ outcome }) => outcome !== 'passed');
      assert.deepEqual([failed, stderr, code], [[], '', 0]);
      assert.equal(results.length, CASES.length);
      assert.equal(await host.run('ip', 'link'), before);
    } finally {
      await agent.stop('SIGTERM');
    }
    assert.equal(agent.err, '');
  });

  it('finds nothing to say of our agent on VPP', async () => {
    const vpp = new EmulatedVpp();
    await vpp.start();
    const uplinks = [{ hostInterface: 'eth0', addresses: ['192.0.2.9/24'] }];
    const config = { dataplane: 'vpp', vpp: { socket: vpp.path, uplinks } };
    const agent = await Daemon.start(['nve', '--config', files.nve('host-v', config)]);
    try {
      const { code, stdout } = await examine('--target', 'host-v');
      assert.equal(code, 0, stdout);
      assert.match(stdout, / passed, 0 failed, 0 skipped\n$/);
    } finally {
      await agent.stop('SIGTERM');
      await vpp.remove();
    }
    assert.equal(agent.err, '');
  });

  it('examines one that wants certificates, and takes none without', async () => {
    const ca = await LabCa.create(dir.path);
    const { ca: roots, cert, key } = await ca.issue('nva');
    const at = '127.0.0.1:7443';
    const listen = ['--listen', at, '--ca', roots, '--cert', cert, '--key', key];
    const only = ['--target', 'host-a', '--only', 'greeting/hello', ...listen];
    const nva = [{ address: at, tls: await ca.issue('nve/host-a') }];
    const agent = await Daemon.start(['nve', '--config', files.nve('host-a', { nva })], host);
    try {
      const { code, stdout, stderr } = await nfvd(['nve-conformance', ...only], host);
      assert.deepEqual([code, stderr], [0, ''], stdout);
      assert.match(stdout, / passed, 0 failed, 0 skipped\n$/);
    } finally {
      await agent.stop('SIGTERM');
    }
    const other = await LabCa.create(dir.path, 'other-ca');
    const strange = [{ address: at, tls: await other.issue('nve/host-a') }];
    const config = files.nve('host-a', { nva: strange });
    const stranger = await Daemon.start(['nve', '--config', config], host);
    try {
      const ended = await nfvd(['nve-conformance', ...only, '--timeout', '2'], host);
      assert.equal(ended.code, 1);
      assert.match(ended.stderr, /no session within 2 s/);
    } finally {
      await stranger.stop('SIGTERM');
    }
  });

  it('says which NVE came, if it is not the one', async () => {
    const agent = await Daemon.start(['nve', '--config', files.nve('host-b')], host);
    try {
      const { code, stderr } = await examine('--target', 'host-a', '--timeout', '20');
      assert.equal(code, 1);
      assert.match(stderr, /"host-b" said hello, not "host-a" \(NVE_NOT_CONFORMING\)/);
    } finally {
      await agent.stop('SIGTERM');
    }
  });

  it('says so if none comes', async () => {
    const { code, stderr } = await examine('--target', 'host-a', '--timeout', '0.2');
    assert.equal(code, 1);
    assert.match(stderr, /no session within 0.2 s/);
  });

  it('lists its cases', async () => {
    const { code, stdout } = await examine('--list', '--only', 'epoch/');
    assert.equal(code, 0);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
      CASES.map(({ id }) => id).filter((id) => id.startsWith('epoch/')),
    );
  });

  for (const [args, text, status = 2] of BAD) {
    it(`refuses ${args.slice(2).join(' ') || args.join(' ') || 'no target'}`, async () => {
      const { code, stderr } = await examine(...args);
      assert.equal(code, status);
      assert.match(stderr, text);
    });
  }
});
