import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import { DerReader } from '../../../src/x509/der-read.js';
import * as der from '../../../src/x509/der-write.js';
import { certificateId, hexOf, readCrl } from '../../../src/x509/read-crl.js';

/** Bytes as X.690 and RFC 5280 have them, and as `openssl asn1parse` agrees. */
const WRITTEN: readonly (readonly [what: string, bytes: Buffer, hex: string])[] = [
  ['an integer of 0', der.integer(0), '020100'],
  ['an integer of 127', der.integer(127), '02017f'],
  ['an integer whose first bit is set', der.integer(128), '02020080'],
  [
    'an integer without the zeros before it',
    der.integer(Buffer.from('0000ff01', 'hex')),
    '020300ff01',
  ],
  ['true', der.boolean(true), '0101ff'],
  ['an OID (X.690 §8.19.5)', der.oid('2.999.3'), '0603883703'],
  ['ecdsa-with-SHA256', der.oid('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
  ['keyCertSign and cRLSign', der.namedBits(5, 6), '03020106'],
  ['digitalSignature', der.namedBits(0), '03020780'],
  [
    'the last second of UTCTime',
    der.time(new Date('2049-12-31T23:59:59Z')),
    '170d3439313233313233353935395a',
  ],
  [
    'the first of GeneralizedTime',
    der.time(new Date('2050-01-01T00:00:00Z')),
    '180f32303530303130313030303030305a',
  ],
  ['127 bytes', der.octetString(Buffer.alloc(127)), `047f${'00'.repeat(127)}`],
  ['128 bytes', der.octetString(Buffer.alloc(128)), `048180${'00'.repeat(128)}`],
  ['256 bytes', der.octetString(Buffer.alloc(256)), `04820100${'00'.repeat(256)}`],
];

const crl = (hex: string): string =>
  `-----BEGIN X509 CRL-----\n${Buffer.from(hex, 'hex').toString('base64')}\n-----END X509 CRL-----\n`;

/** What is no list, and what is said of it. */
const BAD: readonly (readonly [what: string, hex: string, error: RegExp])[] = [
  ['nothing', '', /cut short/],
  ['a tag without a length', '30', /cut short/],
  ['a length beyond the end', '3005020101', /cut short/],
  ['an indefinite length', '30800000', /a length that cannot be/],
  ['a length of five octets', '30850000000001', /a length that cannot be/],
  ['a set', '3100', /tag 0x31 in place of 0x30/],
  ['a list without fields', '30023000', /cut short/],
  ['a time that is none', '3010300e300030001700', /cut short|not a time/],
];

describe('DER', () => {
  for (const [what, bytes, hex] of WRITTEN) {
    it(`writes ${what}`, () => {
      assert.equal(bytes.toString('hex'), hex);
    });
  }

  for (const [what, hex, error] of BAD) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readCrl(crl(hex)), { code: 'FILE_UNREADABLE', message: error });
    });
  }

  it('reads what it is given, or says that it cannot', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        for (const read of [
          () => certificateId(buffer),
          () => readCrl(crl(buffer.toString('hex'))),
        ]) {
          try {
            read();
          } catch (error) {
            assert.ok(error instanceof NfvError, String(error));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('ends at every offset at which it is cut', () => {
    const whole = der.sequence(der.integer(5), der.sequence(der.octetString(Buffer.alloc(200))));
    for (let end = 0; end < whole.length; end++) {
      assert.throws(() => new DerReader(whole.subarray(0, end)).next(), /cut short/);
    }
  });

  it('compares serial numbers without the zeros before them', () => {
    assert.equal(hexOf(Buffer.from('000abc', 'hex')), 'ABC');
    assert.equal(hexOf(Buffer.from('00', 'hex')), '0');
  });
});
