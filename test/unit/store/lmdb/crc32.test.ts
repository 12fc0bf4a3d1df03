import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { crc32, slicedCrc32 } from '../../../../src/store/lmdb/crc32.js';

/** gzip ends with the CRC-32 of what it packed, and its length (RFC 1952 section 2.3.1). */
const crcOfGzip = (bytes: Uint8Array): number =>
  gzipSync(bytes).readUInt32LE(gzipSync(bytes).length - 8);

for (const [name, crc] of [
  ['crc32', crc32],
  ['crc32 without zlib', slicedCrc32],
] as const) {
  describe(name, () => {
    it('has the check value of the catalogue', () => {
      assert.equal(crc(Buffer.from('123456789')), 0xcbf43926);
      assert.equal(crc(Buffer.alloc(0)), 0);
    });

    it('is that of zlib, at any length', () => {
      for (let length = 0; length < 70; length++) {
        const bytes = Buffer.alloc(length).map((_, i) => (i * 37) ^ length);
        assert.equal(crc(bytes), crcOfGzip(bytes), `${length} bytes`);
      }
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
          assert.equal(crc(bytes), crcOfGzip(bytes));
        }),
      );
    });

    it('can be taken in parts', () => {
      fc.assert(
        fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
          assert.equal(crc(b, crc(a)), crc(Buffer.concat([a, b])));
        }),
      );
    });
  });
}
