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
  /** What it has open of /dev/vfio, /dev/infiniband, /dev/uioN and /dev/net/tun; each once, sorted. */
  readonly devices: readonly string[];
  /** Interfaces that it holds through /dev/net/tun. */
  readonly taps: readonly string[];
}

const AT_A_TIME = 16;
const TUN = '/dev/net/tun';
const DEVICE = /^\/dev\/(?:(?:vfio|infiniband)\/|uio\d|net\/tun$)/;

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
    const devices = await openFiles(files, pid, (path) => DEVICE.test(path));
    const entry = environment.split('\0').find((text) => text.startsWith('SSH_CONNECTION='));
    return [
      {
        pid,
        command: /^Name:\t(.*)$/m.exec(status)?.[1] ?? 'unknown',
        hugetlbKb: Number(/^HugetlbPages:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0),
        sshConnection: entry?.slice('SSH_CONNECTION='.length) ?? '',
        devices,
        taps: devices.includes(TUN) ? await readTaps(files, pid) : [],
      },
    ];
  });
  return found.flat();
}

/** An open file of tun(4) tells its interface (drivers/net/tun.c, tun_chr_show_fdinfo). */
async function readTaps(files: KernelFiles, pid: number): Promise<string[]> {
  const names = new Set<string>();
  for (const fd of (await visible(files.list(`proc/${pid}/fdinfo`))) ?? []) {
    const text = (await visible(files.text(`proc/${pid}/fdinfo/${fd}`))) ?? '';
    const name = /^iff:\t(.+)$/m.exec(text)?.[1];
    if (name !== undefined) names.add(name);
  }
  return [...names].sort();
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
