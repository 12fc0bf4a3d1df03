import { functionPath } from '../dpdk/pci.js';
import type { KernelFiles } from '../host/sysfs.js';
import type { Bdf } from '../model/host/inventory.js';

/** Device nodes through which VFs of the PF may be held: `/dev/vfio/12`. */
export async function vfNodes(files: KernelFiles, pf: Bdf): Promise<string[]> {
  const folder = functionPath(pf);
  const nodes: string[] = [];
  for (const name of await files.list(folder)) {
    if (!/^virtfn\d+$/.test(name)) continue;
    const group = await files.link(`${folder}/${name}/iommu_group`);
    if (group !== undefined) nodes.push(`/dev/vfio/${group}`, `/dev/vfio/noiommu-${group}`);
    for (const device of await files.list(`${folder}/${name}/vfio-dev`)) {
      nodes.push(`/dev/vfio/devices/${device}`);
    }
  }
  return nodes;
}
