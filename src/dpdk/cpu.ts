/** CPUs, their cores and nodes (kernel: Documentation/admin-guide/cputopology.rst). */
import { mapBounded } from '../host/bounded.js';
import type { KernelFiles } from '../host/sysfs.js';
import { unexpected } from '../host/sysfs.js';
import type { Cpu } from '../model/host/inventory.js';

const MAX_CPU = 65_535;

/**
 * The kernel's list format (lib/bitmap-str.c): `0-3,8`; also `(null)` and empty, for none.
 * Undefined: not of that format, or a CPU beyond 65535.
 */
export function parseCpuList(text: string): number[] | undefined {
  if (text === '' || text === '(null)') return [];
  const cpus = new Set<number>();
  for (const part of text.split(',')) {
    const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (first === '' || Number(last) < Number(first) || Number(last) > MAX_CPU) return undefined;
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** The opposite of parseCpuList; `cpus` ascending. */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const cpu of cpus) {
    const range = ranges.at(-1);
    if (range?.last === cpu - 1) range.last = cpu;
    else ranges.push({ first: cpu, last: cpu });
  }
  return ranges
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
    .join(',');
}

/** A list of CPUs in a file; none when it is not there. @throws NfvError KERNEL_REFUSED */
export async function readCpuList(files: KernelFiles, path: string): Promise<number[]> {
  const text = (await files.text(path)) ?? '';
  const cpus = parseCpuList(text);
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
