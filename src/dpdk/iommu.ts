/** IOMMU groups (kernel: Documentation/ABI/testing/sysfs-kernel-iommu_groups), and VFIO. */
import { mapBounded } from '../host/bounded.js';
import type { KernelFiles } from '../host/sysfs.js';
import type { IommuGroup, PciFunction, Vfio } from '../model/host/inventory.js';

const GROUPS = 'sys/kernel/iommu_groups';
export const NO_IOMMU_PATH = 'sys/module/vfio/parameters/enable_unsafe_noiommu_mode';
export const VFIO_DRIVER_PATH = 'sys/bus/pci/drivers/vfio-pci';

export async function readGroups(files: KernelFiles): Promise<IommuGroup[]> {
  const ids = (await files.list(GROUPS)).filter((name) => /^\d{1,9}$/.test(name)).map(Number);
  const sorted = ids.sort((a, b) => a - b);
  return mapBounded(sorted, 8, async (id) => ({
    id,
    type: await files.text(`${GROUPS}/${id}/type`),
    members: await files.list(`${GROUPS}/${id}/devices`),
  }));
}

export async function readVfio(files: KernelFiles): Promise<Vfio> {
  const flag = await files.text(NO_IOMMU_PATH);
  return {
    loaded: await files.exists(VFIO_DRIVER_PATH),
    noIommu: flag === undefined ? undefined : flag === 'Y',
  };
}

/** VFIO's own drivers and pci-stub: they take a function, and leave its DMA to others. */
export function isVfioDriver(driver: string | undefined): boolean {
  if (driver === undefined) return false;
  // Of their kin some are named by their module: mlx5_vfio_pci.
  return driver === 'pci-stub' || /^(?:.+[-_])?vfio[-_]pci$/.test(driver);
}

/** A driver that leaves the function to a program: VFIO's, or one of UIO's (DPDK's older ones). */
export function isUserDriver(driver: string | undefined): boolean {
  return isVfioDriver(driver) || /^(?:igb_uio|uio_pci_generic)$/.test(driver ?? '');
}

/**
 * The function does not keep others of its group from being used with VFIO. The driver counts,
 * whatever the function is: one that may do DMA through the kernel keeps the group the kernel's
 * (drivers/iommu/iommu.c, iommu_group_claim_dma_owner; struct pci_driver, driver_managed_dma). So a
 * port of a PCIe switch with pcieport does not, and an ISA bridge with lpc_ich does. Kernels before
 * 5.19 let a PCI-to-PCI bridge have any driver (drivers/vfio/vfio.c, vfio_dev_driver_allowed): shpchp
 * is refused here there too.
 */
export function sharesGroup({ driver }: Pick<PciFunction, 'driver'>): boolean {
  return driver === undefined || driver === 'pcieport' || isVfioDriver(driver);
}
