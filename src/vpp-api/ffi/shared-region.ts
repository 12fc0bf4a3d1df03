/**
 * VPP's shared memory as a file. Who connects before it is there makes it himself, which then keeps
 * VPP from starting; who connects to what a dead VPP left waits 10 s in vain (VPP
 * src/vlibmemory/memory_client.c, src/svm/svm.c).
 */
import { lstat } from 'node:fs/promises';
import { NfvError } from '../../errors.js';

/** @param prefix `api-segment { prefix PREFIX }`; null: none */
export function regionPath(prefix: string | null): string {
  return `/dev/shm/${prefix === null ? '' : `${prefix}-`}vpe-api`;
}

/**
 * Names this making of the region: VPP makes it anew whenever it starts.
 * @throws NfvError VPP_UNREACHABLE when there is none
 */
export async function regionInstance(path: string): Promise<string> {
  try {
    const { dev, ino, ctimeNs } = await lstat(path, { bigint: true });
    return `${dev}:${ino}:${ctimeNs}`;
  } catch (cause) {
    throw new NfvError('VPP_UNREACHABLE', `there is no ${path}: VPP does not run`, { cause });
  }
}
