/** Making X.509 v3 certificates (RFC 5280 §4). */
import type { KeyObject } from 'node:crypto';
import {
  boolean,
  explicit,
  implicit,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  time,
} from './der-write.js';
import {
  commonName,
  EXTENSION,
  extension,
  keyIdentifier,
  SIGNATURE_ALGORITHM,
  signed,
} from './parts.js';

/** Bits of KeyUsage (RFC 5280 §4.2.1.3). */
const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;

const PURPOSES = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;
export type Purpose = keyof typeof PURPOSES;

export interface AltNames {
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  /** 4 or 16 octets each. */
  readonly ips: readonly Uint8Array[];
}

export interface CertificateContent {
  /** Positive, at most 20 octets. */
  readonly serial: Uint8Array;
  /** Common names. */
  readonly issuer: string;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly names: AltNames;
  /** 'ca': one that signs certificates of others, and no further CAs. */
  readonly use: 'ca' | readonly Purpose[];
}

/** DER. @param issuer the keys of who signs; ECDSA, P-256 */
export function makeCertificate(
  content: CertificateContent,
  issuer: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): Buffer {
  const { serial, subject, notBefore, notAfter, publicKey } = content;
  const toSign = sequence(
    // v3
    explicit(0, integer(2)),
    integer(serial),
    SIGNATURE_ALGORITHM,
    commonName(content.issuer),
    sequence(time(notBefore), time(notAfter)),
    commonName(subject),
    publicKey.export({ format: 'der', type: 'spki' }),
    explicit(3, sequence(...extensions(content, issuer.publicKey))),
  );
  return signed(toSign, issuer.privateKey);
}

function extensions({ publicKey, names, use }: CertificateContent, issuer: KeyObject): Buffer[] {
  return [
    ...usage(use),
    extension(EXTENSION.subjectKeyIdentifier, false, octetString(keyIdentifier(publicKey))),
    extension(
      EXTENSION.authorityKeyIdentifier,
      false,
      sequence(implicit(0, keyIdentifier(issuer))),
    ),
    extension(EXTENSION.subjectAltName, false, sequence(...altNames(names))),
  ];
}

function usage(use: CertificateContent['use']): Buffer[] {
  if (use === 'ca') {
    return [
      extension(EXTENSION.basicConstraints, true, sequence(boolean(true), integer(0))),
      extension(EXTENSION.keyUsage, true, namedBits(KEY_USAGE.keyCertSign, KEY_USAGE.crlSign)),
    ];
  }
  return [
    // That it is no CA is the default, which DER leaves out.
    extension(EXTENSION.basicConstraints, true, sequence()),
    extension(EXTENSION.keyUsage, true, namedBits(KEY_USAGE.digitalSignature)),
    extension(
      EXTENSION.extKeyUsage,
      false,
      sequence(...use.map((purpose) => oid(PURPOSES[purpose]))),
    ),
  ];
}

/** GeneralName (RFC 5280 §4.2.1.6): [2] a DNS name, [6] a URI, [7] an address. */
function altNames({ uris, dns, ips }: AltNames): Buffer[] {
  return [
    ...uris.map((uri) => implicit(6, Buffer.from(uri, 'latin1'))),
    ...dns.map((name) => implicit(2, Buffer.from(name, 'latin1'))),
    ...ips.map((ip) => implicit(7, ip)),
  ];
}
