/** The messages of a session, through real bytes and back; and those that must not be. */
import assert from 'node:assert/strict';
import type { Item, Payload } from '../../../../src/model/item.js';
import { dependenciesOf, keyOf } from '../../../../src/model/item.js';
import type { FromNva, FromNve } from '../../../../src/model/southbound.js';
import {
  fromNvaFromWire,
  fromNvaToWire,
  fromNveFromWire,
  fromNveToWire,
} from '../../../../src/rpc/convert/southbound.js';
import { loadProtos } from '../../../../src/rpc/load.js';
import {
  dropRoute,
  gateway,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
  xconnect,
} from '../../../support/routing-items.js';
import { NVE } from '../../../support/samples.js';

const { ConnectRequest, ConnectResponse } = loadProtos().protos.nfv.v1;
const { capabilities, underlays, drifts, dataplane: status, host } = NVE.status;
assert.ok(capabilities !== undefined && status !== undefined && host !== undefined);

const PAYLOADS: Payload[] = [
  { kind: 'vtep', address: '10.77.0.1' },
  {
    kind: 'bridge_domain',
    network: 'blue',
    vni: 100,
    vtep: '10.77.0.1',
    learn: true,
    flood: true,
    arpSuppression: true,
    mtu: 1450,
    bumGroup: '239.1.1.1',
  },
  { kind: 'tunnel', vni: 100, remote: '10.77.0.2', local: '10.77.0.1' },
  { kind: 'flood_member', vni: 100, remote: '10.77.0.2' },
  {
    kind: 'mac_entry',
    vni: 100,
    mac: '02:00:00:00:00:01',
    via: { kind: 'remote', vtep: '10.77.0.2' },
  },
  {
    kind: 'mac_entry',
    vni: 100,
    mac: '02:00:00:00:00:02',
    via: { kind: 'endpoint', endpoint: 'web-1' },
  },
  { kind: 'neighbor_entry', vni: 100, ip: '10.0.0.5', mac: '02:00:00:00:00:01' },
  {
    kind: 'port',
    endpoint: 'web-1',
    vni: 100,
    mac: '02:00:00:00:00:02',
    addresses: ['10.0.0.6/24', 'fd00::6/64'],
    adminUp: true,
    mtu: 1450,
    port: { kind: 'veth', netns: 'web-1', interface: 'eth0', hostInterface: '' },
  },
  xconnect('web-1', 'web-2'),
  vrf(7),
  gateway(7, 100, ['10.0.0.1/24', 'fd00::1/64']),
  gatewayNeighbor(7, 100, '10.0.0.5', '02:00:00:00:00:01'),
  dropRoute(7, '10.0.0.0/8'),
  routeTo(7, '10.1.0.0/16', hop('10.0.0.5', 100, 3), hop('10.9.0.1')),
  routeToVrf(7, '::/0', 8),
  { kind: 'provider_port', vni: 100, uplink: 'physnet1', vlan: 4094, mtu: 1500 },
];

const ITEMS: Item[] = PAYLOADS.map((payload, i) => ({
  key: keyOf(payload),
  version: `v${i}`,
  dependsOn: dependenciesOf(payload),
  payload,
}));

describe('messages of an NVE', () => {
  const messages: FromNve[] = [
    {
      kind: 'hello',
      protocolVersions: [1, 2],
      nve: 'host-a',
      nodeUuid: NVE.spec.nodeUuid,
      agentVersion: '0.1.0',
      capabilities,
      underlays,
      epoch: { storeId: 's1', number: 7 },
      revision: 41,
      digest: '00112233aabbccdd',
      itemCount: 8,
      takesHostOffers: true,
      probesUnderlay: true,
    },
    { kind: 'host_report', status: host },
    { kind: 'held_items', entries: [{ key: 'vtep/10.77.0.1', version: 'v0' }], last: true },
    { kind: 'delta_reply', sequence: 3 },
    { kind: 'delta_reply', sequence: 4, error: { code: 'ITEM_INVALID', message: 'no' } },
    {
      kind: 'item_reports',
      epoch: 7,
      entries: [
        { key: 'a', version: 'v1' },
        { key: 'b', version: '', failure: { code: 'NETNS_MISSING', message: 'no netns' } },
      ],
      settledRevision: 42,
    },
    { kind: 'drift_reports', drifts, total: 5, leftAlone: 3 },
    { kind: 'underlay_report', underlays },
    { kind: 'dataplane_report', status, capabilities },
  ];
  for (const message of messages) {
    it(`come back as they were: ${message.kind}`, () => {
      const bytes = ConnectRequest.serialize(fromNveToWire(message));
      assert.deepEqual(fromNveFromWire(ConnectRequest.deserialize(bytes)), message);
    });
  }

  const wrong: [
    name: string,
    wire: Parameters<typeof ConnectRequest.serialize>[0],
    message: RegExp,
  ][] = [
    ['nothing', {}, /empty or unknown message/],
    ['a hello without capabilities', { hello: { nve: 'a' } }, /hello without capabilities/],
    [
      'a report without outcome',
      { item_reports: { entries: [{ key: 'k' }] } },
      /a report on k without an outcome/,
    ],
    [
      'a negative revision',
      { item_reports: { settled_revision: -1 } },
      /settled_revision: -1: out of range/,
    ],
    [
      'too many reports',
      { item_reports: { entries: Array.from({ length: 1001 }, () => ({ outcome: 1 })) } },
      /item_reports with 1001 entries, not 1000/,
    ],
    [
      'too many held items',
      { held_items: { entries: Array.from({ length: 1001 }, () => ({ key: 'k' })) } },
      /held_items with 1001 entries, not 1000/,
    ],
  ];
  for (const [name, wire, message] of wrong) {
    it(`are refused: ${name}`, () => {
      const decoded = ConnectRequest.deserialize(ConnectRequest.serialize(wire));
      assert.throws(() => fromNveFromWire(decoded), message);
    });
  }
});

describe('texts of an NVE', () => {
  const long = 'x'.repeat(2000);
  const cut = `${'x'.repeat(497)}...`;
  const read = (wire: Parameters<typeof ConnectRequest.serialize>[0]): FromNve =>
    fromNveFromWire(ConnectRequest.deserialize(ConnectRequest.serialize(wire)));

  it('are cut: what they are stored with has a limit', () => {
    const failure = { error_code: 'KERNEL_REFUSED', error_message: long };
    const reports = read({ item_reports: { entries: [{ key: 'a', outcome: 2, ...failure }] } });
    assert.ok(reports.kind === 'item_reports');
    assert.equal(reports.entries[0]?.failure?.message, cut);
    const drifts = read({ drift_reports: { drifts: [{ key: 'a', difference: long, action: 1 }] } });
    assert.ok(drifts.kind === 'drift_reports');
    assert.equal(drifts.drifts[0]?.difference, cut);
    const reply = read({ delta_reply: failure });
    assert.ok(reply.kind === 'delta_reply');
    assert.equal(reply.error?.message, cut);
  });
});

describe('messages of an NVA', () => {
  const messages: FromNva[] = [
    {
      kind: 'welcome',
      protocolVersion: 1,
      epoch: { storeId: 's1', number: 7 },
      revision: 42,
      sendHeldItems: true,
      maxInFlight: 4,
    },
    {
      kind: 'delta',
      sequence: 1,
      epoch: 7,
      revision: 42,
      upserts: ITEMS,
      removes: ['vtep/10.77.0.9'],
      complete: true,
    },
  ];
  for (const message of messages) {
    it(`come back as they were: ${message.kind}`, () => {
      const bytes = ConnectResponse.serialize(fromNvaToWire(message));
      assert.deepEqual(fromNvaFromWire(ConnectResponse.deserialize(bytes)), message);
    });
  }

  it('are refused when empty', () => {
    assert.throws(
      () => fromNvaFromWire(ConnectResponse.deserialize(Buffer.alloc(0))),
      /empty or unknown message/,
    );
  });

  const bad: [name: string, upsert: object, code: string][] = [
    ['an item of no kind', { key: 'x/1', version: 'v' }, 'ITEM_UNSUPPORTED'],
    [
      'a key that is not of its content',
      { key: 'vtep/1', version: 'v', vtep: { address: '10.0.0.1' } },
      'ITEM_INVALID',
    ],
    [
      'a MAC entry that leads nowhere',
      {
        key: 'mac/1/02:00:00:00:00:01',
        version: 'v',
        mac_entry: { vni: 1, mac: '02:00:00:00:00:01' },
      },
      'ITEM_INVALID',
    ],
    [
      'a route that leads nowhere',
      { key: 'route/7/10.0.0.0/8', version: 'v', route: { vrf: 7, prefix: '10.0.0.0/8' } },
      'ITEM_INVALID',
    ],
    [
      'a route that is not to be dropped',
      {
        key: 'route/7/10.0.0.0/8',
        version: 'v',
        route: { vrf: 7, prefix: '10.0.0.0/8', drop: false },
      },
      'ITEM_INVALID',
    ],
    ['a VRF of no id', { key: 'vrf/0', version: 'v', vrf: { name: 'red' } }, 'ITEM_INVALID'],
    [
      'a port of no kind',
      { key: 'port/a', version: 'v', port: { endpoint: 'a', vni: 1 } },
      'INVALID_FIELD',
    ],
  ];
  for (const [name, upsert, code] of bad) {
    it(`are answerable though they hold ${name}`, () => {
      const bytes = ConnectResponse.serialize({ delta: { sequence: 9, upserts: [upsert] } });
      const got = fromNvaFromWire(ConnectResponse.deserialize(bytes));
      assert.ok(got.kind === 'bad_delta');
      assert.deepEqual([got.sequence, got.error.code], [9, code]);
    });
  }
});
