/** Which processes have a file open, as /proc tells. */
import { readlink } from 'node:fs/promises';
import { mapBounded } from './bounded.js';
import type { KernelFiles } from './sysfs.js';

export interface Holder {
  readonly pid: number;
  /** The process's name (`/proc/PID/comm`). */
  readonly command: string;
  /** The file that it holds. */
  readonly path: string;
}

const AT_A_TIME = 16;

export function describeHolder({ pid, command, path }: Holder): string {
  return `${command} (pid ${pid}) holds ${path}`;
}

/** Numbers of all processes, ascending. */
export async function processIds(files: KernelFiles): Promise<number[]> {
  const names = await files.list('proc');
  return names
    .filter((name) => /^\d{1,10}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * Who has any of `paths` open, each process once a path. Processes of others are seen only with
 * CAP_SYS_PTRACE; those that end meanwhile are left out.
 */
export async function findHolders(
  files: KernelFiles,
  paths: ReadonlySet<string>,
): Promise<Holder[]> {
  if (paths.size === 0) return [];
  const found = await mapBounded(await processIds(files), AT_A_TIME, async (pid) => {
    const held = await openFiles(files, pid, paths);
    if (held.length === 0) return [];
    const command = (await files.text(`proc/${pid}/comm`)) ?? 'unknown';
    return held.map((path) => ({ pid, command, path }));
  });
  return found.flat();
}

async function openFiles(
  files: KernelFiles,
  pid: number,
  paths: ReadonlySet<string>,
): Promise<string[]> {
  const held = new Set<string>();
  try {
    for (const fd of await files.list(`proc/${pid}/fd`)) {
      const target = await readlink(files.path(`proc/${pid}/fd/${fd}`)).catch(() => '');
      if (paths.has(target)) held.add(target);
    }
  } catch {
    // Ended meanwhile, or not ours to see.
  }
  return [...held].sort();
}
