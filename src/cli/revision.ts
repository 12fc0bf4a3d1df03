import { integerOf } from './flags/parse.js';

/** @throws NfvError INVALID_FIELD */
export function revisionOf(flag: string, text: string): number {
  return integerOf(flag, text, [0, Number.MAX_SAFE_INTEGER], 'out of range', 'give a revision');
}
