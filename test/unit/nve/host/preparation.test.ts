/** Whole changes of a host: done, undone, failed at each step, and cut off. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostPreparation } from '../../../../src/nve/host/preparation.js';
import { describeStep } from '../../../../src/model/host/steps.js';
import {
  assertSame,
  BUSY_PROFILE,
  busyHost,
  everything,
  STARTUP_CONF,
} from '../../../support/fake-sysfs/busy-host.js';
import type { FakeHost } from '../../../support/fake-sysfs/host.js';
import { MGMT, PF0, PF1 } from '../../../support/fake-sysfs/hosts.js';
import { eventually } from '../../../support/eventually.js';
import { Preparing, request } from '../../../support/preparing.js';
import { refusal } from '../../../support/refusals.js';

describe('HostPreparation', () => {
  let host: FakeHost;
  let preparing: Preparing;
  let preparation: HostPreparation;
  let before: string[];

  beforeEach(async () => {
    await open(busyHost());
  });
  afterEach(async () => {
    await preparing.stop();
    host.close();
  });
  async function open(fake: FakeHost): Promise<void> {
    host = fake;
    before = everything(host);
    preparing = new Preparing(host);
    preparation = await preparing.start();
  }
  const apply = (text = BUSY_PROFILE, more = {}) =>
    preparation.apply(request(text, more), host.signal);

  it('does all that the plan says, and then there is nothing left to do', async () => {
    const { plan } = await preparation.plan(request(BUSY_PROFILE).profile, host.signal);
    assertSame(everything(host), before);
    await apply(BUSY_PROFILE, { planHash: plan.hash });
    assert.equal(host.kernel.fn(PF0).driver, 'vfio-pci');
    const { vfs } = host.kernel.fn(PF1).pf ?? assert.fail();
    assert.deepEqual(
      vfs.map(({ mac, vlan, trust }) => [mac.startsWith('02:'), vlan, trust]),
      [
        [true, 42, true],
        [false, 0, true],
        [false, 0, true],
      ],
    );
    assert.deepEqual(
      ['0000:81:10.0', '0000:81:10.2', '0000:81:10.4'].map((bdf) => host.kernel.fn(bdf).driver),
      ['vfio-pci', 'igbvf', undefined],
    );
    assert.equal(host.kernel.state.pools.get(0)?.get(2048)?.total, 160);
    const conf = readFileSync(join(host.kernel.root, STARTUP_CONF), 'utf8');
    assert.ok(conf.includes(`dev ${PF0} {\n    name up\n  }`));
    assert.ok(conf.includes('#nfvd-was   main-core 3'));
    assert.ok(host.kernel.state.active.has('vpp'));
    const again = await preparation.plan(request(BUSY_PROFILE).profile, host.signal);
    assert.deepEqual(
      again.plan.steps.map(({ step }) => describeStep(step)),
      [],
    );
    const { state, ready, nics } = preparation.status();
    assert.deepEqual([state, ready], ['ready', true]);
    assert.deepEqual(nics, [
      { function: PF0, state: 'vfio' },
      { function: `${PF1}/vf0`, state: 'vfio' },
      { function: `${PF1}/vf1`, state: 'kernel' },
    ]);
  });

  it('gives a VF whose MAC was set after its driver came the one that was set', async () => {
    const name = host.kernel.fn('0000:81:10.2').netdev?.name ?? '';
    const mac = '02:00:00:00:81:01';
    host.kernel.call('ip', ['link', 'set', 'dev', 'eth1', 'vf', '1', 'mac', mac], '');
    await apply();
    await preparation.undo(host.signal);
    const netdev = host.kernel.fn('0000:81:10.2').netdev;
    // Its own from before, the PF would not let it have.
    assert.deepEqual([netdev?.name, netdev?.mac], [name, mac]);
  });

  it('tells of a kernel that lacks the mode without an IOMMU, and is as before', async () => {
    const { state } = host.kernel;
    state.functions.set(PF0, { ...host.kernel.fn(PF0), group: undefined });
    host.kernel.show();
    before = everything(host);
    const uplink = `{ name: up, role: dpdk, takeOver: true, match: { bdf: "${PF0}" } }`;
    const error = await refusal(apply(`{ nics: [${uplink}], policy: { noIommu: allow } }`));
    assert.equal(error.code, 'KERNEL_REFUSED');
    assert.match(error.message, /CONFIG_VFIO_NOIOMMU/);
    assertSame(everything(host), before);
  });

  it('undoes it all, to the last byte', async () => {
    await apply();
    assert.notDeepEqual(everything(host), before);
    await preparation.undo(host.signal);
    assertSame(everything(host), before);
    assert.equal(preparation.status().state, 'idle');
    assert.equal((await refusal(preparation.undo(host.signal))).code, 'NOTHING_TO_DO');
  });

  for (const driver of ['ixgbe', 'i40e', 'ice', 'mlx5_core', 'bnxt_en']) {
    it(`does and undoes it with ${driver}`, async () => {
      await preparing.stop();
      host.close();
      await open(busyHost(driver));
      await apply();
      await preparation.undo(host.signal);
      assertSame(everything(host), before);
    });
  }

  it('undoes one change after another', async () => {
    await apply('hugepages: [{ size: 2M, node: 1, pages: 10 }]');
    const between = everything(host);
    await apply();
    await preparation.undo(host.signal);
    assertSame(everything(host), between);
    assert.equal(preparation.status().state, 'ready');
    await preparation.undo(host.signal);
    assertSame(everything(host), before);
  });

  it('leaves to others the pages they added or took meanwhile', async () => {
    await apply('hugepages: [{ size: 2M, node: 1, pages: 10 }]');
    const pool = host.kernel.state.pools.get(1)?.get(2048) ?? assert.fail();
    pool.total = 30;
    host.kernel.show();
    await preparation.undo(host.signal);
    assert.equal(pool.total, 20);
  });

  it('does exactly the plan that was looked at, or nothing', async () => {
    const { plan } = await preparation.plan(request(BUSY_PROFILE).profile, host.signal);
    const { netdev } = host.kernel.fn(PF0);
    if (netdev !== undefined) netdev.mtu = 1500;
    const error = await refusal(apply(BUSY_PROFILE, { planHash: plan.hash }));
    assert.equal(error.code, 'PLAN_CHANGED');
    assert.deepEqual(host.kernel.log, []);
  });

  it('refuses a blocked plan with every reason and its line', async () => {
    const error = await refusal(
      apply(`hugepages: [{ size: 2M, node: 7, pages: 1 }]
nics:
  - { name: up, role: dpdk, match: { bdf: "${PF0}" } }`),
    );
    assert.equal(error.code, 'PLAN_BLOCKED');
    assert.deepEqual(
      error.violations.map(({ field, reason }) => `${field}: ${reason}`),
      [
        `host.yaml:3:5: nics[0]: uplink0 is up`,
        `host.yaml:3:5: nics[0]: uplink0 has the address 198.51.100.1`,
        `host.yaml:3:5: nics[0]: a route to 203.0.113.0/24 (table 100) goes over uplink0`,
        'host.yaml:1:13: hugepages[0]: there is no node 7; there are 0, 1',
      ],
    );
    assertSame(everything(host), before);
  });

  it('keeps two changes apart', async () => {
    const first = apply();
    assert.equal((await refusal(preparation.undo(host.signal))).code, 'HOST_BUSY');
    await first;
  });

  it('lets one process in at a time', async () => {
    assert.equal((await refusal(new Preparing(host).open())).code, 'HOST_BUSY');
  });

  describe('a failure at any call', () => {
    it('leaves the host as it was', async function () {
      this.timeout(120_000);
      await apply();
      const calls = [...host.kernel.log];
      await preparation.undo(host.signal);
      assert.ok(calls.length > 20, String(calls.length));
      for (const [i, call] of calls.entries()) {
        await preparing.stop();
        host.close();
        await open(busyHost());
        let count = 0;
        host.kernel.beforeCall = () => {
          // The call with this number, and no other.
          if (count++ === i) host.kernel.faults({ on: /./, times: 1, trouble: { errno: 'EIO' } });
        };
        const error = await refusal(apply());
        assert.notEqual(error.code, 'HOST_NOT_RESTORED', `${call}: ${error.message}`);
        assertSame(everything(host), before, call);
        assert.equal(preparation.status().state, 'idle', call);
      }
    });
  });

  it('reports a short allocation, and gives back what it got', async () => {
    const error = await refusal(apply('hugepages: [{ size: 2M, node: 1, pages: 950 }]'));
    assert.equal(error.code, 'HUGEPAGES_SHORT');
    assert.equal(error.metadata['got'], '900');
    assertSame(everything(host), before);
    assert.match(preparation.status().trouble, /gave 900 of 950/);
  });

  it('waits for a boot where only that helps', async () => {
    host.kernel.faults({ on: /1048576kB/, times: 1, trouble: { errno: 'EINVAL' } });
    const error = await refusal(apply('hugepages: [{ size: 1G, node: 1, pages: 1 }]'));
    assert.equal(error.code, 'REBOOT_NEEDED');
    assert.equal(preparation.status().state, 'waitingForReboot');
  });

  it('does not say that it succeeded when the host says otherwise', async () => {
    host.kernel.faults({ on: /systemctl start/, trouble: { silent: true } });
    const error = await refusal(apply());
    assert.equal(error.code, 'HOST_NOT_RESTORED');
    assert.match(error.message, /^vpp was started, and VPP ended; and then 1 steps/);
    host.kernel.faults();
    await preparation.undo(host.signal);
    assertSame(everything(host), before);
  });

  it('takes all back where VPP ends with its new file', async () => {
    host.kernel.state.vppTrouble = 'ends';
    assert.equal((await refusal(apply())).code, 'VPP_UNREACHABLE');
    assertSame(everything(host), before);
  });

  it('goes on with an undo when what hung is free again', async () => {
    await apply();
    host.kernel.state.processes = [{ pid: 321, command: 'qemu', open: ['/dev/vfio/7'] }];
    host.kernel.show();
    const error = await refusal(preparation.undo(host.signal));
    assert.equal(error.code, 'HOST_NOT_RESTORED');
    assert.match(error.message, /qemu \(pid 321\) holds \/dev\/vfio\/7/);
    assert.equal(preparation.status().state, 'failed');
    assert.equal((await refusal(apply())).code, 'HOST_BUSY');
    host.kernel.endProcess(321);
    await preparation.retryUndo(host.signal);
    assertSame(everything(host), before);
  });

  describe("the dead man's switch", () => {
    const TAKING = `nics: [{ name: up, role: dpdk, takeOver: true, match: { bdf: "${MGMT}" } }]`;
    const asked = { iKnow: true, confirmMs: 300_000 };

    it('is asked for where the way to the host is at stake', async () => {
      const unsure = await refusal(apply(TAKING));
      assert.equal(unsure.code, 'PLAN_BLOCKED');
      assert.match(unsure.message, /the default route goes over mgmt0/);
      const open = await refusal(apply(TAKING, { iKnow: true }));
      assert.match(open.remedy, /--confirm/);
      assertSame(everything(host), before);
    });

    it('undoes what is not confirmed in time', async () => {
      await apply(TAKING, asked);
      assert.equal(preparation.status().state, 'unconfirmed');
      assert.equal(preparation.status().change?.confirmWithinMs, 300_000);
      assert.equal((await refusal(apply())).code, 'HOST_BUSY');
      host.clock.jump(300_000);
      await idle();
      assertSame(everything(host), before);
    });

    it('leaves what is confirmed', async () => {
      await apply(TAKING, asked);
      await preparation.confirm();
      host.clock.jump(600_000);
      assert.equal(preparation.status().state, 'ready');
      assert.equal((await refusal(preparation.confirm())).code, 'NOTHING_TO_DO');
    });

    it('outlives a crash of ours, and counts on', async () => {
      await apply(TAKING, asked);
      host.clock.jump(100_000);
      await preparing.crashed();
      preparation = await preparing.start();
      assert.equal(preparation.status().change?.confirmWithinMs, 200_000);
      host.clock.jump(200_000);
      await idle();
      assertSame(everything(host), before);
    });

    it('has run out while we were away', async () => {
      await apply(TAKING, asked);
      await preparing.crashed();
      host.clock.jump(400_000);
      preparation = await preparing.start();
      assert.equal(preparation.status().state, 'idle');
      assertSame(everything(host), before);
    });

    it('is not confirmed by a boot', async () => {
      await apply(`${TAKING}\nvpp: {}`, asked);
      await preparing.crashed();
      host.kernel.reboot();
      preparation = await preparing.start();
      assert.equal(preparation.status().state, 'idle');
      assert.equal(host.kernel.fn(MGMT).driver, 'igb');
      const conf = readFileSync(join(host.kernel.root, STARTUP_CONF), 'utf8');
      assert.ok(!conf.includes('nfvd'));
    });

    const idle = () => eventually(() => preparation.status().state === 'idle');
  });

  describe('drift', () => {
    it('is seen, and left where the profile says so', async () => {
      await apply();
      assert.deepEqual((await preparation.drift(host.signal)).steps, []);
      const { pf } = host.kernel.fn(PF1);
      const vf = pf?.vfs[0];
      assert.ok(vf !== undefined);
      vf.mac = 'fe:00:00:00:00:99';
      const report = await preparation.drift(host.signal);
      assert.deepEqual(report.steps, [
        `0000:81:10.0: no driver`,
        `${PF1}/vf0: mac 02:00:00:00:00:01`,
        `0000:81:10.0: driver vfio-pci`,
      ]);
      assert.equal(report.repaired, false);
      assert.equal(preparation.status().state, 'drifted');
      assert.equal(preparation.status().ready, false);
    });

    it("is repaired where the profile says so: somebody's sriov_numvfs, pages taken", async () => {
      await apply(`${BUSY_PROFILE}\npolicy: { drift: repair }`);
      const wanted = everything(host);
      const numvfs = `of=${host.kernel.root}/sys/bus/pci/devices/${PF1}/sriov_numvfs`;
      host.kernel.call('dd', [numvfs], '0');
      const pool = host.kernel.state.pools.get(1)?.get(2048) ?? assert.fail();
      pool.total = 3;
      host.kernel.show();
      const report = await preparation.drift(host.signal);
      assert.equal(report.repaired, true);
      assert.ok(report.steps.length > 5);
      // The kernel gave the VFs without a MAC of ours new ones.
      const same = (lines: readonly string[]): string[] =>
        lines.map((line) => line.replaceAll(/fe:00:00:00:00:../g, 'fe'));
      assertSame(same(everything(host)), same(wanted));
      await preparation.undo(host.signal);
      assertSame(same(everything(host)), same(before));
    });

    it('is not repaired over somebody who is in the way', async () => {
      await apply(`${BUSY_PROFILE}\npolicy: { drift: repair }`);
      const vf = host.kernel.fn(PF1).pf?.vfs[0];
      assert.ok(vf !== undefined);
      vf.mac = 'fe:00:00:00:00:99';
      const { group } = host.kernel.fn('0000:81:10.0');
      host.kernel.state.processes = [
        { pid: 7, command: 'qemu', open: [`/dev/vfio/${group ?? ''}`] },
      ];
      host.kernel.show();
      const report = await preparation.drift(host.signal);
      assert.equal(report.repaired, false);
      assert.match(report.findings[0]?.reason ?? '', /qemu \(pid 7\) holds/);
    });
  });

  describe('a boot', () => {
    it('is followed by the same preparation, and undone with it', async () => {
      await apply();
      for (let boot = 0; boot < 3; boot++) {
        await preparing.crashed();
        host.kernel.reboot();
        const { netdev } = host.kernel.fn(PF0);
        if (netdev !== undefined) netdev.up = false;
        preparation = await preparing.start();
        assert.equal(preparation.status().state, 'ready');
        assert.equal(host.kernel.fn(PF0).driver, 'vfio-pci');
        assert.equal(host.kernel.fn(PF1).pf?.vfs[0]?.mac, '02:00:00:00:00:01');
      }
      await preparation.undo(host.signal);
      assert.equal(preparation.status().state, 'idle');
      assert.equal(host.kernel.fn(PF0).driver, 'igb');
      const conf = readFileSync(join(host.kernel.root, STARTUP_CONF), 'utf8');
      assert.ok(!conf.includes('nfvd'));
    });

    it('in the middle of a change leaves nothing of it', async () => {
      const crashed = host.crashAt({ call: 20, when: 'after' });
      void apply().catch(() => undefined);
      await crashed;
      await preparing.crashed();
      host.kernel.reboot();
      preparation = await preparing.start();
      assert.equal(preparation.status().state, 'idle');
      const conf = readFileSync(join(host.kernel.root, STARTUP_CONF), 'utf8');
      assert.ok(!conf.includes('nfvd'));
    });
  });
});
