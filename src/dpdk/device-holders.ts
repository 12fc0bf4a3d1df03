/** Which processes use a function through VFIO, UIO or RDMA. */
import type { ProcessFacts } from '../host/processes.js';
import type { KernelFiles } from '../host/sysfs.js';
import type { DeviceHolder, PciFunction } from '../model/host/inventory.js';
import { functionPath } from './pci.js';

/**
 * The device nodes through which user space may hold the function: its VFIO group
 * (`/dev/vfio/10`, `/dev/vfio/noiommu-0`), its VFIO device (`/dev/vfio/devices/vfio0`), its RDMA
 * verbs (`/dev/infiniband/uverbs0`), or UIO (`/dev/uio0`).
 */
export async function deviceNodes(
  files: KernelFiles,
  fn: Pick<PciFunction, 'bdf' | 'iommuGroup'>,
): Promise<string[]> {
  const folder = functionPath(fn.bdf);
  const group = fn.iommuGroup === undefined ? [] : [fn.iommuGroup];
  const vfio = await files.list(`${folder}/vfio-dev`);
  const verbs = await files.list(`${folder}/infiniband_verbs`);
  return [
    ...group.flatMap((id) => [`/dev/vfio/${id}`, `/dev/vfio/noiommu-${id}`]),
    ...vfio.map((name) => `/dev/vfio/devices/${name}`),
    ...verbs.map((name) => `/dev/infiniband/${name}`),
    ...(await files.list(`${folder}/uio`)).map((name) => `/dev/${name}`),
  ];
}

export async function readDeviceHolders(
  files: KernelFiles,
  functions: readonly PciFunction[],
  processes: readonly ProcessFacts[],
): Promise<DeviceHolder[]> {
  const nodes = new Map<string, string[]>();
  for (const fn of functions) {
    if (fn.driver === undefined) continue;
    for (const node of await deviceNodes(files, fn)) {
      nodes.set(node, [...(nodes.get(node) ?? []), fn.bdf]);
    }
  }
  return processes.flatMap(({ pid, command, devices }) =>
    devices.flatMap((path) => (nodes.get(path) ?? []).map((bdf) => ({ bdf, pid, command, path }))),
  );
}
