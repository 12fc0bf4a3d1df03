import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  afterHistory,
  afterKey,
  afterPrefix,
  currentKey,
  decodeLog,
  decodeState,
  decodeVersion,
  encodeLog,
  encodeState,
  encodeVersion,
  historyKey,
  historyPrefix,
  logKey,
  parseHistoryKey,
  parseLogKey,
  STATE_KEY,
  unseal,
  utf8,
} from '../../../../src/store/lmdb/layout.js';

const MAX = Number.MAX_SAFE_INTEGER;
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
const revision = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, MAX - 1, MAX),
);
const sign = Math.sign;
const hex = (...parts: string[]): Buffer => Buffer.from(parts.join('').replaceAll(' ', ''), 'hex');

describe('lmdb/layout', () => {
  it('has the keys that its grammar says', () => {
    assert.deepEqual(STATE_KEY, hex('01'));
    assert.deepEqual(currentKey(utf8('aé')), hex('02 61 c3 a9'));
    assert.deepEqual(historyKey(utf8('a\u0000'), 258), hex('03 62 01 00 0000000000000102'));
    assert.deepEqual(logKey(MAX), hex('04 001fffffffffffff'));
  });

  it('has the records that its grammar says', () => {
    const state = { storeId: 'id', epoch: 1, revision: 5, compactRevision: 3, purgedRevision: 2 };
    const version = { createRevision: 3, modRevision: 4, value: utf8('é') };
    const payloads = [
      [
        '00000001 0000000000000001 0000000000000005 0000000000000003 0000000000000002 6964',
        encodeState(state),
      ],
      ['0000000000000003 0000000000000004 c3a9', encodeVersion(currentKey(utf8('k')), version)],
      [
        '00 0001 61 03 0002 c3a9',
        encodeLog(7, [
          { kind: 'put', key: utf8('a'), replaced: false },
          { kind: 'delete', key: utf8('é'), replaced: true },
        ]),
      ],
    ] as const;
    for (const [payload, record] of payloads) assert.deepEqual(record.subarray(4), hex(payload));
  });

  it('orders keys as their UTF-8 bytes, and history by key and revision', () => {
    fc.assert(
      fc.property(text, text, revision, revision, (a, b, r, s) => {
        const keys = sign(Buffer.compare(utf8(a), utf8(b)));
        assert.equal(sign(currentKey(utf8(a)).compare(currentKey(utf8(b)))), keys);
        const history = sign(historyKey(utf8(a), r).compare(historyKey(utf8(b), s)));
        assert.equal(history, keys === 0 ? sign(r - s) : keys);
        assert.equal(sign(logKey(r).compare(logKey(s))), sign(r - s));
      }),
    );
  });

  it('has bounds that hold just what they should', () => {
    fc.assert(
      fc.property(text, text, revision, (a, b, r) => {
        const key = utf8(b);
        const prefixed = key.subarray(0, utf8(a).length).equals(utf8(a));
        const inside = (at: Buffer, from: Buffer): boolean =>
          at.compare(from) >= 0 && at.compare(afterPrefix(from)) < 0;
        assert.equal(inside(currentKey(key), currentKey(utf8(a))), prefixed);
        assert.equal(inside(historyKey(key, r), historyPrefix(utf8(a))), prefixed);
        const after = Buffer.compare(key, utf8(a)) > 0;
        assert.equal(currentKey(key).compare(afterKey(currentKey(utf8(a)))) >= 0, after);
        assert.equal(historyKey(key, r).compare(afterHistory(utf8(a))) >= 0, after);
      }),
    );
  });

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(text, text, revision, fc.boolean(), (key, value, r, flag) => {
        assert.deepEqual(parseHistoryKey(historyKey(utf8(key), r)), { key: utf8(key), until: r });
        assert.equal(parseLogKey(logKey(r)), r);
        const version = { createRevision: 1, modRevision: r, value: utf8(value) };
        const at = currentKey(utf8(key));
        const payload = unseal(at, encodeVersion(at, version)) ?? Buffer.alloc(0);
        assert.deepEqual(decodeVersion(payload), version);
        const kind = flag ? ('put' as const) : ('delete' as const);
        const ops = [{ kind, key: utf8(key), replaced: !flag }];
        assert.deepEqual(decodeLog(unseal(logKey(r), encodeLog(r, ops)) ?? Buffer.alloc(0)), ops);
      }),
    );
  });

  it('finds any bit that is not as it was, and a record in another place', () => {
    const key = currentKey(utf8('key'));
    const record = encodeVersion(key, { createRevision: 1, modRevision: 2, value: utf8('value') });
    for (let bit = 0; bit < record.length * 8; bit++) {
      const flipped = Buffer.from(record);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.equal(unseal(key, flipped), undefined);
    }
    assert.equal(unseal(currentKey(utf8('kez')), record), undefined);
    assert.equal(unseal(key, record.subarray(0, 3)), undefined);
  });

  const u64 = (n: number): string => n.toString(16).padStart(16, '0');
  const malformed: readonly [string, () => unknown][] = [
    ['a short state', () => decodeState(hex('00000001'))],
    ['a state without an id', () => decodeState(hex('00000001', u64(1), u64(5), u64(3), u64(2)))],
    [
      'a compaction beyond the revision',
      () => decodeState(hex('00000001', u64(1), u64(2), u64(3), u64(2), '69')),
    ],
    [
      'a purge beyond the compaction',
      () => decodeState(hex('00000001', u64(1), u64(5), u64(3), u64(4), '69')),
    ],
    [
      'a revision beyond 2^53',
      () => decodeState(hex('00000001', u64(1), 'ffffffffffffffff', u64(3), u64(2), '69')),
    ],
    ['a short version', () => decodeVersion(hex(u64(1)))],
    ['a version made after its change', () => decodeVersion(hex(u64(3), u64(2)))],
    ['a version of revision 0', () => decodeVersion(hex(u64(0), u64(2)))],
    ['an empty log', () => decodeLog(hex(''))],
    ['a log that is cut off', () => decodeLog(hex('00 0002 61'))],
    ['a log of unknown operations', () => decodeLog(hex('04 0001 61'))],
    ['a log with a rest', () => decodeLog(hex('00 0001 61 00'))],
    ['a short history key', () => parseHistoryKey(hex('03 00', u64(1)))],
    ['a history key without its end mark', () => parseHistoryKey(hex('03 62 62', u64(1)))],
    ['a history key with two end marks', () => parseHistoryKey(hex('03 62 00 62 00', u64(1)))],
    ['a long log key', () => parseLogKey(hex('04 00', u64(1)))],
  ];
  for (const [what, decode] of malformed) {
    it(`does not take ${what}`, () => {
      assert.equal(decode(), undefined);
    });
  }

  it('says that a store is of another format', () => {
    const payload = hex('00000002', u64(1), u64(5), u64(3), u64(2), '69');
    assert.throws(() => decodeState(payload), { code: 'STORE_DAMAGED', message: /format 2/ });
  });
});
