import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressAt, hostRange, numberOf } from '../../../src/model/address-numbers.js';
import {
  parseIp,
  parsePrefix,
  prefixContains,
  type IpFamily,
} from '../../../src/model/addresses.js';

function number(text: string): bigint {
  const ip = parseIp(text);
  assert.ok(ip, text);
  return numberOf(ip);
}

describe('numberOf and addressAt', () => {
  const rows: [family: IpFamily, text: string, number: bigint][] = [
    ['IPV4', '0.0.0.0', 0n],
    ['IPV4', '10.0.0.1', 0x0a00_0001n],
    ['IPV4', '255.255.255.255', 0xffff_ffffn],
    ['IPV6', '::', 0n],
    ['IPV6', '::1', 1n],
    ['IPV6', 'fd00:1::ff', 0xfd00_0001_0000_0000_0000_0000_0000_00ffn],
    ['IPV6', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', (1n << 128n) - 1n],
  ];
  for (const [family, text, expected] of rows) {
    it(`${text} is ${expected}`, () => {
      assert.equal(number(text), expected);
      assert.equal(addressAt(family, expected), text);
    });
  }

  it('are each other’s inverse, whatever the number', () => {
    const any = fc.oneof(
      fc.record({
        family: fc.constant<IpFamily>('IPV4'),
        n: fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }),
      }),
      fc.record({
        family: fc.constant<IpFamily>('IPV6'),
        n: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
      }),
    );
    fc.assert(
      fc.property(any, ({ family, n }) => {
        const text = addressAt(family, n);
        assert.equal(parseIp(text)?.text, text);
        assert.equal(numberOf({ family, text }), n);
      }),
    );
  });

  it('keep the order of addresses', () => {
    assert.ok(number('10.0.0.9') < number('10.0.0.10'));
    assert.ok(number('fd00::9') < number('fd00::a'));
    assert.ok(number('fd00::ffff') < number('fd00::1:0'));
  });
});

describe('hostRange', () => {
  const rows: [prefix: string, first: string, last: string][] = [
    ['10.0.0.0/24', '10.0.0.1', '10.0.0.254'],
    ['10.0.0.0/30', '10.0.0.1', '10.0.0.2'],
    // RFC 3021: both ends of a point-to-point link.
    ['10.0.0.0/31', '10.0.0.0', '10.0.0.1'],
    ['10.0.0.7/32', '10.0.0.7', '10.0.0.7'],
    // RFC 4291 §2.6.1: the first is the routers' anycast address; there is no broadcast.
    ['fd00::/64', 'fd00::1', 'fd00::ffff:ffff:ffff:ffff'],
    ['fd00::/126', 'fd00::1', 'fd00::3'],
    // RFC 6164.
    ['fd00::/127', 'fd00::', 'fd00::1'],
    ['fd00::7/128', 'fd00::7', 'fd00::7'],
  ];
  for (const [text, first, last] of rows) {
    it(`of ${text} is ${first} to ${last}`, () => {
      const prefix = parsePrefix(text);
      assert.ok(prefix);
      const range = hostRange(prefix);
      assert.deepEqual(
        [range.first, range.last].map((n) => addressAt(prefix.family, n)),
        [first, last],
      );
    });
  }

  it('lies in its prefix, and has an address', () => {
    const prefixes = fc.oneof(
      fc
        .tuple(fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }), fc.integer({ min: 1, max: 32 }))
        .map(([n, length]) => {
          const host = BigInt(32 - length);
          return `${addressAt('IPV4', (n >> host) << host)}/${length}`;
        }),
      fc
        .tuple(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.integer({ min: 1, max: 128 }))
        .map(([n, length]) => {
          const host = BigInt(128 - length);
          return `${addressAt('IPV6', (n >> host) << host)}/${length}`;
        }),
    );
    fc.assert(
      fc.property(prefixes, (text) => {
        const prefix = parsePrefix(text);
        assert.ok(prefix, text);
        const { first, last } = hostRange(prefix);
        assert.ok(first <= last);
        for (const n of [first, last]) {
          const ip = { family: prefix.family, text: addressAt(prefix.family, n) };
          assert.ok(prefixContains(prefix, ip));
        }
      }),
    );
  });
});
