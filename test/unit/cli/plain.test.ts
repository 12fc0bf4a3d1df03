import assert from 'node:assert/strict';
import { cellText, flattened, plain } from '../../../src/cli/plain.js';

describe('plain', () => {
  const rows: [what: string, value: unknown, json: string][] = [
    ['a 64-bit integer is its digits', 18446744073709551615n, '"18446744073709551615"'],
    ['octets are hexadecimal digits', Buffer.from([0, 171]), '"00ab"'],
    ['what JSON lacks is text', [NaN, Infinity, 1.5], '["NaN","Infinity",1.5]'],
    ['what is within is no different', { a: [{ b: 1n }] }, '{"a":[{"b":"1"}]}'],
    ['all else is itself', { a: true, b: 'x', c: null }, '{"a":true,"b":"x","c":null}'],
  ];
  for (const [what, value, json] of rows) {
    it(what, () => {
      assert.equal(JSON.stringify(plain(value)), json);
    });
  }
});

describe('cellText', () => {
  const rows: [value: unknown, text: string][] = [
    ['loop0', 'loop0'],
    [7, '7'],
    [2n ** 64n - 1n, '18446744073709551615'],
    [['A', 'B'], 'A,B'],
    [[], ''],
    [[{ a: 1n }], '[{"a":"1"}]'],
    [Buffer.from([1]), '01'],
    [false, 'false'],
  ];
  for (const [value, text] of rows) {
    it(text === '' ? 'nothing' : text, () => {
      assert.equal(cellText(value), text);
    });
  }
});

describe('flattened', () => {
  it('has the fields of structs as fields of its own', () => {
    const route = { prefix: '10.0.0.0/24', paths: [{ weight: 1 }], octets: Buffer.from([1]) };
    assert.deepEqual(flattened({ route, n: { deep: { x: 1n } } }), [
      ['route.prefix', '10.0.0.0/24'],
      ['route.paths', '[{"weight":1}]'],
      ['route.octets', '01'],
      ['n.deep.x', '1'],
    ]);
  });
});
