import assert from 'node:assert/strict';
import { z } from 'zod';
import { checkValue } from '../../../src/model/zod-problems.js';

const text = z.string();

interface Row {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly told: readonly string[];
}

const rows: Row[] = [
  {
    name: 'a wrong type',
    schema: z.number(),
    value: 'five',
    told: [': five: text, not a number; give a number'],
  },
  {
    name: 'a number where text belongs',
    schema: z.strictObject({ name: text }),
    value: { name: 10 },
    told: ['name: 10: a number, not text; put it in quotes: "10"'],
  },
  {
    name: 'a fraction',
    schema: z.strictObject({ n: z.int() }),
    value: { n: 1.5 },
    told: ['n: 1.5: a number with a fraction, not a whole number; give a whole number'],
  },
  {
    name: 'nothing after a key',
    schema: z.strictObject({ name: text }),
    value: { name: null },
    told: ['name: null: nothing, not text; give text'],
  },
  {
    name: 'a list where a mapping belongs',
    schema: z.strictObject({}),
    value: [],
    told: [': : a list, not a mapping of keys to values; give a mapping of keys to values'],
  },
  {
    name: 'a mapping where a list belongs',
    schema: z.array(text),
    value: {},
    told: [': [object Object]: a mapping, not a list; give a list'],
  },
  {
    name: 'text where true or false belongs',
    schema: z.boolean(),
    value: 'yes',
    told: [': yes: text, not true or false; give true or false'],
  },
  {
    name: 'what is missing',
    schema: z.strictObject({ a: text, b: z.enum(['X', 'Y']), c: z.literal(5), d: z.array(text) }),
    value: {},
    told: [
      'a: undefined: missing; add it: text',
      'b: undefined: missing; add it: one of X, Y',
      'c: undefined: missing; add it: "5"',
      'd: undefined: missing; add it: a list',
    ],
  },
  {
    name: 'a value that is none of those allowed',
    schema: z.enum(['X', 'Y']),
    value: 'Z',
    told: [': Z: not one of those allowed; give one of X, Y'],
  },
  {
    name: 'an unknown tag of a union',
    schema: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('A') }),
      z.strictObject({ kind: z.literal('B') }),
    ]),
    value: { kind: 'C' },
    told: ['kind: C: not one of those allowed; give one of A, B'],
  },
  {
    name: 'what fits no form of a union',
    schema: z.union([z.boolean(), text]),
    value: 3,
    told: [': 3: not one of those allowed; give true or false, or text'],
  },
  {
    name: 'bounds of numbers',
    schema: z.tuple([z.int().max(10), z.number().min(1)]),
    value: [11, 0],
    told: ['0: 11: out of range; give at most 10', '1: 0: out of range; give at least 1'],
  },
  {
    name: 'bounds of texts',
    schema: z.tuple([text.max(2), text.min(2)]),
    value: ['abc', 'a'],
    told: [
      '0: abc: too long; give at most 2 characters',
      '1: a: too short; give at least 2 characters',
    ],
  },
  {
    name: 'bounds of lists',
    schema: z.tuple([z.array(text).max(1), z.array(text).min(1)]),
    value: [['a', 'b'], []],
    told: ['0: a,b: too many; give at most 1', '1: : too few; give at least 1'],
  },
  {
    name: 'a wrong form',
    schema: text.regex(/^[a-z]+$/),
    value: 'A',
    told: [': A: of the wrong form; give one that matches /^[a-z]+$/'],
  },
  {
    name: "a schema's own words",
    schema: z.int({ error: 'not a port; give 1-65535' }),
    value: 'http',
    told: [': http: not a port; give 1-65535'],
  },
  {
    name: "a schema's own words without a remedy",
    schema: text.refine((s) => s === 'a', { error: 'not a' }),
    value: 'b',
    told: [': b: not a; correct it'],
  },
  {
    name: 'unknown keys, with the one that was meant',
    schema: z.strictObject({ vni: z.int().optional(), mtu: z.int().optional() }),
    value: { vnii: 1, colour: 2 },
    told: [
      'vnii: vnii: unknown key; did you mean "vni"? known: vni, mtu',
      'colour: colour: unknown key; known: vni, mtu',
    ],
  },
  {
    name: 'keys where there may be none',
    schema: z.strictObject({}),
    value: { a: 1 },
    told: ['a: a: unknown key; none is allowed here'],
  },
  {
    name: 'keys of the wrong form',
    schema: z.record(text.regex(/^[a-z]+$/, { error: 'not a key; give a-z' }), text),
    value: { A: 'x' },
    told: ['A: A: not a key; give a-z'],
  },
  {
    name: 'what lies deep inside',
    schema: z.strictObject({ a: z.array(z.strictObject({ b: z.int() })) }),
    value: { a: [{ b: 1 }, { b: 'x' }] },
    told: ['a.1.b: x: text, not a number; give a number'],
  },
];

describe('checkValue', () => {
  for (const { name, schema, value, told } of rows) {
    it(`tells ${name}`, () => {
      const checked = checkValue(schema, value);
      assert.ok(!checked.ok);
      assert.deepEqual(
        checked.problems.map((p) => {
          return `${p.path.join('.')}: ${String(p.value)}: ${p.reason}; ${p.remedy}`;
        }),
        told,
      );
    });
  }

  it('gives what is right its type, with defaults and transformations', () => {
    const schema = z.strictObject({ n: z.int().default(5), s: text.transform((s) => s.length) });
    assert.deepEqual(checkValue(schema, { s: 'abc' }), { ok: true, value: { n: 5, s: 3 } });
  });

  it('says of a key that it is the key', () => {
    const checked = checkValue(z.strictObject({}), { a: 1 });
    assert.ok(!checked.ok);
    assert.deepEqual(
      checked.problems.map(({ what }) => what),
      ['key'],
    );
  });

  it('stops at a number of problems that somebody may read', () => {
    const checked = checkValue(z.array(text), Array<number>(100_000).fill(1));
    assert.ok(!checked.ok);
    assert.ok(checked.problems.length <= 60);
    const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, 1]));
    const unknown = checkValue(z.strictObject({ k: text }), keys);
    assert.ok(!unknown.ok);
    assert.ok(unknown.problems.length <= 60);
  });
});
