import { NfvError } from '../../errors.js';
import { RETVALS } from './retvals.js';

/** Return values that the client itself looks at (VPP src/vnet/error.h). */
export const RETVAL_INVALID_VALUE = -7;
/** Of a `_get`: go on from the cursor. */
export const RETVAL_EAGAIN = -165;

/**
 * A return value that is not 0, as VPP_REFUSED. In `metadata`: what the reply has of texts, `message`,
 * `retval`, and VPP's name for it if it has one.
 */
export function refusedError(
  message: string,
  retval: number,
  reply: Readonly<Record<string, unknown>> = {},
): NfvError {
  const metadata: Record<string, string> = {
    ...textsOf(reply),
    message,
    retval: String(retval),
  };
  // Such a reply has numbers of its own (vnet/dev/errors.h), and says what they mean.
  const said = metadata['error_string'];
  if (said !== undefined) {
    const text = `${message}: VPP answered ${retval}: ${said}`;
    return new NfvError('VPP_REFUSED', text, { metadata });
  }
  const [name, meaning] = RETVALS.get(retval) ?? [];
  if (name === undefined || meaning === undefined) {
    return new NfvError('VPP_REFUSED', `${message}: VPP answered ${retval}`, { metadata });
  }
  return new NfvError('VPP_REFUSED', `${message}: VPP answered ${name} (${retval}): ${meaning}`, {
    metadata: { ...metadata, name },
  });
}

function textsOf(reply: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [field, value] of Object.entries(reply)) {
    if (typeof value === 'string' && value !== '') texts[field] = value;
  }
  return texts;
}

/** The return value of a VPP_REFUSED; undefined for any other error. */
export function retvalOf(error: unknown): number | undefined {
  if (!(error instanceof NfvError) || error.code !== 'VPP_REFUSED') return undefined;
  const retval = Number(error.metadata['retval']);
  return Number.isInteger(retval) ? retval : undefined;
}
