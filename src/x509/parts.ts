/** What certificates and revocation lists have in common (RFC 5280). */
import { createHash, sign, type KeyObject } from 'node:crypto';
import { bitString, boolean, octetString, oid, sequence, set, utf8String } from './der-write.js';

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;

/** Numbers of extensions (RFC 5280 §4.2.1, §5.2, §5.3). */
export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
} as const;

/** A name of a common name only. */
export const commonName = (text: string): Buffer =>
  sequence(set(sequence(oid(OID.commonName), utf8String(text))));

/** ecdsa-with-SHA256 has no parameters (RFC 5758 §3.2). */
export const SIGNATURE_ALGORITHM = sequence(oid(OID.ecdsaWithSha256));

export function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** What is to be signed, with its signature. @param key ECDSA, P-256 */
export function signed(content: Buffer, key: KeyObject): Buffer {
  return sequence(content, SIGNATURE_ALGORITHM, bitString(sign('sha256', content, key)));
}

/** RFC 7093 §2, method 1: the left 160 bits of the SHA-256 of the key. */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  const info = publicKey.export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(info).digest().subarray(0, 20);
}

export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
