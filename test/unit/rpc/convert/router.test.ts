import assert from 'node:assert/strict';
import { NEW_ROUTER } from '../../../../src/model/router.js';
import { ROUTER as CONVERT } from '../../../../src/rpc/convert/router.js';
import { loadProtos } from '../../../../src/rpc/load.js';
import { ROUTER } from '../../../support/samples.js';

const { Router } = loadProtos().protos.nfv.v1;
const ALL = Object.values(CONVERT.fields);

function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

describe('a router on the wire', () => {
  it('has every field', () => {
    assert.deepEqual(CONVERT.toWire(ROUTER), {
      name: 'routers/r1',
      display_name: 'To the rest',
      tenant: 'acme',
      vrf_id: 7,
      gateway_mac: '02:00:5e:00:00:01',
      subnets: ['subnets/blue-v4'],
      routes: [
        {
          prefix: '0.0.0.0/0',
          next_hops: [
            { address: '10.0.0.2', weight: 1 },
            { address: '10.0.0.3', weight: 3 },
          ],
          drop: false,
        },
        { prefix: '192.0.2.0/24', next_hops: [], drop: true },
      ],
      exits: [
        {
          subnet: 'subnets/up-v4',
          gateways: [
            { nve: 'nves/host-a', address: '198.51.100.11' },
            { nve: 'nves/host-b', address: '198.51.100.12' },
          ],
        },
      ],
      transit_vni: 4097,
      labels: { tier: 'gold' },
      etag: 'abc123',
      revision: 42,
      create_time: { seconds: 1767261600, nanos: 0 },
      update_time: { seconds: 1767353400, nanos: 0 },
    });
  });

  for (const router of [ROUTER, { ...ROUTER, spec: { ...NEW_ROUTER, vrfId: 9 } }]) {
    it(`comes back as it was: VRF ${router.spec.vrfId}`, () => {
      const bytes = Router.serialize(CONVERT.toWire(router));
      assert.deepEqual(CONVERT.fromWire(Router.deserialize(bytes)), router);
    });
  }

  it('has defaults for what a caller leaves out', () => {
    const wire = Router.deserialize(Buffer.alloc(0));
    assert.deepEqual(CONVERT.specFromWire(wire, ALL), {
      displayName: '',
      tenant: 'default',
      vrfId: 0,
      gatewayMac: '00:00:5e:00:01:01',
      subnets: [],
      routes: [],
      exits: [],
      transitVni: 0,
      labels: {},
    });
    assert.deepEqual(CONVERT.setFields(wire), []);
  });

  it('tells a VRF id of 0 from none', () => {
    assert.equal(CONVERT.specFromWire(Router.deserialize(Buffer.from([0x20, 7])), ALL).vrfId, 7);
    const zero = Router.deserialize(Buffer.from([0x20, 0]));
    assert.deepEqual(CONVERT.setFields(zero), ['vrf_id']);
    assert.throws(() => CONVERT.specFromWire(zero, ALL), {
      code: 'INVALID_FIELD',
      message: 'router.vrf_id: 0: not the id of tables',
    });
    assert.ok(!('vrf_id' in CONVERT.specToWire(NEW_ROUTER)));
  });

  it('has routes with next hops, of weight 1 where none is said', () => {
    const hop = field(1, '10.0.0.2');
    const heavy = Buffer.concat([field(1, '10.0.0.3'), Buffer.from([0x10, 5])]);
    const route = Buffer.concat([field(1, '0.0.0.0/0'), field(2, hop), field(2, heavy)]);
    const drop = Buffer.concat([field(1, '192.0.2.0/24'), Buffer.from([0x18, 1])]);
    const wire = Router.deserialize(Buffer.concat([field(7, route), field(7, drop)]));
    assert.deepEqual(CONVERT.specFromWire(wire, ALL).routes, [
      {
        prefix: '0.0.0.0/0',
        nextHops: [
          { address: '10.0.0.2', weight: 1 },
          { address: '10.0.0.3', weight: 5 },
        ],
        drop: false,
      },
      { prefix: '192.0.2.0/24', nextHops: [], drop: true },
    ]);
    assert.deepEqual(CONVERT.setFields(wire), ['routes']);
  });

  const wrong: [name: string, bytes: Buffer, message: string][] = [
    [
      'an id for the name of a subnet',
      Buffer.concat([field(6, 'subnets/a'), field(6, 'b')]),
      'router.subnets[1]: b: not the name of such a resource',
    ],
    [
      'a name of something else',
      field(6, 'virtualNetworks/blue'),
      'router.subnets[0]: virtualNetworks/blue: not the name of such a resource',
    ],
  ];
  for (const [name, bytes, message] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(() => CONVERT.specFromWire(Router.deserialize(bytes), ALL), {
        code: 'INVALID_FIELD',
        message,
      });
    });
  }
});
