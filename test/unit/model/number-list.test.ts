import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatNumberList, parseNumberList } from '../../../src/model/number-list.js';

describe('number lists', () => {
  const good: readonly (readonly [string, readonly number[]])[] = [
    ['', []],
    ['(null)', []],
    ['0', [0]],
    ['0-3,8', [0, 1, 2, 3, 8]],
    ['8,0-1', [0, 1, 8]],
    ['1-2,2-3', [1, 2, 3]],
  ];
  for (const [text, numbers] of good) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseNumberList(text), numbers);
    });
  }

  for (const text of ['a', '1-', '-1', '3-1', '1,,2', '1 2', '0-99999', '1-2-3', '0x3']) {
    it(`refuses ${text}`, () => {
      assert.equal(parseNumberList(text), undefined);
    });
  }

  it('writes what it reads', () => {
    assert.equal(formatNumberList([0, 1, 2, 5, 7, 8]), '0-2,5,7-8');
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), (set) => {
        const numbers = set.sort((a, b) => a - b);
        assert.deepEqual(parseNumberList(formatNumberList(numbers)), numbers);
      }),
    );
  });
});
