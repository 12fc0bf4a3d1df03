/** CPUs, their cores and nodes (kernel: Documentation/admin-guide/cputopology.rst). */
import { mapBounded } from '../host/bounded.js';
import type { KernelFiles } from '../host/sysfs.js';
import { unexpected } from '../host/sysfs.js';
import type { Cpu } from '../model/host/inventory.js';
import { parseNumberList } from '../model/number-list.js';

/** A list of CPUs in a file; none when it is not there. @throws NfvError KERNEL_REFUSED */
export async function readCpuList(files: KernelFiles, path: string): Promise<number[]> {
  const text = (await files.text(path)) ?? '';
  const cpus = parseNumberList(text);
  if (cpus === undefined) throw unexpected(path, text, 'a list of CPUs');
  return cpus;
}

const FOLDER = 'sys/devices/system/cpu';

/** @param nodes CPUs of each node */
export async function readCpus(
  files: KernelFiles,
  nodes: readonly { readonly id: number; readonly cpus: readonly number[] }[],
): Promise<Cpu[]> {
  const [present, online, isolated, nohzFull] = await mapBounded(
    ['present', 'online', 'isolated', 'nohz_full'],
    4,
    async (name) => new Set(await readCpuList(files, `${FOLDER}/${name}`)),
  );
  return mapBounded([...(present ?? [])], 8, async (id) => {
    const topology = `${FOLDER}/cpu${id}/topology`;
    const siblings = await readCpuList(files, `${topology}/thread_siblings_list`);
    return {
      id,
      online: online?.has(id) === true,
      node: nodes.find(({ cpus }) => cpus.includes(id))?.id,
      packageId: await files.integer(`${topology}/physical_package_id`),
      coreId: await files.integer(`${topology}/core_id`),
      siblings: siblings.length === 0 ? [id] : siblings,
      isolated: isolated?.has(id) === true,
      nohzFull: nohzFull?.has(id) === true,
    };
  });
}
