import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import {
  EnumTable,
  fieldsToChange,
  fromInteger,
  fromTimestamp,
  pick,
  toTimestamp,
} from '../../../../src/rpc/convert/common.js';

function failsWith(run: () => unknown, code: string, message: string): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof NfvError);
    assert.deepEqual([error.code, error.message], [code, message]);
    return true;
  });
}

describe('timestamps', () => {
  const rows: [text: string, seconds: number, nanos: number][] = [
    ['2026-01-02T03:04:05.678Z', 1767323045, 678_000_000],
    ['1970-01-01T00:00:00.000Z', 0, 0],
    ['1969-12-31T23:59:59.999Z', -1, 999_000_000],
  ];
  for (const [text, seconds, nanos] of rows) {
    it(text, () => {
      assert.deepEqual(toTimestamp(text), { seconds, nanos });
      assert.equal(fromTimestamp({ seconds, nanos }), text);
    });
  }

  it('has none for an empty text', () => {
    assert.equal(toTimestamp(''), null);
    assert.equal(fromTimestamp(null), '');
  });

  it('refuses what no date can be', () => {
    failsWith(
      () => fromTimestamp({ seconds: 1e15, nanos: 0 }),
      'INVALID_FIELD',
      'time: 1000000000000000000: out of range',
    );
  });
});

describe('fromInteger', () => {
  it('takes what JavaScript can count', () => {
    assert.equal(fromInteger('revision', 0), 0);
    assert.equal(fromInteger('revision', Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  });
  for (const value of [-1, 2 ** 53, 1.5, NaN]) {
    it(`refuses ${value}`, () => {
      assert.throws(() => fromInteger('revision', value), /revision: .*: out of range/);
    });
  }
});

describe('EnumTable', () => {
  const table = new EnumTable<'UP' | 'DOWN', 'STATE_UP' | 'STATE_DOWN'>(['UP', 'DOWN'], {
    UP: 'STATE_UP',
    DOWN: 'STATE_DOWN',
  });

  it('goes both ways', () => {
    assert.equal(table.toWire('DOWN'), 'STATE_DOWN');
    assert.equal(table.fromWire('state', 'STATE_DOWN'), 'DOWN');
  });

  it('has a fallback for what is unspecified', () => {
    assert.equal(table.fromWire('state', 'STATE_UNSPECIFIED', 'UP'), 'UP');
  });

  it('refuses what is unspecified without a fallback', () => {
    failsWith(
      () => table.fromWire('state', 'STATE_UNSPECIFIED'),
      'INVALID_FIELD',
      'state: STATE_UNSPECIFIED: not a value of this enum',
    );
  });

  // The decoder gives numbers for values that the proto file does not name.
  for (const value of [7, -1, 'STATE_SIDEWAYS', 'UP']) {
    it(`refuses ${value}, also with a fallback`, () => {
      failsWith(
        () => table.fromWire('state', value, 'UP'),
        'INVALID_FIELD',
        `state: ${value}: not a value of this enum`,
      );
    });
  }
});

describe('fieldsToChange', () => {
  interface Spec {
    readonly displayName: string;
    readonly mtu: number;
  }
  const type = {
    collection: 'virtualNetworks',
    fields: { display_name: 'displayName', mtu: 'mtu' },
    setFields: (set: string[]) => set,
    specFromWire: (): Spec => ({ displayName: '', mtu: 0 }),
  } as const;

  it('takes those of the mask', () => {
    assert.deepEqual(fieldsToChange(type, ['mtu'], { paths: ['display_name'] }), ['displayName']);
  });

  it('takes those that are set, without a mask', () => {
    assert.deepEqual(fieldsToChange(type, ['mtu'], null), ['mtu']);
    assert.deepEqual(fieldsToChange(type, ['mtu'], { paths: [] }), ['mtu']);
  });

  it('takes all for *', () => {
    assert.deepEqual(fieldsToChange(type, [], { paths: ['*'] }), ['displayName', 'mtu']);
  });

  for (const path of ['name', 'vni', 'displayName', 'display_name.x', 'toString', '']) {
    it(`refuses "${path}"`, () => {
      assert.throws(
        () => fieldsToChange(type, [], { paths: ['mtu', path] }),
        (error) => error instanceof NfvError && error.code === 'INVALID_FIELD_MASK',
      );
      assert.throws(() => fieldsToChange(type, [], { paths: ['*', path] }));
    });
  }

  it('has the changes of just those fields', () => {
    assert.deepEqual(pick<Spec>({ displayName: 'a', mtu: 5 }, ['mtu']), { mtu: 5 });
  });
});
