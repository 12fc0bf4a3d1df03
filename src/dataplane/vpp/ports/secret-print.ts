import { createHmac } from 'node:crypto';
import { NfvError } from '../../../errors.js';
import type { HostDoors } from '../host-doors.js';

/** 24 bits: a change of a secret shows, and the secret cannot be told from it. */
const DIGITS = 6;
const NO_SECRET = '0'.repeat(DIGITS);

export function printOf(secret: string): string {
  if (secret === '') return NO_SECRET;
  return createHmac('sha256', secret).update('nfvd memif').digest('hex').slice(0, DIGITS);
}

/** Of the secret of that name, or why it cannot be read now: what has it keeps it. */
export async function secretPrint(name: string, host: HostDoors): Promise<string | NfvError> {
  if (name === '') return NO_SECRET;
  try {
    return printOf(await host.secrets.read(name));
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'FILE_UNREADABLE') return error;
    throw error;
  }
}
