import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeItem, encodeItem } from '../../../src/nve/item-record.js';
import { NfvError } from '../../../src/errors.js';
import type { Payload } from '../../../src/model/item.js';
import { itemOf, macEntry, at, port, randomPayloads, vtep } from '../../support/items.js';

const veth: Payload = {
  ...port('e1', 10),
  kind: 'port',
  endpoint: 'e1',
  vni: 10,
  mac: '02:00:00:00:00:01',
  addresses: ['10.0.0.1/24', 'fd00::1/64'],
  adminUp: false,
  mtu: 1450,
  port: { kind: 'veth', netns: 'e1', interface: 'eth0', hostInterface: 'nfv-e1' },
};

/** As version 0.1 wrote it: an upgraded agent reads what is on the disk. */
const WRITTEN: readonly (readonly [string, string, Payload])[] = [
  [
    'vtep/10.0.0.1',
    '{"version":"a1","dependsOn":[],"payload":{"kind":"vtep","address":"10.0.0.1"}}',
    vtep(),
  ],
  [
    'mac/10/02:00:00:00:00:0a',
    '{"version":"b2","dependsOn":["port/e1"],"payload":{"kind":"mac_entry","vni":10,"mac":"02:00:00:00:00:0a","via":{"kind":"endpoint","endpoint":"e1"}}}',
    macEntry(10, '02:00:00:00:00:0a', at('e1')),
  ],
  [
    'port/e1',
    '{"version":"c3","dependsOn":["bd/10"],"payload":{"kind":"port","endpoint":"e1","vni":10,"mac":"02:00:00:00:00:01","addresses":["10.0.0.1/24","fd00::1/64"],"adminUp":false,"mtu":1450,"port":{"kind":"veth","netns":"e1","interface":"eth0","hostInterface":"nfv-e1"}}}',
    veth,
  ],
];

const BAD: readonly (readonly [string, string])[] = [
  ['no JSON', '{"version"'],
  ['nothing', 'null'],
  ['no payload', '{"version":"v","dependsOn":[]}'],
  ['a kind that there is none of', '{"version":"v","dependsOn":[],"payload":{"kind":"nat"}}'],
  [
    'a field of another type',
    '{"version":"v","dependsOn":[],"payload":{"kind":"vtep","address":1}}',
  ],
  [
    'an address that is none',
    '{"version":"v","dependsOn":[],"payload":{"kind":"vtep","address":"10.0.0"}}',
  ],
  [
    'the content of another key',
    '{"version":"v","dependsOn":[],"payload":{"kind":"vtep","address":"10.0.0.2"}}',
  ],
];

describe('an item on disk', () => {
  it('is read back as it was', () => {
    fc.assert(
      fc.property(randomPayloads, (payloads) => {
        for (const item of [...payloads, veth].map(itemOf)) {
          assert.deepEqual(decodeItem(item.key, encodeItem(item)), item);
        }
      }),
    );
  });

  for (const [key, text, payload] of WRITTEN) {
    it(`is read as it was written once: ${key}`, () => {
      const item = decodeItem(key, text);
      assert.deepEqual(item.payload, payload);
      assert.equal(encodeItem(item), text);
    });
  }

  for (const [title, text] of BAD) {
    it(`is refused when it has ${title}`, () => {
      assert.throws(
        () => decodeItem('vtep/10.0.0.1', text),
        (error) =>
          error instanceof NfvError &&
          error.code === 'STORE_DAMAGED' &&
          error.message === 'vtep/10.0.0.1 does not hold an item' &&
          error.cause !== undefined,
      );
    });
  }
});
