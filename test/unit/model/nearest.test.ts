import assert from 'node:assert/strict';
import fc from 'fast-check';
import { editDistance, nearest } from '../../../src/model/nearest.js';

const KNOWN = ['vni', 'mtu', 'prefixes', 'displayName', 'hostInterface'];

describe('nearest', () => {
  const rows: [string, string | undefined][] = [
    ['vnii', 'vni'],
    ['vin', 'vni'],
    ['prefix', 'prefixes'],
    ['prefixs', 'prefixes'],
    ['displayname', 'displayName'],
    ['host_interface', 'hostInterface'],
    ['interface', undefined],
    ['colour', undefined],
    ['a', undefined],
    ['', undefined],
  ];
  for (const [word, meant] of rows) {
    it(`takes "${word}" for ${meant ?? 'nothing known'}`, () => {
      assert.equal(nearest(word, KNOWN), meant);
    });
  }
});

describe('editDistance', () => {
  const rows: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['abcd', 'acbd', 1],
  ];
  for (const [a, b, distance] of rows) {
    it(`of "${a}" and "${b}" is ${distance}`, () => {
      assert.equal(editDistance(a, b), distance);
    });
  }

  it('is the same both ways, 0 for the same, and at most the longer length', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        assert.equal(distance, editDistance(b, a));
        assert.equal(distance === 0, a === b);
        assert.ok(distance <= Math.max(a.length, b.length));
        assert.ok(distance >= Math.abs(a.length - b.length));
      }),
    );
  });
});
