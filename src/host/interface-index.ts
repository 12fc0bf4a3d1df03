import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { NfvError } from '../errors.js';
import { nodeErrno } from './errno.js';

const DIRECTORY = '/sys/class/net';

/**
 * The kernel's number of an interface, another one when it was made anew; undefined: there is none.
 * @throws NfvError KERNEL_REFUSED: nobody can say
 */
export async function interfaceIndex(
  name: string,
  directory = DIRECTORY,
): Promise<number | undefined> {
  try {
    return Number(await readFile(join(directory, name, 'ifindex'), 'utf8'));
  } catch (cause) {
    const errno = nodeErrno(cause);
    if (['ENOENT', 'ENOTDIR', 'ENODEV', 'EINVAL'].includes(errno)) return undefined;
    const text = `the kernel does not tell the index of interface ${name}: ${errno}`;
    throw new NfvError('KERNEL_REFUSED', text, { cause, metadata: { interface: name, errno } });
  }
}
