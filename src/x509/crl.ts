/** Making certificate revocation lists (RFC 5280 §5). */
import type { KeyObject } from 'node:crypto';
import { enumerated, explicit, implicit, integer, sequence, time } from './der-write.js';
import {
  commonName,
  EXTENSION,
  extension,
  keyIdentifier,
  SIGNATURE_ALGORITHM,
  signed,
} from './parts.js';

/** CRLReason (RFC 5280 §5.3.1), as openssl spells them. */
export const REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
} as const;
export type Reason = keyof typeof REASONS;

export interface Revocation {
  readonly serial: Uint8Array;
  readonly date: Date;
  /** Of CRLReason; 0 is left out, as §5.3.1 wants it. */
  readonly reason: number;
}

export interface CrlContent {
  /** Common name. */
  readonly issuer: string;
  /** Grows with every list. */
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revocations: readonly Revocation[];
}

/** DER. @param keys of the issuer; ECDSA, P-256 */
export function makeCrl(
  { issuer, number, thisUpdate, nextUpdate, revocations }: CrlContent,
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): Buffer {
  const toSign = sequence(
    // v2
    integer(1),
    SIGNATURE_ALGORITHM,
    commonName(issuer),
    time(thisUpdate),
    time(nextUpdate),
    // Left out where there is none.
    ...(revocations.length === 0 ? [] : [sequence(...revocations.map(entry))]),
    explicit(
      0,
      sequence(
        extension(
          EXTENSION.authorityKeyIdentifier,
          false,
          sequence(implicit(0, keyIdentifier(keys.publicKey))),
        ),
        extension(EXTENSION.crlNumber, false, integer(number)),
      ),
    ),
  );
  return signed(toSign, keys.privateKey);
}

function entry({ serial, date, reason }: Revocation): Buffer {
  const extensions =
    reason === 0 ? [] : [sequence(extension(EXTENSION.reasonCode, false, enumerated(reason)))];
  return sequence(integer(serial), time(date), ...extensions);
}
