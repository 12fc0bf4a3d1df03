import assert from 'node:assert/strict';
import { VIRTUAL_NETWORK } from '../../../../src/rpc/convert/virtual-network.js';
import { loadProtos } from '../../../../src/rpc/load.js';
import { PROVIDER_DEFAULTS } from '../../../../src/model/virtual-network.js';
import { NETWORK, PROVIDER_NETWORK } from '../../../support/samples.js';

const { VirtualNetwork } = loadProtos().protos.nfv.v1;

describe('a network on the wire', () => {
  it('has every field', () => {
    assert.deepEqual(VIRTUAL_NETWORK.toWire(NETWORK), {
      name: 'virtualNetworks/blue',
      display_name: 'Blue team',
      tenant: 'acme',
      vni: 100,
      encapsulation: 'ENCAPSULATION_VXLAN',
      mtu: 0,
      bum_mode: 'BUM_MODE_MULTICAST',
      bum_group: '239.1.1.1',
      learning: false,
      arp_suppression: true,
      prefixes: ['10.0.0.0/24', 'fd00::/64'],
      underlay_family: 'UNDERLAY_FAMILY_IPV4',
      drift_policy: 'DRIFT_POLICY_REPORT',
      labels: { site: 'a', tier: '' },
      effective_mtu: 1450,
      duplicates: [],
      etag: 'abc123',
      revision: 42,
      create_time: { seconds: 1767261600, nanos: 0 },
      update_time: { seconds: 1767353400, nanos: 0 },
    });
  });

  it('comes back as it was', () => {
    const bytes = VirtualNetwork.serialize(VIRTUAL_NETWORK.toWire(NETWORK));
    assert.deepEqual(VIRTUAL_NETWORK.fromWire(VirtualNetwork.deserialize(bytes)), NETWORK);
  });

  it('comes back as it was with everything the other way', () => {
    const other = {
      ...NETWORK,
      spec: {
        ...NETWORK.spec,
        displayName: '',
        mtu: 9000,
        bumMode: 'NONE',
        bumGroup: '',
        learning: true,
        arpSuppression: false,
        prefixes: [],
        underlayFamily: 'IPV6',
        labels: {},
      },
    } as const;
    const bytes = VirtualNetwork.serialize(VIRTUAL_NETWORK.toWire(other));
    assert.deepEqual(VIRTUAL_NETWORK.fromWire(VirtualNetwork.deserialize(bytes)), other);
  });

  it('comes back as it was with a provider', () => {
    const bytes = VirtualNetwork.serialize(VIRTUAL_NETWORK.toWire(PROVIDER_NETWORK));
    assert.deepEqual(VIRTUAL_NETWORK.fromWire(VirtualNetwork.deserialize(bytes)), PROVIDER_NETWORK);
  });

  it('has the defaults of a provider network where it is one', () => {
    // Field 21, a message with field 1 "phys"; fields 9 and 10 by hand, as somebody says what must not be.
    const provider = Buffer.concat([
      Buffer.from([0xaa, 0x01, 0x06, 0x0a, 0x04]),
      Buffer.from('phys'),
    ]);
    const bare = VIRTUAL_NETWORK.specFromWire(VirtualNetwork.deserialize(provider), []);
    const { encapsulation, learning, arpSuppression, provider: place } = bare;
    assert.deepEqual(
      { encapsulation, learning, arpSuppression, place },
      { ...PROVIDER_DEFAULTS, place: { uplink: 'phys', vlan: 0 } },
    );
    const odd = Buffer.concat([provider, Buffer.from([0x48, 0x00, 0x50, 0x01])]);
    const said = VIRTUAL_NETWORK.specFromWire(VirtualNetwork.deserialize(odd), []);
    assert.deepEqual([said.learning, said.arpSuppression], [false, true]);
  });

  it('tells a VNI of 0 from none', () => {
    const none = VirtualNetwork.deserialize(Buffer.alloc(0));
    assert.equal(VIRTUAL_NETWORK.specFromWire(none, []).vni, 0);
    // Field 4, a varint of 0.
    const zero = VirtualNetwork.deserialize(Buffer.from([0x20, 0x00]));
    assert.throws(() => VIRTUAL_NETWORK.specFromWire(zero, []), {
      code: 'INVALID_FIELD',
      message: 'virtual_network.vni: 0: not a VNI',
    });
  });

  // Bytes by hand: field 1 "virtualNetworks/blue", field 4 100, field 10 false.
  const bytes = Buffer.concat([
    Buffer.from([0x0a, 0x14]),
    Buffer.from('virtualNetworks/blue'),
    Buffer.from([0x20, 0x64, 0x50, 0x00]),
  ]);

  it('has defaults for what a caller leaves out', () => {
    const wire = VirtualNetwork.deserialize(bytes);
    assert.deepEqual(VIRTUAL_NETWORK.specFromWire(wire, Object.values(VIRTUAL_NETWORK.fields)), {
      displayName: '',
      tenant: 'default',
      vni: 100,
      encapsulation: 'VXLAN',
      mtu: 0,
      bumMode: 'HEAD_END',
      bumGroup: '',
      learning: false,
      arpSuppression: false,
      prefixes: [],
      underlayFamily: 'IPV4',
      driftPolicy: 'DEFAULT',
      labels: {},
    });
  });

  it('knows which fields were set, also to false', () => {
    assert.deepEqual(VIRTUAL_NETWORK.setFields(VirtualNetwork.deserialize(bytes)), [
      'vni',
      'arp_suppression',
    ]);
  });

  const odd: [field: string, bytes: number[], message: string][] = [
    ['encapsulation', [0x28, 0x07], 'virtual_network.encapsulation: 7: not a value of this enum'],
    ['bum_mode', [0x38, 0x63], 'virtual_network.bum_mode: 99: not a value of this enum'],
    [
      'underlay_family',
      [0x60, 0x03],
      'virtual_network.underlay_family: 3: not a value of this enum',
    ],
  ];
  for (const [field, wire, message] of odd) {
    it(`refuses a value of ${field} that the enum does not have`, () => {
      const decoded = VirtualNetwork.deserialize(Buffer.from(wire));
      assert.throws(
        () => VIRTUAL_NETWORK.specFromWire(decoded, Object.values(VIRTUAL_NETWORK.fields)),
        { message },
      );
    });
  }
});
