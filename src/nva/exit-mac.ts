import { createHash } from 'node:crypto';
import { macFrom } from './mac-from.js';

/**
 * The MAC of a router on an NVE that leads out of it: the same whoever asks, and another one on each NVE. That no
 * endpoint of the exit's network has it is claimed in the store.
 */
export function exitMac(router: string, nve: string): string {
  return macFrom(createHash('sha256').update(`exit ${router}/${nve}`).digest().subarray(0, 5));
}
