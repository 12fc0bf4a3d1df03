/** Hugepages by node and size, who uses them, where they are mounted. */
import { mapBounded } from '../host/bounded.js';
import type { ProcessFacts } from '../host/processes.js';
import type { KernelFiles } from '../host/sysfs.js';
import type {
  HugepageMount,
  HugepagePool,
  HugepageUser,
  NumaNode,
} from '../model/host/inventory.js';
import { readCpuList } from './cpu.js';

const NODES = 'sys/devices/system/node';

/** Where the number of a node's hugepages is, and is set. */
export function hugepagesPath(node: number, sizeKb: number): string {
  return `${NODES}/node${node}/hugepages/hugepages-${sizeKb}kB/nr_hugepages`;
}

/** Nodes with their CPUs, memory and hugepages. */
export async function readNodes(files: KernelFiles): Promise<NumaNode[]> {
  const ids = numbered(await files.list(NODES), /^node(\d{1,4})$/);
  return mapBounded(ids, 4, async (id) => {
    const folder = `${NODES}/node${id}`;
    const meminfo = (await files.text(`${folder}/meminfo`)) ?? '';
    const sizes = numbered(await files.list(`${folder}/hugepages`), /^hugepages-(\d{1,9})kB$/);
    return {
      id,
      cpus: await readCpuList(files, `${folder}/cpulist`),
      memoryKb: Number(/MemTotal:\s+(\d+) kB/.exec(meminfo)?.[1] ?? 0),
      hugepages: await mapBounded(sizes, 4, (sizeKb) => readPool(files, id, sizeKb)),
    };
  });
}

function numbered(names: readonly string[], pattern: RegExp): number[] {
  return names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

async function readPool(files: KernelFiles, node: number, sizeKb: number): Promise<HugepagePool> {
  const folder = `${NODES}/node${node}/hugepages/hugepages-${sizeKb}kB`;
  const read = async (name: string): Promise<number> =>
    (await files.integer(`${folder}/${name}`)) ?? 0;
  return {
    sizeKb,
    total: await read('nr_hugepages'),
    free: await read('free_hugepages'),
    surplus: await read('surplus_hugepages'),
  };
}

/** Pages of each process that has any, by node and size (/proc/PID/numa_maps). */
export async function readHugepageUsers(
  files: KernelFiles,
  processes: readonly ProcessFacts[],
): Promise<HugepageUser[]> {
  const users = await mapBounded(processes, 4, async ({ pid, command, hugetlbKb }) => {
    if (hugetlbKb === 0) return [];
    try {
      const maps = (await files.text(`proc/${pid}/numa_maps`)) ?? '';
      return parseNumaMaps(maps).map((use) => ({ pid, command, ...use }));
    } catch {
      // Ended meanwhile, or not ours to see.
      return [];
    }
  });
  return users.flat();
}

/** `7f… default file=/anon_hugepage\040(deleted) huge anon=4 dirty=4 N0=3 N1=1 kernelpagesize_kB=2048` */
export function parseNumaMaps(text: string): { node: number; sizeKb: number; pages: number }[] {
  const pages = new Map<string, { node: number; sizeKb: number; pages: number }>();
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    const sizeKb = Number(/ kernelpagesize_kB=(\d+)/.exec(line)?.[1] ?? 4);
    if (!words.includes('huge')) continue;
    for (const word of words) {
      const [, node, count] = /^N(\d+)=(\d+)$/.exec(word) ?? [];
      if (node === undefined) continue;
      const key = `${node} ${sizeKb}`;
      const entry = pages.get(key) ?? { node: Number(node), sizeKb, pages: 0 };
      pages.set(key, { ...entry, pages: entry.pages + Number(count) });
    }
  }
  return [...pages.values()].sort((a, b) => a.node - b.node || a.sizeKb - b.sizeKb);
}

/** hugetlbfs in /proc/mounts; `defaultKb` is the size of a mount that names none. */
export function parseHugepageMounts(text: string, defaultKb: number): HugepageMount[] {
  return text.split('\n').flatMap((line) => {
    const [, path = '', type, options = ''] = line.split(' ');
    if (type !== 'hugetlbfs') return [];
    const option = (name: string): string | undefined =>
      options
        .split(',')
        .find((o) => o.startsWith(`${name}=`))
        ?.slice(name.length + 1);
    const size = /^(\d+)([KMG])$/.exec(option('pagesize') ?? '');
    const unit = { K: 1, M: 1024, G: 1024 * 1024 }[size?.[2] ?? ''];
    return [
      {
        // fs/proc_namespace.c writes a space as \040.
        path: path.replace(/\\(\d{3})/g, (_, octal: string) =>
          String.fromCharCode(Number.parseInt(octal, 8)),
        ),
        sizeKb: unit === undefined ? defaultKb : Number(size?.[1]) * unit,
        uid: Number(option('uid') ?? 0),
        gid: Number(option('gid') ?? 0),
      },
    ];
  });
}

export async function readHugepageMounts(files: KernelFiles): Promise<HugepageMount[]> {
  const meminfo = (await files.text('proc/meminfo')) ?? '';
  const defaultKb = Number(/^Hugepagesize:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 2048);
  return parseHugepageMounts((await files.text('proc/mounts')) ?? '', defaultKb);
}
