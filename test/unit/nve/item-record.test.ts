import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeItem, encodeItem } from '../../../src/nve/item-record.js';
import { NfvError } from '../../../src/errors.js';
import type { Payload } from '../../../src/model/item.js';
import {
  dropRoute,
  gateway,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
  xconnect,
} from '../../support/routing-items.js';
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
  [
    'vrf/7',
    '{"version":"d4","dependsOn":[],"payload":{"kind":"vrf","id":7,"name":"router-7"}}',
    vrf(7),
  ],
  [
    'route/7/10.1.0.0/16',
    '{"version":"e5","dependsOn":["vrf/7","gw/7/10"],"payload":{"kind":"route","vrf":7,"prefix":"10.1.0.0/16","via":{"kind":"next_hops","nextHops":[{"address":"10.0.0.5","vni":10,"weight":3}]}}}',
    routeTo(7, '10.1.0.0/16', hop('10.0.0.5', 10, 3)),
  ],
];

const ROUTING: readonly Payload[] = [
  xconnect('e1', 'e2'),
  vrf(7),
  gateway(7, 10, ['10.0.0.1/24', 'fd00::1/64']),
  gatewayNeighbor(7, 10, '10.0.0.5', '02:00:00:00:00:01'),
  dropRoute(7, '10.0.0.0/8'),
  routeToVrf(7, '::/0', 8),
  { kind: 'provider_port', vni: 10, uplink: 'physnet1', vlan: 0, mtu: 1500 },
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
        for (const item of [...payloads, veth, ...ROUTING].map(itemOf)) {
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
