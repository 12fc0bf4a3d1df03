import koffi from 'koffi';
import { getSystemErrorName } from 'node:util';
import { NfvError } from '../../errors.js';

/** What the last call of the C library failed with: KERNEL_REFUSED, `metadata.errno` as in `ENODEV`. */
export function callRefused(what: string): NfvError {
  const errno = getSystemErrorName(-koffi.errno());
  return new NfvError('KERNEL_REFUSED', `${what}: ${errno}`, { metadata: { errno } });
}
