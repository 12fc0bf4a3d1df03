import assert from 'node:assert/strict';
import { sha256 } from '../../../src/model/sha256.js';

describe('SHA-256', () => {
  it('is that of FIPS 180-4', () => {
    // NIST's example "abc" (csrc.nist.gov, Cryptographic Standards and Guidelines, SHA256.pdf).
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.equal(sha256('abc', 'hex'), abc);
    assert.equal(sha256('abc', 'base64url'), Buffer.from(abc, 'hex').toString('base64url'));
  });

  it('is of the text in UTF-8', () => {
    // printf 'h\303\251' | sha256sum
    const expected = '7dfbe0eab96510b11c9a2671d83019cd52953211294db5f917ffa0b7cc84f534';
    assert.equal(sha256('h\u00e9', 'hex'), expected);
  });
});
