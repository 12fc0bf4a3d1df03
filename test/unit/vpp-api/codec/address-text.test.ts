/** Addresses against Node's own parsers and RFC 5952's examples. */
import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import {
  getIp4,
  getIp6,
  getMac,
  isIp4,
  isIp4Prefix,
  isIp6,
  isIp6Prefix,
  isMac,
  isPrefix,
  parseAddress,
  putIp4,
  putIp6,
  putMac,
} from '../../../../src/vpp-api/codec/address-text.js';

const NOT_IP6 = [
  '', ':', ':::', '1', '1:', ':1', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', 'g::',
  '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:1.2.3.4', '::1.2.3', '::1.2.3.256',
  '::1.2.3.4.5', '::1.2.3.4:5', 'fe80::1%eth0', ' ::1', '::1 ', '[::1]', '::/0', '1::2:', '1.2.3.4',
  '::ffff:01.2.3.4',
] as const; // prettier-ignore

describe('address text', () => {
  it('takes an IPv6 address where Node does', () => {
    const hextet = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16));
    const part = fc.oneof(
      { weight: 6, arbitrary: hextet },
      { weight: 2, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('1.2.3.4', '0.0.0.0', '12345', 'g', '1.2.3') },
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 10 }).map((parts) => parts.join(':')),
      fc.stringMatching(/^[0-9a-f:.]{0,20}$/),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(text, (address) => {
        assert.equal(isIp6(address), isIPv6(address), address);
      }),
      { numRuns: 5000 },
    );
    for (const address of NOT_IP6) assert.equal(isIp6(address), false, address);
  });

  it('takes an IPv4 address where Node does', () => {
    const text = fc.oneof(fc.ipV4(), fc.stringMatching(/^[0-9.]{0,16}$/), fc.ipV4Extended());
    fc.assert(
      fc.property(text, (address) => {
        assert.equal(isIp4(address), isIPv4(address), address);
      }),
      { numRuns: 3000 },
    );
    for (const address of [
      '1.2.3',
      '1.2.3.4.',
      '.1.2.3',
      '1.2.3.04',
      '1.2.3.256',
      '1.2.3.4 ',
      '1..3.4',
      '0x1.2.3.4',
      '1.2.3.1000',
    ]) {
      assert.equal(isIp4(address), false, address);
    }
  });

  it('writes IPv6 as RFC 5952 does', () => {
    const rows: [text: string, canonical: string][] = [
      ['2001:0db8::0001', '2001:db8::1'],
      ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['2001:DB8::AAAA', '2001:db8::aaaa'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['1:0:0:0:0:0:0:0', '1::'],
      ['::ffff:1.2.3.4', '::ffff:102:304'],
    ];
    for (const [text, canonical] of rows) {
      const octets = Buffer.alloc(20, 0xee);
      putIp6(octets, 2, text);
      assert.equal(getIp6(octets, 2), canonical);
      assert.equal(
        octets.subarray(0, 2).toString('hex') + octets.subarray(18).toString('hex'),
        'eeeeeeee',
      );
    }
  });

  it('is the octets again: Node and the URL parser agree', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
        const text = getIp6(Buffer.from(octets), 0);
        assert.equal(text, new URL(`http://[${text}]/`).hostname.slice(1, -1));
        const again = Buffer.alloc(16);
        putIp6(again, 0, text);
        assert.deepEqual(again, Buffer.from(octets));
        putIp4(again, 0, getIp4(Buffer.from(octets), 4));
        assert.deepEqual([...again.subarray(0, 4)], [...octets.subarray(4, 8)]);
        putMac(again, 0, getMac(Buffer.from(octets), 5));
        assert.deepEqual([...again.subarray(0, 6)], [...octets.subarray(5, 11)]);
      }),
    );
  });

  it('tells the family of an address', () => {
    const rows: [text: unknown, family: number][] = [
      ['10.0.0.1', 0],
      ['::1', 1],
      ['fd00::1', 1],
      ['', -1],
      ['10.0.0.1/8', -1],
      ['host', -1],
      [7, -1],
      [undefined, -1],
    ];
    for (const [text, family] of rows) assert.equal(parseAddress(text), family, String(text));
  });

  it('takes prefixes and MAC addresses, and nothing like them', () => {
    for (const text of ['0.0.0.0/0', '10.1.2.3/32', '10.1.2.3/8']) {
      assert.ok(isPrefix(text) && isIp4Prefix(text) && !isIp6Prefix(text), text);
    }
    for (const text of ['::/0', 'fd00::1/128', 'fd00::1/64']) {
      assert.ok(isPrefix(text) && !isIp4Prefix(text) && isIp6Prefix(text), text);
    }
    for (const text of [
      '10.0.0.0',
      '10.0.0.0/',
      '/8',
      '10.0.0.0/33',
      '10.0.0.0/08',
      '10.0.0.0/-1',
      '::/129',
      '::/1000',
      '::/ 1',
      '10.0.0.0/8/8',
      '10.0.0.0/1.',
      null,
    ]) {
      assert.ok(!isPrefix(text), String(text));
    }
    for (const text of ['02:fe:00:00:00:01', 'AA:bb:CC:dd:EE:ff']) assert.ok(isMac(text), text);
    for (const text of [
      '',
      '02:fe:00:00:00',
      '02-fe-00-00-00-01',
      '02:fe:00:00:00:0g',
      '2:fe:00:00:00:01',
      '02:fe:00:00:00:01 ',
      2,
    ]) {
      assert.ok(!isMac(text), String(text));
    }
  });
});
