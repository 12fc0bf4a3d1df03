/** What is put together of pieces reads as what is encoded as a whole. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dependenciesOf, keyOf, type Item, type Payload } from '../../../src/model/item.js';
import type { Delta } from '../../../src/model/southbound.js';
import { fromNvaFromWire, fromNvaToWire } from '../../../src/rpc/convert/southbound.js';
import { DeltaEncoder, takingEncoded } from '../../../src/rpc/delta-encoder.js';
import type { ConnectResponse } from '../../../src/rpc/gen/nfv/v1/ConnectResponse.js';
import { loadProtos } from '../../../src/rpc/load.js';

const { service } = loadProtos().protos.nfv.v1.NveSessionService;
const { responseSerialize: serialize, responseDeserialize: deserialize } = service.Connect;

const itemOf = (payload: Payload, version = 'v'): Item => {
  return { key: keyOf(payload), version, dependsOn: dependenciesOf(payload), payload };
};
const mac = (n: number): string => `02:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`;
const hex = (n: number): string => n.toString(16).padStart(2, '0');

/** Of kinds that NVEs have alike, and that each has for itself. */
const makers: readonly ((n: number) => Payload)[] = [
  (n) => ({ kind: 'mac_entry', vni: 100, mac: mac(n), via: { kind: 'remote', vtep: '192.0.2.1' } }),
  (n) => ({ kind: 'neighbor_entry', vni: n, ip: '2001:db8::1', mac: mac(n) }),
  (n) => ({ kind: 'neighbor_entry', vni: n, ip: '10.0.0.1', mac: mac(n), announce: true }),
  (n) => ({ kind: 'flood_member', vni: n, remote: '192.0.2.1' }),
  (n) => ({ kind: 'tunnel', vni: n, remote: '192.0.2.1', local: '192.0.2.2' }),
  (n) => ({ kind: 'vtep', address: `192.0.${n & 127}.1` }),
];
const items = fc.array(
  fc
    .tuple(fc.constantFrom(...makers), fc.integer({ min: 1, max: 0xffff }), fc.string())
    .map(([make, n, version]) => itemOf(make(n), version)),
  { maxLength: 40 },
);
const deltas: fc.Arbitrary<Delta> = fc
  .record({
    sequence: fc.nat(),
    epoch: fc.nat(),
    revision: fc.nat(),
    upserts: items,
    removes: fc.array(fc.string(), { maxLength: 5 }),
    complete: fc.boolean(),
  })
  .map((fields) => ({ kind: 'delta', ...fields }));

const delta = (upserts: readonly Item[]): Delta => {
  return {
    ...{ kind: 'delta', sequence: 1, epoch: 2, revision: 3 },
    ...{ upserts, removes: [], complete: true },
  };
};
const read = (bytes: Buffer): unknown => fromNvaFromWire(deserialize(bytes));
const whole = (message: Delta): unknown => read(serialize(fromNvaToWire(message)));

describe('the encoder of deltas', () => {
  it('makes what reads as the whole, in its order, also of what it made before', () => {
    const encoder = new DeltaEncoder(serialize);
    fc.assert(
      fc.property(deltas, (message) => {
        for (const time of ['first', 'second']) {
          assert.deepEqual(read(encoder.encode(message).bytes), whole(message), time);
        }
      }),
    );
  });

  // A version of this length is put around by lengths of one to four bytes.
  for (const length of [1, 40, 100, 127, 128, 16_200, 16_400, 2_097_100, 2_097_200]) {
    it(`knows the length of a message with ${length} bytes in it`, () => {
      const payload: Payload = { kind: 'flood_member', vni: 1, remote: '192.0.2.1' };
      const message = delta([itemOf(payload, 'é'.repeat(length / 2) + 'v'.repeat(length % 2))]);
      const { bytes } = new DeltaEncoder(serialize).encode(message);
      assert.deepEqual(read(bytes), whole(message));
      assert.equal(bytes.length, serialize(fromNvaToWire(message)).length);
    });
  }

  it('encodes once what many have, and each time what only one has', () => {
    const encoded: number[] = [];
    const encoder = new DeltaEncoder((response: ConnectResponse) => {
      encoded.push(response.delta?.upserts?.length ?? 0);
      return serialize(response);
    });
    const [entry, , , , tunnel, vtep] = makers.map((make) => itemOf(make(1)));
    assert.ok(entry !== undefined && tunnel !== undefined && vtep !== undefined);
    for (let n = 0; n < 3; n++) {
      encoded.length = 0;
      encoder.encode(delta([tunnel, vtep, entry, tunnel]));
      assert.deepEqual(encoded, n === 0 ? [0, 2, 1, 1] : [0, 2, 1]);
    }
  });

  it('leaves other responses to the service', () => {
    const { Connect } = takingEncoded(service);
    const welcome = { welcome: { protocol_version: 1 } };
    assert.deepEqual(Connect.responseSerialize(welcome), serialize(welcome));
    const message = delta([]);
    const encoded = new DeltaEncoder(serialize).encode(message);
    assert.deepEqual(deserialize(Connect.responseSerialize(encoded)), deserialize(encoded.bytes));
  });
});
