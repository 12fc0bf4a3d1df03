/** What one message of an NVE may have: docs/nve-protocol.md. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../../src/errors.js';
import type { FromNve } from '../../../../src/model/southbound.js';
import { fromNveFromWire } from '../../../../src/rpc/convert/southbound.js';
import { loadProtos } from '../../../../src/rpc/load.js';
import { runs } from '../../../support/runs.js';

const { ConnectRequest } = loadProtos().protos.nfv.v1;
type Wire = Parameters<typeof ConnectRequest.serialize>[0];

function read(wire: Wire): FromNve {
  return fromNveFromWire(ConnectRequest.deserialize(ConnectRequest.serialize(wire)));
}

const APPLIED = 1;
const FAILED = 2;
const long = (length: number): string => 'x'.repeat(length);
const many = <T>(length: number, of: T): T[] => Array.from({ length }, () => of);

/** Messages with one key each. */
const KEYED: [what: string, message: (key: string) => Wire][] = [
  ['held_items', (key) => ({ held_items: { entries: [{ key, version: '1' }] } })],
  ['item_reports', (key) => ({ item_reports: { entries: [{ key, outcome: APPLIED }] } })],
  ['drift_reports', (key) => ({ drift_reports: { drifts: [{ key, action: 1 }] } })],
  ['query_reply', (key) => ({ query_reply: { sights: [{ key, state: 1 }] } })],
  ['query_reply', (key) => ({ query_reply: { counters: [{ key }] } })],
];

const OVER: [name: string, wire: Wire, message: string][] = [
  ...KEYED.flatMap(([what, message]) =>
    [0, 257].map((length): (typeof OVER)[number] => [
      `a key of ${length} characters in ${what}`,
      message(long(length)),
      `${what} with a key of ${length} characters, not 1-256`,
    ]),
  ),
  [
    'a report of a long version',
    { item_reports: { entries: [{ key: 'k', version: long(65), outcome: FAILED }] } },
    'item_reports with a version of 65 characters, not 0-64',
  ],
  [
    'a held item of no version',
    { held_items: { entries: [{ key: 'k' }] } },
    'held_items with a version of 0 characters, not 1-64',
  ],
  [
    'a held item of a long version',
    { held_items: { entries: [{ key: 'k', version: long(65) }] } },
    'held_items with a version of 65 characters, not 1-64',
  ],
  [
    'too many drifts',
    { drift_reports: { drifts: many(101, { key: 'k', action: 1 }) } },
    'drift_reports with 101 entries, not 100',
  ],
  [
    'too many underlays',
    { underlay_report: { underlays: many(1001, {}) } },
    'underlay_report with 1001 entries, not 1000',
  ],
  [
    'an underlay of a long name',
    { underlay_report: { underlays: [{ interface: long(257) }] } },
    'underlays of 257 characters, not 0-256',
  ],
  [
    'an id that is long',
    { hello: { nve: long(257), capabilities: {} } },
    'nve of 257 characters, not 0-256',
  ],
  [
    'too much that it can do',
    { hello: { capabilities: { item_kinds: many(101, 'port') } } },
    'itemKinds with 101 entries, not 100',
  ],
  [
    'an uplink of a long name',
    { hello: { capabilities: { provider_uplinks: [{ name: long(257) }] } } },
    'provider_uplinks of 257 characters, not 0-256',
  ],
];

describe('limits of an NVE', () => {
  for (const [what, message] of KEYED) {
    it(`are kept by a key of 256 characters in ${what}`, () => {
      assert.equal(read(message(long(256))).kind, what);
    });
  }

  for (const [name, wire, message] of OVER) {
    it(`are exceeded by ${name}`, () => {
      assert.throws(() => read(wire), { code: 'PROTOCOL_VIOLATION', message });
    });
  }

  it('cut texts for people, and codes', () => {
    const [error_code, error_message] = [long(100), long(1000)];
    const failed = { key: 'k', outcome: FAILED, error_code, error_message } as const;
    const reports = read({ item_reports: { entries: [failed] } });
    const error = { code: `${long(61)}...`, message: `${long(497)}...` };
    assert.ok(reports.kind === 'item_reports');
    assert.deepEqual(reports.entries[0]?.failure, error);
    const reply = read({ query_reply: { id: 1, error_code, error_message } });
    assert.ok(reply.kind === 'query_reply');
    assert.deepEqual(reply.error, error);
  });

  const key = fc.oneof(fc.string(), fc.nat({ max: 300 }).map(long));
  const count = fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(99, 100, 101, 999, 1000, 1001));
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.nat({ max: 2000 }).map(long));
  const arbitrary = fc.record({
    ...{ key, version: key, text, code: text, count },
    value: fc.constantFrom(0, 1, 2),
    what: fc.constantFrom('held_items', 'item_reports', 'drift_reports', 'query_reply'),
  });

  it('hold for whatever is let in, and all else is told to be wrong', () => {
    fc.assert(
      fc.property(arbitrary, ({ key, version, text, code, count, value, what }) => {
        const failure = { error_code: code, error_message: text };
        const wires: Record<typeof what, Wire> = {
          held_items: { held_items: { entries: many(count, { key, version }) } },
          item_reports: {
            item_reports: { entries: many(count, { key, version, outcome: value, ...failure }) },
          },
          drift_reports: {
            drift_reports: { drifts: many(count, { key, difference: text, action: value }) },
          },
          query_reply: {
            query_reply: { sights: many(count, { key, state: value, detail: text }), ...failure },
          },
        };
        let message: FromNve;
        try {
          message = read(wires[what]);
        } catch (error) {
          assert.ok(error instanceof NfvError, String(error));
          assert.ok(['PROTOCOL_VIOLATION', 'INVALID_FIELD'].includes(error.code), error.code);
          assert.ok(error.message.length < 500);
          return;
        }
        assert.equal(message.kind, what);
        assert.ok(count <= (what === 'drift_reports' ? 100 : 1000));
        assert.ok(JSON.stringify(message).length < (count + 1) * 6 * (256 + 64 + 64 + 500 + 50));
      }),
      { numRuns: runs(300) },
    );
  });
});
