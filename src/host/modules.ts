/** Modules of the kernel. */
import { NfvError } from '../errors.js';
import type { Observed, ReadDoors } from './doors.js';

const MODPROBE_MS = 30_000;

/**
 * A module's folder has `_` where its driver has `-`; one that is built in has a driver and
 * perhaps no folder.
 */
export async function isLoaded({ files }: ReadDoors, name: string): Promise<boolean> {
  const driver = await files.exists(`sys/bus/pci/drivers/${name}`);
  return driver || (await files.exists(`sys/module/${name.replaceAll('-', '_')}`));
}

/** Functions that its PCI driver has. */
async function isUsed({ files }: ReadDoors, name: string): Promise<boolean> {
  const names = await files.list(`sys/bus/pci/drivers/${name}`);
  return names.some((entry) => entry.includes(':'));
}

/** A module that is in use again counts as unloaded: it is others' now. */
export async function observeModule(
  doors: ReadDoors,
  name: string,
  loaded: boolean,
): Promise<Observed> {
  const is = await isLoaded(doors, name);
  const holds = is === loaded || (!loaded && (await isUsed(doors, name)));
  return { holds, found: is ? 'loaded' : 'not loaded' };
}

/** @throws NfvError KERNEL_REFUSED with what modprobe said, COMMAND_MISSING, COMMAND_TIMEOUT */
export async function setLoaded(
  doors: ReadDoors,
  name: string,
  loaded: boolean,
  signal: AbortSignal,
): Promise<void> {
  const args = loaded ? [name] : ['-r', name];
  const ran = await doors.programs.run('modprobe', args, { deadlineMs: MODPROBE_MS, signal });
  if (ran.code === 0 && (await isLoaded(doors, name)) === loaded) return;
  // Another one may use it without a PCI function: then it stays.
  if (!loaded && ran.stderr.includes('in use')) return;
  const said = ran.stderr.trim();
  throw new NfvError(
    'KERNEL_REFUSED',
    `modprobe ${args.join(' ')}: ${said === '' ? 'no such driver after it' : said}`,
    { remedy: `install the kernel's modules (linux-image), or build in ${name}` },
  );
}
