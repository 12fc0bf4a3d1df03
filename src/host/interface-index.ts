import { readFile } from 'node:fs/promises';
import { nodeErrno } from './errno.js';

/** The kernel's number of an interface, another one when it was made anew; undefined: there is none. */
export async function interfaceIndex(name: string): Promise<number | undefined> {
  try {
    return Number(await readFile(`/sys/class/net/${name}/ifindex`, 'utf8'));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENODEV', 'EINVAL'].includes(nodeErrno(error))) return undefined;
    throw error;
  }
}
