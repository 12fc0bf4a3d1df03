/** A boot without an IOMMU: what needs one is refused before anything is touched, and the rest works. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { systemDoors } from '../../../src/main/host-access.js';
import { explained } from '../../../src/host/kernel-answers.js';
import { NfvError } from '../../../src/errors.js';
import { refusedWith } from '../../support/refusals.js';
import * as eye from '../support/eye.js';
import { isGuest, LabHost, needGuest, PF0 } from '../support/lab-host.js';

const UPLINK = `nics: [{ name: up0, role: dpdk, match: { bdf: '${PF0}' } }]`;

describe('a host without an IOMMU', () => {
  let host: LabHost;
  let was: string[];
  before(function () {
    needGuest(this);
    assert.deepEqual(readdirSync('/sys/kernel/iommu_groups'), []);
    host = new LabHost('no-iommu');
    was = eye.everything();
  });

  it('is told by preflight, with what to do', async () => {
    const { status, out } = await host.host('preflight');
    assert.notEqual(status, 0);
    assert.match(out, /^fails +iommu: none$/m);
    assert.match(out, /intel_iommu=on iommu=pt/);
  });

  it('gives no NIC to vfio-pci', async () => {
    const error = await host.refused(UPLINK);
    assert.match(error, /no IOMMU group, so vfio-pci does not take it/);
    assert.match(error, /boot with intel_iommu=on iommu=pt/);
    assert.deepEqual(eye.everything(), was);
  });

  it('not even by policy, where the kernel is built without that mode; all is put back', async () => {
    const error = await host.refused(`${UPLINK}\npolicy: { noIommu: allow }`);
    assert.match(error, /no-IOMMU|without an IOMMU/i);
    assert.match(error, /CONFIG_VFIO_NOIOMMU/);
    assert.deepEqual(eye.everything(), was);
    assert.match(await host.ok('status'), /State: +idle/);
  });

  it('EINVAL is what the kernel says to a probe of vfio-pci, and it is understood', async () => {
    const { signal } = new AbortController();
    const { writer, programs } = systemDoors();
    const write = (path: string, value: string): Promise<void> =>
      writer.write(path, value, { deadlineMs: 10_000, signal });
    const override = eye.attribute(PF0, 'driver_override').slice(1);
    await programs.run('modprobe', ['vfio-pci'], { deadlineMs: 30_000, signal });
    await write(override, 'vfio-pci');
    await write(eye.attribute(PF0, 'driver/unbind').slice(1), PF0);
    try {
      const probe = write('sys/bus/pci/drivers/vfio-pci/bind', PF0);
      const error = explained('probe', await refusedWith('KERNEL_REFUSED', probe), undefined);
      assert.ok(error instanceof NfvError);
      assert.equal(error.metadata['errno'], 'EINVAL');
      assert.equal(error.metadata['verdict'], 'firmware');
    } finally {
      await write(override, '\n');
      await write('sys/bus/pci/drivers_probe', PF0);
      await programs.run('modprobe', ['-r', 'vfio-pci'], { deadlineMs: 30_000, signal });
    }
  });

  it('has VFs all the same, on the driver of the kernel', async () => {
    const text = `nics: [{ name: pf, role: sriov, match: { bdf: '${PF0}' }, sriov: { count: 2 } }]`;
    const { status, err } = await host.apply(text);
    assert.equal(status, 0, err);
    assert.equal(eye.vfCount(PF0), 2);
    assert.equal(eye.driverOf(eye.vfAt(PF0, 1)), 'igbvf');
    await host.ok('undo');
    assert.equal(eye.vfCount(PF0), 0);
  });

  after(() => {
    if (isGuest()) assert.ok(!existsSync('/sys/module/vfio/parameters/enable_unsafe_noiommu_mode'));
  });
});
