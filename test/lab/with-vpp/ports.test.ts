/** VPP, started with the startup.conf that was written for it, and the NICs that were given to it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { ALL_INTERFACES, ClientUnderTest } from '../../support/vpp-under-test.js';
import * as eye from '../support/eye.js';
import { LabHost, PF0, PF1 } from '../support/lab-host.js';
import { LabVpp, needVpp, QUIET, STARTUP_CONF } from '../support/lab-vpp.js';

const OWN = '# mine\nunix {\n  log /run/lab/vpp-own.log\n}\n';

describe('VPP on two NICs, with the startup.conf that was written for it', () => {
  let host: LabHost;
  const vpp = new LabVpp();
  let was: string[];
  const profile = (
    prefix: string,
    rxDescriptors = 512,
    unix: readonly string[] = [QUIET],
  ): string => `
hugepages:
  - { size: 2M, node: 0, pages: 48 }
  - { size: 2M, node: 1, pages: 48 }
nics:
  - { name: up0, role: dpdk, match: { bdf: '${PF0}' } }
  - { name: up1, role: dpdk, match: { bdf: '${PF1}' }, rxDescriptors: ${rxDescriptors} }
cpu: { mainCore: 0, workers: 1 }
vpp:
  prefix: '${prefix}'
  group: root
  plugins: [ping_plugin.so]
  buffersPerNuma: 8192
  sections: { unix: [${unix.join()}] }
`;

  before(async function () {
    const prefix = needVpp(this);
    host = new LabHost('ports');
    await vpp.open(prefix);
    writeFileSync(STARTUP_CONF, OWN);
    was = eye.everything();
    const { status, err } = await host.apply(profile(vpp.prefix));
    assert.equal(status, 0, err + vpp.log());
  });
  after(async () => {
    await vpp.close();
  });

  it('has them by their PCI addresses, on their nodes, with what the profile says', () => {
    const hardware = vpp.hardware();
    assert.deepEqual([...hardware.keys()].sort(), ['local0', 'up0', 'up1']);
    assert.match(hardware.get('up0') ?? '', /address 0000:41:00\.00 numa 0$/m);
    assert.match(hardware.get('up1') ?? '', /address 0000:81:00\.00 numa 1$/m);
    assert.match(hardware.get('up1') ?? '', /rx: queues 1 .*, desc 512 /);
  });

  it('runs its threads and keeps its buffers where it was told', () => {
    const threads = vpp.cli('show', 'threads');
    assert.match(threads, /^0 +vpp_main .* 0 +0 +0 *$/m);
    assert.match(threads, /^1 +vpp_wk_0 +workers .* 1 +0 +1 *$/m);
    const pools = [...vpp.cli('show', 'buffers').matchAll(/^default-numa-(\d) .* 2048 +(\d+) /gm)];
    assert.deepEqual(
      pools.map(([, node]) => node),
      ['0', '1'],
    );
    // It rounds them up to whole pages.
    for (const [, , total] of pools) assert.ok(Number(total) >= 8192, total);
    assert.equal(eye.read('/proc/sys/vm/nr_hugepages'), '96');
  });

  it('loads the plugins that are needed, and no others', () => {
    const loaded = [...vpp.cli('show', 'plugins').matchAll(/^ +\d+\. (\S+)/gm)].map(([, p]) => p);
    const overlay = ['af_packet', 'memif', 'tap', 'vhost', 'vxlan'];
    const wanted = [...overlay, 'dpdk', 'ping'].map((name) => `${name}_plugin.so`);
    assert.deepEqual(loaded.sort(), wanted.sort());
  });

  it('answers at the API socket, and names the ports as the profile does', async () => {
    const { client } = await ClientUnderTest.ready(vpp.api());
    try {
      const found = await client.dump('sw_interface_dump', ALL_INTERFACES);
      assert.match(JSON.stringify(found), /"up0"/);
    } finally {
      await client.close();
    }
  });

  it('carries packets from one port to the other', async () => {
    // Each in a table of its own, so that the way leads over the cable.
    vpp.cli('ip', 'table', 'add', '1');
    vpp.cli('set', 'interface', 'ip', 'table', 'up1', '1');
    for (const [name, address] of [
      ['up0', '192.0.2.1/24'],
      ['up1', '192.0.2.2/24'],
    ] as const) {
      vpp.cli('set', 'interface', 'ip', 'address', name, address);
      vpp.cli('set', 'interface', 'state', name, 'up');
    }
    await vpp.pings('192.0.2.2');
    assert.match(vpp.hardware().get('up1') ?? '', /^ +tx frames ok +[1-9]/m);
  });

  it('is not started again where nothing changes', async () => {
    const started = vpp.startedAt();
    assert.match(await host.ok('plan', '-f', host.profile(profile(vpp.prefix))), /Steps: none/);
    assert.match(await host.ok('drift'), /^as the profile wants it$/m);
    const { status, err } = await host.apply(profile(vpp.prefix));
    assert.equal(status, 0, err);
    assert.equal(vpp.startedAt(), started);
  });

  it('is started again with its file, where somebody has changed that', async () => {
    const wanted = readFileSync(STARTUP_CONF, 'utf8');
    const started = vpp.startedAt();
    writeFileSync(STARTUP_CONF, wanted.replace('buffers-per-numa 8192', 'buffers-per-numa 4096'));
    assert.match((await host.host('drift')).out, /write \/etc\/vpp\/startup\.conf/);
    assert.equal(vpp.startedAt(), started);
    const { status, err } = await host.apply(profile(vpp.prefix));
    assert.equal(status, 0, err);
    assert.equal(readFileSync(STARTUP_CONF, 'utf8'), wanted);
    assert.notEqual(vpp.startedAt(), started);
    assert.deepEqual([...vpp.hardware().keys()].sort(), ['local0', 'up0', 'up1']);
  });

  it('is started again where the profile changes, and the plan says what that costs', async () => {
    const started = vpp.startedAt();
    const next = profile(vpp.prefix, 1024);
    const plan = await host.ok('plan', '-f', host.profile(next));
    assert.match(plan, /1 +stop vpp +.*VPP, and all that goes through it/);
    assert.match(plan, /write \/etc\/vpp\/startup\.conf[^]*start vpp/);
    assert.equal(vpp.startedAt(), started);
    const { status, err } = await host.apply(next);
    assert.equal(status, 0, err);
    assert.notEqual(vpp.startedAt(), started);
    assert.match(vpp.hardware().get('up1') ?? '', /rx: queues 1 .*, desc 1024 /);
  });

  it('keeps its former file where it does not start with the new one', async () => {
    const conf = readFileSync(STARTUP_CONF, 'utf8');
    const error = await host.refused(profile(vpp.prefix, 1024, [QUIET, 'nonsense']));
    assert.match(error, /vpp was started, and VPP ended \(VPP_UNREACHABLE\)/);
    assert.equal(readFileSync(STARTUP_CONF, 'utf8'), conf);
    await vpp.answers();
    assert.deepEqual([...vpp.hardware().keys()].sort(), ['local0', 'up0', 'up1']);
  });

  it('gives the NICs back when all is undone', async () => {
    // The changed profile, the changed file, and the first.
    for (let i = 0; i < 3; i++) {
      await vpp.answers();
      await host.ok('undo');
    }
    assert.equal(vpp.isActive(), false);
    assert.equal(readFileSync(STARTUP_CONF, 'utf8'), OWN);
    assert.deepEqual(eye.everything(), was);
  });
});
