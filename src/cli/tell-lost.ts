import type { NfvError } from '../errors.js';
import { escapeText } from './escape.js';
import type { Session } from './session.js';

/** Says on stderr that a watch has lost its connection and goes on. */
export function tellLost(session: Session) {
  return async (error: NfvError, resumeFrom: number): Promise<void> => {
    const where = resumeFrom === 0 ? 'from the beginning' : `from revision ${resumeFrom}`;
    await session.err.write(`connection lost (${escapeText(error.message)}); resuming ${where}\n`);
  };
}
