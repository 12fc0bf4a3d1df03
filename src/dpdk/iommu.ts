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

/** Drivers that give DMA of their functions to user space, or touch none of it. */
const VFIO_DRIVERS = new Set(['vfio-pci', 'pci-stub', 'pcieport']);

export function isVfioDriver(driver: string | undefined): boolean {
  return driver !== undefined && (VFIO_DRIVERS.has(driver) || driver.endsWith('-vfio-pci'));
}

/**
 * The function does not keep others of its group from being used with VFIO: it has no driver, a
 * VFIO one, or is a bridge (kernel: drivers/vfio/group.c; drivers/iommu/iommu.c, DMA ownership).
 */
export function sharesGroup(fn: PciFunction): boolean {
  return fn.driver === undefined || isVfioDriver(fn.driver) || fn.kind === 'bridge';
}
