import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  hashOfAddress,
  hashOfPlace,
  isReplaced,
  parsePortTag,
  tapTag,
  vethTag,
} from '../../../../../src/dataplane/linux/ports/port-tag.js';
import { alias } from '../../../../../src/dataplane/linux/names.js';
import type { TapPort, VethPort } from '../../../../../src/model/endpoint.js';

const port: VethPort = { kind: 'veth', netns: 'web', interface: 'eth0', hostInterface: '' };

describe("a port's tag", () => {
  it('attests a veth', () => {
    const tag = vethTag(
      { mac: '02:00:00:00:00:01', mtu: 1450, addresses: ['192.168.7.1/24', 'fd00:7::1/64'] },
      port,
    );
    // printf web/eth0 | sha256sum; printf 192.168.7.1/24 | sha256sum; printf fd00:7::1/64 | …
    assert.equal(tag, 'veth-c3144268-020000000001-1450-d56f2b-5564d7');
    assert.deepEqual(parsePortTag(tag), {
      kind: 'veth',
      place: hashOfPlace(port),
      mac: '02:00:00:00:00:01',
      mtu: 1450,
      addresses: ['192.168.7.1/24', 'fd00:7::1/64'].map(hashOfAddress),
    });
  });

  it('attests which namespace had the name', () => {
    const item = { mac: '02:00:00:00:00:01', mtu: 1450, addresses: ['192.168.7.1/24'] };
    const tag = vethTag(item, port, 4026532246);
    assert.equal(tag, 'veth-c3144268.4026532246-020000000001-1450-d56f2b');
    const read = parsePortTag(tag);
    assert.ok(read?.kind === 'veth');
    assert.deepEqual([read.place, read.inode], [hashOfPlace(port), 4026532246]);
    assert.deepEqual(
      [isReplaced(read, 4026532247), isReplaced(read, 4026532246), isReplaced(read, undefined)],
      [true, false, false],
    );
    const earlier = parsePortTag(vethTag(item, port));
    assert.ok(earlier?.kind === 'veth');
    assert.deepEqual([isReplaced(earlier, 1), isReplaced(undefined, 1)], [false, false]);
  });

  it('attests a tap', () => {
    const tap: TapPort = {
      kind: 'tap',
      interface: '',
      ownerUid: 107,
      multiQueue: true,
      vnetHdr: false,
    };
    assert.equal(tapTag(tap), 'tap-107-1-0');
    assert.deepEqual(parsePortTag('tap-107-1-0'), {
      kind: 'tap',
      ownerUid: 107,
      multiQueue: true,
      vnetHdr: false,
    });
  });

  it('fits into an alias with the longest of everything', () => {
    const addresses = Array.from({ length: 16 }, (_, i) => `fd00:7::${i}/128`);
    const tag = vethTag(
      { mac: '02:00:00:00:00:01', mtu: 9216, addresses },
      {
        ...port,
        netns: 'n'.repeat(255),
      },
      0xffff_ffff,
    );
    assert.ok(alias(`port/${'e'.repeat(63)}`, tag).length <= 255);
  });

  it('is nothing when it is not one of ours', () => {
    for (const text of [
      '',
      'veth',
      'veth-',
      'veth-0-0-0',
      'tap-1',
      'tap-x-0-0',
      'tap-1-0-0-',
      'vxlan',
    ]) {
      assert.equal(parsePortTag(text), undefined, text);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(parsePortTag(`x${text}`), undefined);
      }),
    );
  });
});
