/** Which certificate authority, and for how long, from the flags of `nfvctl pki`. */
import type { Command } from 'commander';
import { z } from 'zod';
import { invalidField } from '../../../errors.js';
import type { IssuedFiles, PkiAccess } from '../../pki-access.js';
import type { Session } from '../../session.js';

export const DEFAULT_DIRECTORY = 'pki';

const Flags = z.object({ dir: z.string().optional() });

export function addPkiOptions(pki: Command): void {
  pki.option('--dir <directory>', `where the CA is; ${DEFAULT_DIRECTORY} (NFVCTL_PKI_DIR)`);
}

export function pkiOf(pki: Command, session: Session): Promise<PkiAccess> {
  const fromEnv = session.env['NFVCTL_PKI_DIR'] ?? '';
  const { dir } = Flags.parse(pki.opts());
  return session.host.openPki(dir ?? (fromEnv === '' ? DEFAULT_DIRECTORY : fromEnv));
}

/** @throws NfvError INVALID_FIELD */
export function daysOf(text: string): number {
  if (/^[0-9]{1,6}$/.test(text)) return Number(text);
  throw invalidField('--days', text, 'not a number of days', 'give one such as 365');
}

/** What was made, and where it is. */
export function filesText({ certificate, cert, key, ca }: IssuedFiles): string {
  const { identity, notAfter } = certificate;
  return `${identity}, until ${dateText(notAfter)}\ncert: ${cert}\nkey:  ${key}\nca:   ${ca}\n`;
}

/** `2027-01-31`, UTC. */
export const dateText = (date: Date): string => date.toISOString().slice(0, 10);
