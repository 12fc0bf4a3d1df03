import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/model/canonical.js';

/** The same, with the fields of each object the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, each]) => [key, turned(each)] as const);
  return Object.fromEntries(fields.reverse());
}

function keysIn(text: string): string[] {
  const keys: string[] = [];
  JSON.parse(text, (key: string, value: unknown) => {
    keys.push(key);
    return value;
  });
  return keys;
}

describe('canonical JSON', () => {
  const ROWS: readonly [value: unknown, text: string][] = [
    [{ b: 1, a: { d: [], c: 'é' } }, '{"a":{"c":"é","d":[]},"b":1}'],
    [{ a: { c: 'é', d: [] }, b: 1 }, '{"a":{"c":"é","d":[]},"b":1}'],
    [{ a: undefined, b: null }, '{"b":null}'],
    [{ b: undefined, a: null }, '{"a":null}'],
    [{ a: [{ z: 1, y: undefined }], b: 2 }, '{"a":[{"z":1}],"b":2}'],
    // An object has its integers first, whatever their order as texts.
    [{ 9: 'a', 10: 'b' }, '{"10":"b","9":"a"}'],
    [[undefined, { b: 1, a: 2 }], '[null,{"a":2,"b":1}]'],
    ['a "quote"', '"a \\"quote\\""'],
    [undefined, 'null'],
  ];
  for (const [value, text] of ROWS) {
    it(text, () => {
      assert.equal(canonicalJson(value), text);
    });
  }

  it('is the value, and the same in whatever order its fields are', () => {
    const values = fc.jsonValue({ noUnicodeString: false });
    fc.assert(
      fc.property(values, (value) => {
        const text = canonicalJson(value);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.equal(canonicalJson(turned(value)), text);
        assert.deepEqual(keysIn(canonicalJson(turned(value))), keysIn(text));
      }),
    );
  });
});
