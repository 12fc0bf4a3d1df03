import { access, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { nodeErrno } from './errno.js';

const DEVICES = '/sys/bus/pci/devices';

/**
 * The kernel's driver of a PCI function; empty: it has none; undefined: there is no such function.
 * @param root of the file tree that sysfs is in
 */
export async function pciDriver(bdf: string, root = ''): Promise<string | undefined> {
  const device = `${root}${DEVICES}/${bdf}`;
  try {
    return basename(await readlink(`${device}/driver`));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(nodeErrno(error))) throw error;
  }
  try {
    await access(device);
    return '';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(nodeErrno(error))) return undefined;
    throw error;
  }
}
