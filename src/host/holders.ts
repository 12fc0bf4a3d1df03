/** Which processes have a file open, as /proc tells. */
import { mapBounded } from './bounded.js';
import { openFiles, processIds } from './processes.js';
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
    const held = await openFiles(files, pid, (path) => paths.has(path));
    if (held.length === 0) return [];
    const command = (await files.text(`proc/${pid}/comm`)) ?? 'unknown';
    return held.map((path) => ({ pid, command, path }));
  });
  return found.flat();
}
