import { NfvError } from '../errors.js';

const BLOCKED_BY = 'blocked_by';

/** ITEM_BLOCKED that names what is in the way, for people and for `blockerOf`. */
export function blocked(by: string, message: string): NfvError {
  return new NfvError('ITEM_BLOCKED', message, { metadata: { [BLOCKED_BY]: by } });
}

/** The key that an ITEM_BLOCKED waits for. */
export function blockerOf(error: NfvError): string | undefined {
  return error.code === 'ITEM_BLOCKED' ? error.metadata[BLOCKED_BY] : undefined;
}
