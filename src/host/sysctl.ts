import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NfvError } from '../errors.js';

/**
 * The kernel's settings of the network namespace that this process is in. Names are written with
 * slashes (`net/ipv4/conf/br0/rp_filter`), for an interface's name may have dots.
 */
export class Sysctl {
  constructor(private readonly root = '/proc/sys') {}

  /** Undefined: there is no such setting. */
  async read(name: string): Promise<string | undefined> {
    try {
      return (await readFile(join(this.root, name), 'utf8')).trim();
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined;
      throw refused(`read ${name}`, error);
    }
  }

  /** @throws NfvError NOT_PRIVILEGED, KERNEL_REFUSED */
  async write(name: string, value: string): Promise<void> {
    try {
      await writeFile(join(this.root, name), value, { flag: 'r+' });
    } catch (error) {
      throw refused(`write ${value} to ${name}`, error);
    }
  }
}

function errno(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return '';
}

function refused(what: string, cause: unknown): NfvError {
  const name = errno(cause);
  const denied = name === 'EACCES' || name === 'EPERM' || name === 'EROFS';
  return new NfvError(
    denied ? 'NOT_PRIVILEGED' : 'KERNEL_REFUSED',
    `cannot ${what}: ${name === '' ? String(cause) : name}`,
    { cause, metadata: { ...(name === '' ? {} : { errno: name }) } },
  );
}
