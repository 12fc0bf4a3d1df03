import { NfvError } from '../errors.js';

/** The NVE does not keep to the protocol. */
export function violation(message: string): NfvError {
  return new NfvError('NVE_NOT_CONFORMING', message);
}
