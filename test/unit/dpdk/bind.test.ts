import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { makeBind, observeBind } from '../../../src/dpdk/bind.js';
import type { StepOf } from '../../../src/model/host/steps.js';
import type { Fault } from '../../support/fake-sysfs/faults.js';
import { FakeHost } from '../../support/fake-sysfs/host.js';
import { PF0, twoNodes } from '../../support/fake-sysfs/hosts.js';
import { refusal as refusalOf } from '../../support/refusals.js';

const FOLDER = `sys/bus/pci/devices/${PF0}`;

function bind(driver: string | null, override: string | null = null): StepOf<'bind'> {
  return { kind: 'bind', function: PF0, driver, override, owner: null };
}
const TO_VFIO = bind('vfio-pci', 'vfio-pci');
const BACK = bind('igb');

describe('makeBind', () => {
  let host: FakeHost;
  beforeEach(() => {
    const state = twoNodes();
    state.drivers.add('vfio-pci');
    host = new FakeHost(state);
  });
  afterEach(() => {
    host.close();
  });

  const make = (step: StepOf<'bind'>) => makeBind(host.doors, step, host.signal);
  const observe = (step: StepOf<'bind'>) => observeBind(host.doors, step, host.signal);
  const refusal = (step: StepOf<'bind'>) => refusalOf(make(step));

  it('goes to vfio-pci by its override, and waits for the group', async () => {
    assert.deepEqual(await observe(TO_VFIO), { holds: false, found: 'igb' });
    await make(TO_VFIO);
    assert.deepEqual(host.kernel.log, [
      `write ${FOLDER}/driver_override = vfio-pci`,
      `write ${FOLDER}/driver/unbind = ${PF0}`,
      `write sys/bus/pci/drivers_probe = ${PF0}`,
    ]);
    assert.deepEqual(await observe(TO_VFIO), { holds: true, found: 'vfio-pci, override vfio-pci' });
  });

  it('goes back, and leaves no override behind', async () => {
    await make(TO_VFIO);
    await make(BACK);
    assert.deepEqual(await observe(BACK), { holds: true, found: 'igb' });
    assert.equal(host.kernel.fn(PF0).netdev?.mac, '52:54:00:ab:00:41');
  });

  it('does nothing where it is so, and can be done twice', async () => {
    await make(TO_VFIO);
    const { length } = host.kernel.log;
    await make(TO_VFIO);
    assert.equal(host.kernel.log.length, length);
  });

  it('finishes what a crash left half done', async () => {
    const fn = host.kernel.fn(PF0);
    fn.override = 'vfio-pci';
    fn.driver = undefined;
    fn.netdev = undefined;
    host.kernel.show();
    await make(TO_VFIO);
    assert.equal(fn.driver, 'vfio-pci');
    assert.equal(host.kernel.log.length, 1);
  });

  it('restores an override of somebody else', async () => {
    host.kernel.fn(PF0).override = 'igb';
    host.kernel.show();
    await make(TO_VFIO);
    await make(bind('igb', 'igb'));
    assert.equal(host.kernel.fn(PF0).override, 'igb');
  });

  it('takes any driver of the kernel, but not VFIO, for "*"', async () => {
    await make(TO_VFIO);
    await make(bind('*'));
    assert.equal(host.kernel.fn(PF0).driver, 'igb');
  });

  it('leaves it without a driver when that is wanted', async () => {
    await make(bind(null));
    assert.deepEqual(await observe(bind(null)), { holds: true, found: 'no driver' });
  });

  it('gives the group its owner', async () => {
    const { uid, gid } = statSync(host.kernel.root);
    await make({ ...TO_VFIO, owner: { uid, gid } });
    assert.equal(statSync(join(host.kernel.root, 'dev/vfio/7')).uid, uid);
  });

  it('binds a VF of a PF without autoprobe by a passing override', async () => {
    const { pf } = host.kernel.fn(PF0);
    assert.ok(pf !== undefined);
    pf.autoprobe = false;
    host.kernel.call('dd', [`of=${host.kernel.root}/${FOLDER}/sriov_numvfs`], '2');
    const step = { ...bind('igbvf'), function: `${PF0}/vf1` };
    await make(step);
    const vf = host.kernel.fn('0000:41:10.2');
    assert.deepEqual([vf.driver, vf.override], ['igbvf', undefined]);
    assert.deepEqual(await observe(step), { holds: true, found: 'igbvf' });
  });

  it('asks nobody to let go of what nobody holds, and names who does', async () => {
    await make(TO_VFIO);
    host.kernel.state.processes = [{ pid: 321, command: 'qemu', open: ['/dev/vfio/7'] }];
    host.kernel.show();
    const error = await refusal(BACK);
    assert.equal(error.code, 'NIC_IN_USE');
    assert.equal(error.message, `${PF0} is in use: qemu (pid 321) holds /dev/vfio/7`);
    assert.equal(host.kernel.fn(PF0).driver, 'vfio-pci');
  });

  it('names the holder that came just before the unbind, and does not wait for ever', async () => {
    await make(TO_VFIO);
    host.kernel.beforeCall = (call) => {
      if (!call.includes('/unbind')) return;
      host.kernel.state.processes = [{ pid: 321, command: 'qemu', open: ['/dev/vfio/7'] }];
      host.kernel.show();
    };
    const error = await refusal(BACK);
    assert.equal(error.code, 'WRITE_HUNG');
    assert.match(
      error.message,
      /did not return within 60000 ms .*: qemu \(pid 321\) holds \/dev\/vfio\/7$/,
    );
    assert.equal(host.doors.programs.stuck().length, 1);
    // While it is stuck the device does not answer, and that is told too.
    assert.equal((await refusal(BACK)).code, 'WRITE_HUNG');
    host.kernel.endProcess(321);
    await make(BACK);
    assert.equal(host.kernel.fn(PF0).driver, 'igb');
  });

  it('refuses a function without an IOMMU before it touches it', async () => {
    const state = twoNodes();
    state.drivers.add('vfio-pci');
    for (const [bdf, fn] of state.functions) state.functions.set(bdf, { ...fn, group: undefined });
    const bare = new FakeHost(state);
    try {
      const error = await refusalOf(makeBind(bare.doors, TO_VFIO, bare.signal));
      assert.equal(error.code, 'IOMMU_MISSING');
      assert.deepEqual(bare.kernel.log, []);
    } finally {
      bare.close();
    }
  });

  it('says so when the VF is not there', async () => {
    const step = { ...TO_VFIO, function: `${PF0}/vf3` };
    assert.deepEqual(await observe(step), { holds: false, found: 'no such VF' });
    assert.equal((await refusal(step)).code, 'NOT_APPEARED');
  });

  const unbind = /unbind/;
  const probe = /drivers_probe/;
  const override = /driver_override/;
  const rows: readonly {
    readonly what: string;
    readonly fault: Fault;
    readonly code: string;
    readonly says: RegExp;
  }[] = [
    {
      what: 'override ENOENT: the function is gone',
      fault: { on: override, trouble: { errno: 'ENOENT' } },
      code: 'KERNEL_REFUSED',
      says: /driver_override: ENOENT .*: the function is gone$/,
    },
    {
      what: 'override that is taken and not kept',
      fault: { on: override, trouble: { silent: true } },
      code: 'READBACK_MISMATCH',
      says: /driver_override is empty, not vfio-pci$/,
    },
    {
      what: 'unbind that never returns',
      fault: { on: unbind, trouble: { hang: 'before' } },
      code: 'WRITE_HUNG',
      says: /unbind did not return within 60000 ms \(the kernel waits in fake_wait\)$/,
    },
    {
      what: 'unbind that does nothing',
      fault: { on: unbind, trouble: { silent: true } },
      code: 'NOT_APPEARED',
      says: /stays on igb$/,
    },
    {
      what: 'probe EINVAL: no IOMMU',
      fault: { on: probe, trouble: { errno: 'EINVAL' } },
      code: 'FIRMWARE_LIMIT',
      says: /EINVAL \(Invalid argument\): vfio-pci refuses a function without an IOMMU group$/,
    },
    {
      what: 'probe ENODEV: override mismatch',
      fault: { on: probe, trouble: { errno: 'ENODEV' } },
      code: 'KERNEL_REFUSED',
      says: /ENODEV .*: no driver takes it$/,
    },
    {
      what: 'probe that binds nothing',
      fault: { on: probe, trouble: { silent: true } },
      code: 'NOT_APPEARED',
      says: /vfio-pci did not take it; it has no driver$/,
    },
    {
      what: 'no root',
      fault: { on: override, trouble: { errno: 'EACCES' } },
      code: 'NOT_PRIVILEGED',
      says: /driver_override: EACCES \(Permission denied\)$/,
    },
    {
      what: 'a read-only sysfs',
      fault: { on: override, trouble: { errno: 'EROFS' } },
      code: 'NOT_PRIVILEGED',
      says: /driver_override: EROFS \(Read-only file system\)$/,
    },
    {
      what: 'a driver that stays busy',
      fault: { on: probe, trouble: { errno: 'EBUSY' } },
      code: 'KERNEL_REFUSED',
      says: /its driver is busy with it$/,
    },
  ];
  for (const { what, fault, code, says } of rows) {
    it(`tells of: ${what}`, async () => {
      host.kernel.faults(fault);
      const error = await refusal(TO_VFIO);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
      assert.notEqual(error.remedy, '');
    });
  }

  it('unbind ENODEV: somebody else was faster', async () => {
    host.kernel.beforeCall = (call) => {
      if (call.includes('/unbind')) host.kernel.fn(PF0).driver = undefined;
    };
    await make(TO_VFIO);
    assert.equal(host.kernel.fn(PF0).driver, 'vfio-pci');
  });

  it('waits for a driver that comes late, and tries again one that is busy', async () => {
    host.kernel.faults(
      { on: probe, times: 3, trouble: { errno: 'EBUSY' } },
      { on: probe, times: 1, trouble: { lateMs: 9000 } },
    );
    await make(TO_VFIO);
    assert.equal(host.kernel.fn(PF0).driver, 'vfio-pci');
    assert.ok(host.clock.monotonic() >= 9000);
  });
});
