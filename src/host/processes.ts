/** What /proc tells of the processes, in one pass. */
import { readlink } from 'node:fs/promises';
import { mapBounded } from './bounded.js';
import type { KernelFiles } from './sysfs.js';

export interface ProcessFacts {
  readonly pid: number;
  /** Its name (`/proc/PID/comm`). */
  readonly command: string;
  /** Memory in hugepages. */
  readonly hugetlbKb: number;
  /** `SSH_CONNECTION` of its environment; empty: none. */
  readonly sshConnection: string;
  /** What it has open under /dev/vfio and /dev/infiniband; each once, sorted. */
  readonly devices: readonly string[];
}

const AT_A_TIME = 16;
const DEVICE = /^\/dev\/(vfio|infiniband)\//;

/** Numbers of all processes, ascending. */
export async function processIds(files: KernelFiles): Promise<number[]> {
  const names = await files.list('proc');
  return names
    .filter((name) => /^\d{1,10}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * All processes but the kernel's own threads, by number. Environment and open files of others are
 * seen only with CAP_SYS_PTRACE; what ends meanwhile is left out.
 */
export async function readProcesses(files: KernelFiles): Promise<ProcessFacts[]> {
  const found = await mapBounded(await processIds(files), AT_A_TIME, async (pid) => {
    const status = (await visible(files.text(`proc/${pid}/status`))) ?? '';
    // Threads of the kernel have no memory of their own.
    if (!/^VmSize:/m.test(status)) return [];
    const environment = (await visible(files.text(`proc/${pid}/environ`))) ?? '';
    const entry = environment.split('\0').find((text) => text.startsWith('SSH_CONNECTION='));
    return [
      {
        pid,
        command: /^Name:\t(.*)$/m.exec(status)?.[1] ?? 'unknown',
        hugetlbKb: Number(/^HugetlbPages:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0),
        sshConnection: entry?.slice('SSH_CONNECTION='.length) ?? '',
        devices: await openFiles(files, pid, (path) => DEVICE.test(path)),
      },
    ];
  });
  return found.flat();
}

/** The files that a process has open, of those wanted; each once, sorted. */
export async function openFiles(
  files: KernelFiles,
  pid: number,
  wanted: (path: string) => boolean,
): Promise<string[]> {
  const held = new Set<string>();
  for (const fd of (await visible(files.list(`proc/${pid}/fd`))) ?? []) {
    const target = await readlink(files.path(`proc/${pid}/fd/${fd}`)).catch(() => '');
    if (wanted(target)) held.add(target);
  }
  return [...held].sort();
}

/** Undefined where it ended meanwhile, or is not ours to see. */
async function visible<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch {
    return undefined;
  }
}
