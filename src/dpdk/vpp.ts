/** The VPP of a host: found by its files and its process, without starting it. */
import type { ProcessFacts } from '../host/processes.js';
import type { KernelFiles } from '../host/sysfs.js';
import type { Vpp } from '../model/host/inventory.js';

// VPP names its main thread so (src/vpp/vnet/main.c).
const MAIN = 'vpp_main';

/** Interfaces that it holds through tun(4): its taps, and those of its linux-cp plugin. */
export function vppTaps(processes: readonly ProcessFacts[]): string[] {
  const taps = processes.flatMap(({ command, taps }) => (command === MAIN ? taps : []));
  return [...new Set(taps)].sort();
}

/** Where packages (multiarch, RPM) and builds have their libraries. */
const LIBRARIES = ['lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu', 'lib64', 'lib'];

/** @param prefix where it is installed, `/usr`. Undefined: there is none */
export async function readVpp(
  files: KernelFiles,
  prefix: string,
  processes: readonly ProcessFacts[],
): Promise<Vpp | undefined> {
  const base = prefix.replace(/^\//, '').replace(/\/$/, '');
  if (!(await files.exists(`${base}/bin/vpp`))) return undefined;
  const pid = processes.find(({ command }) => command === MAIN)?.pid;
  for (const folder of LIBRARIES) {
    const libraries = await files.list(`${base}/${folder}`);
    const version = libraries.flatMap(
      (name) => /^libvlib\.so\.(\d+\.\d+)(?:\.|$)/.exec(name)?.[1] ?? [],
    )[0];
    const plugins = (await files.list(`${base}/${folder}/vpp_plugins`)).filter((name) =>
      name.endsWith('_plugin.so'),
    );
    if (version === undefined && plugins.length === 0) continue;
    return { prefix, version, plugins, pid };
  }
  return { prefix, version: undefined, plugins: [], pid };
}
