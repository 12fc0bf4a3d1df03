/** Frames that tell who has an address, in bytes as RFC 826 and RFC 4861 have them. */
import assert from 'node:assert/strict';
import { addressBytes } from '../../../src/host/packets/filter.js';
import { announcement, ownerIn, question } from '../../../src/host/packets/frames.js';

const hex = (...parts: readonly string[]): Buffer =>
  Buffer.from(parts.join('').replaceAll(' ', ''), 'hex');

/** As tcpdump showed it of a Linux guest: who-has 10.0.0.100 tell 10.0.0.100. */
const GRATUITOUS = hex(
  'ff ff ff ff ff ff 02 00 00 00 00 01 08 06',
  '00 01 08 00 06 04 00 01 02 00 00 00 00 01 0a 00 00 64 00 00 00 00 00 00 0a 00 00 64',
);
const PROBE = hex(
  'ff ff ff ff ff ff 02 00 00 00 00 01 08 06',
  '00 01 08 00 06 04 00 01 02 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 0a 00 00 64',
);
const VIP6 = 'fd 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00';
const ADVERTISEMENT = hex(
  '33 33 00 00 00 01 02 00 00 00 00 01 86 dd 60 00 00 00 00 20 3a ff',
  VIP6,
  'ff 02 00 00 00 00 00 00 00 00 00 00 00 00 00 01',
  '88 00 00 00 20 00 00 00',
  VIP6,
  '02 01 00 00 5e 00 02 01',
);

describe('frames of who has an address', () => {
  it('gratuitous ARP says its sender', () => {
    assert.deepEqual(ownerIn(GRATUITOUS), {
      ip: Buffer.from([10, 0, 0, 100]),
      mac: '02:00:00:00:00:01',
    });
  });

  it('an advertisement says its target, with the MAC of its option', () => {
    const owner = ownerIn(ADVERTISEMENT);
    assert.equal(owner?.mac, '00:00:5e:00:02:01');
    assert.deepEqual(owner.ip, hex(VIP6));
  });

  it('an advertisement without the option says the MAC that it came from', () => {
    assert.equal(ownerIn(ADVERTISEMENT.subarray(0, 78))?.mac, '02:00:00:00:00:01');
  });

  it('an option of no length ends them', () => {
    const odd = Buffer.from(ADVERTISEMENT);
    odd.writeUInt8(0, 79);
    assert.equal(ownerIn(odd)?.mac, '02:00:00:00:00:01');
  });

  for (const [about, frame] of [
    ['ARP', GRATUITOUS],
    ['an advertisement', ADVERTISEMENT],
  ] as const) {
    it(`${about} cut short anywhere breaks nothing`, () => {
      for (let length = 0; length < frame.length; length++) {
        const owner = ownerIn(frame.subarray(0, length));
        assert.ok(owner === undefined || length >= 42);
      }
    });
  }

  it('are announced as guests announce them', () => {
    assert.deepEqual(announcement('10.0.0.100', '02:00:00:00:00:01'), GRATUITOUS);
  });

  it('of a router are announced as a router’s: a host would give up its routes by it otherwise', () => {
    const flags = (isRouter: boolean): number =>
      announcement('fd00::1', '02:00:00:00:00:01', isRouter).readUInt8(58);
    // Router and override, override (RFC 4861 §4.4); neither is an answer.
    assert.deepEqual([flags(true), flags(false)], [0xa0, 0x20]);
  });

  it('are asked for in nobody’s name', () => {
    assert.deepEqual(question('10.0.0.100', '02:00:00:00:00:01'), PROBE);
  });

  const ADDRESSES: readonly (readonly [text: string, bytes: string])[] = [
    ['10.0.0.100', '0a 00 00 64'],
    ['fd00::100', VIP6],
    ['::1', '00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01'],
    ['fe80::', 'fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 00'],
    ['2001:db8:1:2:3:4:5:6', '20 01 0d b8 00 01 00 02 00 03 00 04 00 05 00 06'],
    ['2001:db8::5:6', '20 01 0d b8 00 00 00 00 00 00 00 00 00 05 00 06'],
  ];
  for (const [text, bytes] of ADDRESSES) {
    it(`have addresses in bytes: ${text}`, () => {
      assert.deepEqual(addressBytes(text), hex(bytes));
    });
  }
});
