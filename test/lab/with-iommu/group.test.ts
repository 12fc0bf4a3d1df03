/** A group with an ISA bridge in it: whether VFIO may have it is for the kernel to say. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import * as eye from '../support/eye.js';
import { isGuest, LabHost, needGuest, ON_BOARD } from '../support/lab-host.js';

const ISA_BRIDGE = '0000:00:1f.0';
const DISK_CONTROLLER = '0000:00:1f.2';
const PROFILE = `nics: [{ name: up0, role: dpdk, match: { bdf: '${ON_BOARD}' } }]`;

const bind = (bdf: string, driver: string): void => {
  writeFileSync(`/sys/bus/pci/drivers/${driver}/bind`, bdf);
};
const unbind = (bdf: string): void => {
  writeFileSync(eye.attribute(bdf, 'driver/unbind'), bdf);
};

/** include/uapi/linux/vfio.h: VFIO_GROUP_GET_STATUS is _IO(';', 103); flag 1 is VIABLE. */
function isViable(group: string): boolean {
  const ask =
    'open(F, "+<", $ARGV[0]) or die $!; $s = pack("LL", 8, 0); ' +
    'ioctl(F, 0x3b67, $s) or die $!; print((unpack("LL", $s))[1] & 1)';
  return eye.run('perl', '-e', ask, `/dev/vfio/${group}`) === '1';
}

describe('an IOMMU group with an ISA bridge in it', () => {
  let host: LabHost;
  let was: string[];
  before(function () {
    needGuest(this);
    host = new LabHost('group');
    // Not what this is about; nothing is on it.
    unbind(DISK_CONTROLLER);
    was = eye.everything();
    eye.run('modprobe', 'lpc_ich');
    assert.equal(eye.driverOf(ISA_BRIDGE), 'lpc_ich');
    assert.equal(eye.groupOf(ISA_BRIDGE), eye.groupOf(ON_BOARD));
  });
  after(() => {
    if (isGuest()) bind(DISK_CONTROLLER, 'ahci');
  });

  it('is the kernel’s while the bridge has a driver, and so the plan says', async () => {
    const error = await host.refused(PROFILE);
    assert.match(error, /0000:00:1f\.0 \(bridge, driver lpc_ich\) is in its IOMMU group/);
    assert.match(error, /take 0000:00:1f\.0 from lpc_ich, or move the card/);
    assert.equal(eye.driverOf(ON_BOARD), 'e1000');

    eye.run('modprobe', 'vfio-pci');
    writeFileSync(eye.attribute(ON_BOARD, 'driver_override'), 'vfio-pci');
    unbind(ON_BOARD);
    bind(ON_BOARD, 'vfio-pci');
    const group = eye.groupOf(ON_BOARD) ?? '';
    assert.equal(isViable(group), false);
    unbind(ISA_BRIDGE);
    assert.equal(isViable(group), true);
    writeFileSync(eye.attribute(ON_BOARD, 'driver_override'), '\n');
    unbind(ON_BOARD);
    bind(ON_BOARD, 'e1000');
    eye.run('modprobe', '-r', 'vfio-pci');
  });

  it('is VFIO’s when it has none, and so the plan says', async () => {
    const { status, err } = await host.apply(PROFILE);
    assert.equal(status, 0, err);
    assert.equal(isViable(eye.groupOf(ON_BOARD) ?? ''), true);
    await host.ok('undo');
    assert.deepEqual(eye.everything(), was);
  });
});
