import assert from 'node:assert/strict';
import { FIRST_ADDRESS } from '../../../../src/model/subnet.js';
import { SUBNET as CONVERT } from '../../../../src/rpc/convert/subnet.js';
import { loadProtos } from '../../../../src/rpc/load.js';
import { SUBNET } from '../../../support/samples.js';

const { Subnet } = loadProtos().protos.nfv.v1;
const ALL = Object.values(CONVERT.fields);

function field(number: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, text.length]), Buffer.from(text)]);
}

const NETWORK = field(3, 'virtualNetworks/blue');
const PREFIX = field(4, '10.0.0.0/24');

describe('a subnet on the wire', () => {
  it('has every field', () => {
    assert.deepEqual(CONVERT.toWire(SUBNET), {
      name: 'subnets/blue-v4',
      display_name: 'Blue, IPv4',
      network: 'virtualNetworks/blue',
      prefix: '10.0.0.0/24',
      gateway: '10.0.0.254',
      pools: [
        { first: '10.0.0.10', last: '10.0.0.99' },
        { first: '10.0.0.200', last: '10.0.0.200' },
      ],
      labels: { site: 'a' },
      etag: 'abc123',
      revision: 42,
      create_time: { seconds: 1767261600, nanos: 0 },
      update_time: { seconds: 1767353400, nanos: 0 },
    });
  });

  for (const spec of [
    SUBNET.spec,
    { ...SUBNET.spec, displayName: '', gateway: '', pools: [], labels: {} },
  ]) {
    it(`comes back as it was, with the gateway "${spec.gateway}"`, () => {
      const subnet = { ...SUBNET, spec };
      const bytes = Subnet.serialize(CONVERT.toWire(subnet));
      assert.deepEqual(CONVERT.fromWire(Subnet.deserialize(bytes)), subnet);
    });
  }

  it('has the gateway as its fifth field, also an empty one', () => {
    const wire = (gateway: string): Buffer =>
      Subnet.serialize(CONVERT.specToWire({ ...SUBNET.spec, gateway }));
    assert.ok(wire('10.0.0.254').includes(field(5, '10.0.0.254')));
    assert.ok(wire('').includes(Buffer.concat([PREFIX, field(5, '')])));
    const none = Subnet.deserialize(wire(FIRST_ADDRESS));
    assert.equal(none._gateway, undefined);
    assert.equal(CONVERT.specFromWire(none, ALL).gateway, FIRST_ADDRESS);
  });

  it('has defaults for what a caller leaves out', () => {
    const wire = Subnet.deserialize(Buffer.concat([NETWORK, PREFIX]));
    assert.deepEqual(CONVERT.specFromWire(wire, ALL), {
      displayName: '',
      network: 'blue',
      prefix: '10.0.0.0/24',
      gateway: FIRST_ADDRESS,
      pools: [],
      labels: {},
    });
    assert.deepEqual(CONVERT.setFields(wire), ['network', 'prefix']);
  });

  it('tells an empty gateway from none', () => {
    const wire = Subnet.deserialize(Buffer.concat([NETWORK, PREFIX, field(5, '')]));
    assert.equal(CONVERT.specFromWire(wire, ALL).gateway, '');
    assert.deepEqual(CONVERT.setFields(wire), ['network', 'prefix', 'gateway']);
  });

  it('has its pools as its sixth field', () => {
    const pool = Buffer.concat([field(1, '10.0.0.1'), field(2, '10.0.0.9')]);
    const bytes = Buffer.concat([Buffer.from([0x32, pool.length]), pool]);
    const wire = Subnet.deserialize(bytes);
    const { pools } = CONVERT.specFromWire(wire, ['pools']);
    assert.deepEqual(pools, [{ first: '10.0.0.1', last: '10.0.0.9' }]);
    assert.deepEqual(CONVERT.setFields(wire), ['pools']);
  });

  it('does not ask for what an update leaves alone', () => {
    const wire = Subnet.deserialize(field(2, 'Blue'));
    assert.equal(CONVERT.specFromWire(wire, ['displayName']).displayName, 'Blue');
  });

  const wrong: [name: string, bytes: Buffer, message: string][] = [
    ['no network', PREFIX, 'subnet.network: (empty): not the name of such a resource'],
    ['an id for a name', field(3, 'blue'), 'subnet.network: blue: not the name of such a resource'],
    [
      'a name of something else',
      field(3, 'nves/host-a'),
      'subnet.network: nves/host-a: not the name of such a resource',
    ],
    [
      'a gateway that only the model knows',
      Buffer.concat([NETWORK, field(5, FIRST_ADDRESS)]),
      'subnet.gateway: first: not an IP address',
    ],
  ];
  for (const [name, bytes, message] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(() => CONVERT.specFromWire(Subnet.deserialize(bytes), ALL), {
        code: 'INVALID_FIELD',
        message,
      });
    });
  }
});
