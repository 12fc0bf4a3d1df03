import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pciDriver } from '../../../src/host/pci-driver.js';
import { tempDir } from '../../support/temp-dir.js';

describe('the kernel’s driver of a PCI function', () => {
  it('is told, none is told from no such function', async () => {
    const dir = tempDir();
    try {
      const devices = join(dir.path, 'sys/bus/pci/devices');
      mkdirSync(join(devices, '0000:41:00.0'), { recursive: true });
      mkdirSync(join(devices, '0000:41:00.1'));
      symlinkSync('../../drivers/vfio-pci', join(devices, '0000:41:00.0', 'driver'));
      const found = ['0000:41:00.0', '0000:41:00.1', '0000:41:00.2'].map((bdf) =>
        pciDriver(bdf, dir.path),
      );
      assert.deepEqual(await Promise.all(found), ['vfio-pci', '', undefined]);
    } finally {
      dir.remove();
    }
  });
});
