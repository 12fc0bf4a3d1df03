import assert from 'node:assert/strict';
import { NO_NVE_STATUS } from '../../../src/model/nve.js';
import {
  decodeKv,
  etagOf,
  metaOf,
  RECORDS,
  REQUEST_RECORD,
  STATUS_RECORDS,
  type RecordType,
} from '../../../src/nva/records.js';
import { LINUX_LIKE } from '../../support/fake-nve.js';
import { migrationTo, endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { VPP_PORTS } from '../../support/vpp-port-samples.js';

const TIMES = { createTime: '2026-01-02T03:04:05.000Z', updateTime: '2026-01-02T03:04:06.000Z' };
const TAP = {
  kind: 'tap',
  interface: 't0',
  ownerUid: 1,
  multiQueue: true,
  vnetHdr: false,
} as const;
const UNDERLAY = { address: '192.0.2.1', interface: 'eth0', mtu: 1500 };
const FAILURE = { key: 'port/a', code: 'NETNS_MISSING', message: 'no namespace a' };
const DRIFT = { key: 'bd/1', difference: 'missing', action: 'REPAIRED', time: '' } as const;

function written<T>(what: string, type: RecordType<T>, record: T): void {
  it(`${what} is read as it was written`, () => {
    const kv = { key: 'k', value: type.encode(record), createRevision: 3, modRevision: 7 };
    assert.deepEqual(decodeKv(type, kv), { value: record, modRevision: 7 });
  });
}

describe('records in the store', () => {
  written('a network', RECORDS.virtualNetworks, {
    spec: networkSpec({ vni: 100, prefixes: ['10.0.0.0/24'], labels: { site: 'a' } }),
    ...TIMES,
  });
  written('an NVE', RECORDS.nves, { spec: nveSpec(['192.0.2.1', '2001:db8::1']), ...TIMES });
  written('an endpoint with a veth', RECORDS.endpoints, { spec: endpointSpec(), ...TIMES });
  written('an endpoint with a tap', RECORDS.endpoints, {
    spec: endpointSpec({ port: TAP, ips: ['10.0.0.1', 'fd00::1'] }),
    ...TIMES,
  });
  written('an endpoint on an interface of the host', RECORDS.endpoints, {
    spec: endpointSpec({ port: { kind: 'host_interface', interface: 'eth5' } }),
    ...TIMES,
  });
  for (const port of VPP_PORTS) {
    written(`an endpoint with a port of VPP, ${port.kind}`, RECORDS.endpoints, {
      spec: endpointSpec({ port }),
      ...TIMES,
    });
  }
  written('an endpoint that migrates', RECORDS.endpoints, {
    spec: { ...endpointSpec(), migration: migrationTo('nve-2', { hold: true }) },
    ...TIMES,
  });
  written("an endpoint's status", STATUS_RECORDS.endpoints, {
    state: 'ACTIVE',
    reasonCode: '',
    reason: '',
    attachments: [
      { nve: 'nve', state: 'ACTIVATED', cause: 'RESUME', migrationId: '', wasActive: true },
    ],
    held: [{ ip: '10.0.0.100', mac: '00:00:5e:00:01:01', since: '2026-01-02T12:00:00.000Z' }],
    laggards: [{ nve: 'nve-2', code: 'NVE_PENDING', reason: 'it is still applying' }],
  });
  written("a new NVE's status", STATUS_RECORDS.nves, { ...NO_NVE_STATUS, settledDigest: '' });
  written("an NVE's status", STATUS_RECORDS.nves, {
    ...NO_NVE_STATUS,
    state: 'DEGRADED',
    capabilities: LINUX_LIKE,
    underlays: [UNDERLAY],
    failures: [FAILURE],
    drifts: [DRIFT],
    driftCount: 1,
    settledDigest: '0011223344556677',
  });
  written('a request', REQUEST_RECORD, {
    hash: 'h',
    time: TIMES.createTime,
    collection: 'nves',
    id: 'a',
    record: '{}',
  });

  const network = { spec: networkSpec(), ...TIMES };
  const damaged: [what: string, value: string][] = [
    ['nothing', ''],
    ['half of it', JSON.stringify(network).slice(0, 50)],
    ['another type', '[]'],
    ['a field missing', JSON.stringify({ ...network, spec: { ...network.spec, vni: undefined } })],
    ['a field of another type', JSON.stringify({ ...network, createTime: 7 })],
    [
      'a value nobody knows',
      JSON.stringify({ ...network, spec: { ...network.spec, bumMode: 'X' } }),
    ],
  ];
  for (const [what, value] of damaged) {
    it(`that have ${what} are damage`, () => {
      assert.throws(() => RECORDS.virtualNetworks.decode('/nfvd/r/virtualNetworks/a', value), {
        code: 'STORE_DAMAGED',
        message: '/nfvd/r/virtualNetworks/a does not hold a virtual network',
      });
    });
  }

  it('give etag, revision and times', () => {
    const etag = etagOf({ value: network, modRevision: 36 });
    assert.match(etag, /^"10-[a-z0-9]+"$/);
    assert.deepEqual(metaOf(network, 36, 0), { etag, revision: 36, ...TIMES });
    assert.deepEqual(metaOf(network, 36, 40), { etag, revision: 40, ...TIMES });
    assert.notEqual(etag, etagOf({ value: network, modRevision: 37 }));
    const updateTime = '2026-11-23T06:35:17.277Z';
    assert.notEqual(etag, etagOf({ value: { ...network, updateTime }, modRevision: 36 }));
  });

  describe('once read', () => {
    const type = RECORDS.virtualNetworks;
    const valueOf = (vni: number): string => type.encode({ spec: networkSpec({ vni }), ...TIMES });

    it('are not taken apart again, as long as their text is the same', () => {
      const first = type.decode('once', valueOf(1));
      assert.equal(type.decode('once', valueOf(1)), first);
      assert.equal(type.decode('once', valueOf(2)).spec.vni, 2);
      assert.equal(type.decode('once', valueOf(1)).spec.vni, 1);
    });

    it('are damaged whatever was there before', () => {
      type.decode('once', valueOf(1));
      assert.throws(() => type.decode('once', '{}'), { code: 'STORE_DAMAGED' });
      assert.equal(type.decode('once', valueOf(1)).spec.vni, 1);
    });

    it('are forgotten, the oldest first, where there are many', () => {
      const first = type.decode('key-0', valueOf(1));
      for (let i = 1; i <= 1024; i++) type.decode(`key-${i}`, valueOf(i));
      const last = type.decode('key-1024', valueOf(1024));
      assert.equal(type.decode('key-1024', valueOf(1024)), last);
      assert.notEqual(type.decode('key-0', valueOf(1)), first);
    });

    it('are not remembered where they are long', () => {
      const labels = Object.fromEntries(
        Array.from({ length: 200 }, (_, i) => [`label-${i}`, 'x'.repeat(20)]),
      );
      const long = type.encode({ spec: networkSpec({ labels }), ...TIMES });
      assert.notEqual(type.decode('long', long), type.decode('long', long));
    });
  });
});
