import assert from 'node:assert/strict';
import { ENDPOINT as CONVERT } from '../../../../src/rpc/convert/endpoint.js';
import { loadProtos } from '../../../../src/rpc/load.js';
import { ENDPOINT, FAILED_ENDPOINT } from '../../../support/samples.js';
import type { Port } from '../../../../src/model/endpoint.js';
import { NEW_MEMIF, NEW_VHOST_USER, NEW_VLAN } from '../../../../src/model/vpp-ports.js';
import { VPP_PORTS } from '../../../support/vpp-port-samples.js';

const { Endpoint } = loadProtos().protos.nfv.v1;
const ALL = Object.values(CONVERT.fields);

function field(number: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, text.length]), Buffer.from(text)]);
}

/** Of a number above 15, whose tag takes two bytes. */
function longField(number: number, text: string): Buffer {
  const tag = (number << 3) | 2;
  return Buffer.concat([
    Buffer.from([(tag & 0x7f) | 0x80, tag >> 7, text.length]),
    Buffer.from(text),
  ]);
}

describe('an endpoint on the wire', () => {
  it('has every field', () => {
    assert.deepEqual(CONVERT.toWire(FAILED_ENDPOINT), {
      name: 'endpoints/web-2',
      display_name: '',
      network: 'virtualNetworks/blue',
      nve: 'nves/host-a',
      port: {
        tap: { interface: 'tap-web2', owner_uid: 107, multi_queue: true, vnet_hdr: false },
      },
      mac: '02:00:00:00:00:02',
      ips: ['10.0.0.12'],
      subnets: [],
      allowed_addresses: [],
      admin_state: 'ADMIN_STATE_UP',
      labels: { app: 'web' },
      state: 'STATE_FAILED',
      reason_code: 'NETNS_MISSING',
      reason: 'no network namespace "web-2"',
      attachments: [
        { nve: 'nves/host-a', state: 'STATE_INIT', cause: 'CAUSE_CREATE', migration_id: '' },
      ],
      held_addresses: [],
      migration: null,
      etag: 'abc123',
      revision: 42,
      create_time: { seconds: 1767261600, nanos: 0 },
      update_time: { seconds: 1767353400, nanos: 0 },
    });
  });

  const onHost = { kind: 'host_interface', interface: 'eth5' } as const;

  it('has an interface of the host as the third kind of port', () => {
    const spec = { ...ENDPOINT.spec, port: onHost };
    const bytes = Endpoint.serialize(CONVERT.toWire({ ...ENDPOINT, spec }));
    // Port with a HostInterfacePort with interface "eth5".
    const port = Buffer.from([0x2a, 0x08, 0x1a, 0x06, 0x0a, 0x04, ...Buffer.from('eth5')]);
    assert.ok(bytes.includes(port));
  });

  for (const endpoint of [
    ENDPOINT,
    FAILED_ENDPOINT,
    { ...ENDPOINT, spec: { ...ENDPOINT.spec, port: onHost } },
    ...VPP_PORTS.map((port) => ({ ...ENDPOINT, spec: { ...ENDPOINT.spec, port } })),
  ]) {
    it(`comes back as it was: ${endpoint.spec.port.kind}`, () => {
      const bytes = Endpoint.serialize(CONVERT.toWire(endpoint));
      assert.deepEqual(CONVERT.fromWire(Endpoint.deserialize(bytes)), endpoint);
    });
  }

  it('has the names of its subnets as its seventeenth field', () => {
    const bytes = Endpoint.serialize(CONVERT.toWire(ENDPOINT));
    assert.ok(bytes.includes(longField(17, 'subnets/blue-v4')));
  });

  it('has its allowed addresses as its twentieth field, those that it has as its twenty-first', () => {
    const bytes = Endpoint.serialize(CONVERT.toWire(ENDPOINT));
    // ip is the first field of both, mac the second.
    const ip = (text: string): Buffer => Buffer.from([0x0a, text.length, ...Buffer.from(text)]);
    const mac = Buffer.from([0x12, 17, ...Buffer.from('00:00:5e:00:02:01')]);
    const inner = Buffer.concat([ip('fd00::100'), mac]);
    const plain = Buffer.from([0xa2, 0x01, 14]);
    assert.ok(bytes.includes(Buffer.concat([plain, ip('10.0.0.100'), Buffer.from([0x12, 0])])));
    assert.ok(bytes.includes(Buffer.concat([Buffer.from([0xa2, 0x01, inner.length]), inner])));
    // And since as the third, a message of eight bytes.
    const since = Buffer.from([0xaa, 0x01, inner.length + 10]);
    assert.ok(bytes.includes(Buffer.concat([since, inner, Buffer.from([0x1a, 8])])));
  });

  it('has defaults for what a caller leaves out', () => {
    const wire = Endpoint.deserialize(
      Buffer.concat([
        field(3, 'virtualNetworks/blue'),
        field(4, 'nves/host-a'),
        // Port with a VethPort with netns "x".
        Buffer.from([0x2a, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0x78]),
      ]),
    );
    assert.deepEqual(CONVERT.specFromWire(wire, ALL), {
      displayName: '',
      network: 'blue',
      nve: 'host-a',
      port: { kind: 'veth', netns: 'x', interface: 'eth0', hostInterface: '' },
      mac: '',
      ips: [],
      subnets: [],
      allowedAddresses: [],
      adminState: 'UP',
      labels: {},
    });
    assert.deepEqual(CONVERT.setFields(wire), ['network', 'nve', 'port']);
  });

  /** Of an endpoint: the field `port`, in it that of the kind, in it the bytes. */
  const portOf = (kind: number, ...bytes: number[]): Port => {
    const inner = Buffer.from([(kind << 3) | 2, bytes.length, ...bytes]);
    const wire = Endpoint.deserialize(Buffer.concat([Buffer.from([0x2a, inner.length]), inner]));
    return CONVERT.specFromWire(wire, ['port']).port;
  };

  it('has defaults for what a caller leaves out of the ports of VPP', () => {
    assert.deepEqual(portOf(4, 0x0a, 0x02, 0x2f, 0x61), { ...NEW_VHOST_USER, socket: '/a' });
    assert.deepEqual(portOf(4, 0x0a, 0x02, 0x2f, 0x61, 0x10, 0x02), {
      ...NEW_VHOST_USER,
      socket: '/a',
      role: 'CLIENT',
      socketMode: 0,
    });
    assert.deepEqual(portOf(5, 0x0a, 0x02, 0x2f, 0x61), { ...NEW_MEMIF, socket: '/a' });
    assert.deepEqual(portOf(6, 0x0a, 0x01, 0x61, 0x10, 0x07), {
      ...NEW_VLAN,
      parent: 'a',
      outerVlanId: 7,
    });
    assert.deepEqual(portOf(7, 0x0a, 0x01, 0x61), { kind: 'vpp_interface', interface: 'a' });
  });

  it('refuses a role that there is none of', () => {
    assert.throws(() => portOf(5, 0x10, 0x09), {
      message: 'endpoint.port.memif.role: 9: not a value of this enum',
    });
  });

  const wrong: [name: string, bytes: Buffer, message: string][] = [
    ['no network', Buffer.alloc(0), 'endpoint.network: (empty): not the name of such a resource'],
    [
      'an id for a name',
      field(3, 'blue'),
      'endpoint.network: blue: not the name of such a resource',
    ],
    [
      'a name of something else',
      Buffer.concat([field(3, 'virtualNetworks/blue'), field(4, 'virtualNetworks/blue')]),
      'endpoint.nve: virtualNetworks/blue: not the name of such a resource',
    ],
    [
      'no port',
      Buffer.concat([field(3, 'virtualNetworks/blue'), field(4, 'nves/a')]),
      'endpoint.port: (empty): no kind of port',
    ],
    [
      'an id for the name of a subnet',
      Buffer.concat([
        field(3, 'virtualNetworks/blue'),
        field(4, 'nves/a'),
        // Port with a VethPort with netns "x".
        Buffer.from([0x2a, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0x78]),
        longField(17, 'subnets/blue-v4'),
        longField(17, 'blue-v6'),
      ]),
      'endpoint.subnets[1]: blue-v6: not the name of such a resource',
    ],
    [
      'a port of no kind',
      Buffer.concat([field(3, 'virtualNetworks/blue'), field(4, 'nves/a'), field(5, '')]),
      'endpoint.port: (empty): no kind of port',
    ],
  ];
  for (const [name, bytes, message] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(() => CONVERT.specFromWire(Endpoint.deserialize(bytes), ALL), { message });
    });
  }

  it('refuses an admin state that there is none of', () => {
    const wire = Endpoint.deserialize(
      Buffer.concat([field(3, 'virtualNetworks/a'), field(4, 'nves/a'), Buffer.from([0x40, 0x09])]),
    );
    assert.throws(() => CONVERT.specFromWire(wire, ['adminState']), {
      message: 'endpoint.admin_state: 9: not a value of this enum',
    });
  });

  it('does not ask for what an update leaves alone', () => {
    const wire = Endpoint.deserialize(field(6, '02:00:00:00:00:09'));
    assert.equal(CONVERT.specFromWire(wire, ['mac']).mac, '02:00:00:00:00:09');
  });
});
