/** The certificate authority of `nfvctl pki`. */
import type { PkiAccess } from '../cli/pki-access.js';
import { systemClock } from '../model/clock.js';
import { Pki } from '../pki/authority.js';

export function openPki(directory: string): PkiAccess {
  return new Pki({ directory, now: () => systemClock.now() });
}
