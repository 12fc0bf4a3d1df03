import assert from 'node:assert/strict';
import { isVfioDriver, sharesGroup } from '../../../src/dpdk/iommu.js';

/** By the kernel's sources (6.12): `driver_managed_dma` of each driver, and its name in sysfs. */
const DRIVERS: readonly {
  readonly driver: string | undefined;
  readonly shares: boolean;
  readonly vfio: boolean;
}[] = [
  { driver: undefined, shares: true, vfio: false },
  // drivers/vfio/pci
  { driver: 'vfio-pci', shares: true, vfio: true },
  { driver: 'mlx5_vfio_pci', shares: true, vfio: true },
  { driver: 'hisi-acc-vfio-pci', shares: true, vfio: true },
  { driver: 'nvgrace_gpu_vfio_pci', shares: true, vfio: true },
  // drivers/pci/pci-stub.c
  { driver: 'pci-stub', shares: true, vfio: true },
  // drivers/pci/pcie/portdrv.c
  { driver: 'pcieport', shares: true, vfio: false },
  // Bridges whose driver may do DMA, as far as the kernel knows.
  { driver: 'lpc_ich', shares: false, vfio: false },
  { driver: 'shpchp', shares: false, vfio: false },
  { driver: 'igb', shares: false, vfio: false },
  { driver: 'uio_pci_generic', shares: false, vfio: false },
  { driver: 'not_vfio_pci_at_all', shares: false, vfio: false },
];

describe('drivers of functions in an IOMMU group', () => {
  for (const { driver, shares, vfio } of DRIVERS) {
    it(`${driver ?? 'none'} ${shares ? 'lets' : 'does not let'} VFIO have the others`, () => {
      assert.equal(sharesGroup({ driver }), shares);
      assert.equal(isVfioDriver(driver), vfio);
    });
  }
});
