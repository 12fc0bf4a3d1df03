/**
 * Distinguished encoding (DER, X.690) of the few ASN.1 types that certificates and revocation lists are
 * made of.
 */

/** Tag octets (X.690 §8.1.2, universal class). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** TAG LENGTH CONTENT, the length in as few octets as it takes (X.690 §10.1). */
export function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits = unsigned(bytes);
  return Buffer.concat([Buffer.from([0x80 | digits.length]), digits]);
}

/** Big-endian, without leading zeros. */
function unsigned(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

export const sequence = (...content: readonly Uint8Array[]): Buffer =>
  tlv(TAG.sequence, ...content);
export const set = (...content: readonly Uint8Array[]): Buffer => tlv(TAG.set, ...content);
export const octetString = (content: Uint8Array): Buffer => tlv(TAG.octetString, content);
export const utf8String = (text: string): Buffer => tlv(TAG.utf8String, Buffer.from(text));
export const boolean = (value: boolean): Buffer =>
  tlv(TAG.boolean, Buffer.from([value ? 0xff : 0]));
export const enumerated = (value: number): Buffer => tlv(TAG.enumerated, unsigned(value));

/** A whole number from 0, given big-endian or as a number. */
export function integer(value: Uint8Array | number): Buffer {
  const bytes = typeof value === 'number' ? unsigned(value) : Buffer.from(value);
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  // A leading bit of 1 would make it negative.
  return tlv(TAG.integer, Buffer.from((digits[0] ?? 0) >= 0x80 ? [0] : []), digits);
}

/** Whole octets. */
export const bitString = (content: Uint8Array): Buffer =>
  tlv(TAG.bitString, Buffer.from([0]), content);

/**
 * Flags by their numbers in the standard, bit 0 first (X.690 §11.2.2: no zero bits at the end). At most
 * the first eight, and one of them at least.
 */
export function namedBits(...bits: readonly number[]): Buffer {
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const unused = 7 - Math.max(...bits);
  return tlv(TAG.bitString, Buffer.from([unused, octet]));
}

/** `1.2.840.10045.4.3.2` (X.690 §8.19). */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(value: number): number[] {
  const octets = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) octets.unshift((left & 0x7f) | 0x80);
  return octets;
}

/** UTCTime to the end of 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5); whole seconds. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+Z$|[-:T]/g, '');
  return date.getUTCFullYear() < 2050
    ? tlv(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`))
    : tlv(TAG.generalizedTime, Buffer.from(`${digits}Z`));
}

/** [N] EXPLICIT: around a value with a tag of its own. */
export const explicit = (n: number, value: Uint8Array): Buffer => tlv(0xa0 | n, value);
/** [N] IMPLICIT of a primitive type. */
export const implicit = (n: number, content: Uint8Array): Buffer => tlv(0x80 | n, content);
