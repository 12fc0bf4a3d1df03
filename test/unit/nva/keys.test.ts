import assert from 'node:assert/strict';
import { COLLECTIONS } from '../../../src/model/names.js';
import { parseResourceKey, ROOT, specKey, statusKey } from '../../../src/nva/keys.js';

describe('keys of the store', () => {
  for (const collection of COLLECTIONS) {
    it(`tell specification and status of ${collection}`, () => {
      assert.deepEqual(parseResourceKey(specKey(collection, 'x-1')), {
        part: 'spec',
        collection,
        id: 'x-1',
      });
      assert.deepEqual(parseResourceKey(statusKey(collection, 'x-1')), {
        part: 'status',
        collection,
        id: 'x-1',
      });
    });
  }

  for (const key of [
    `${ROOT}i/vni/100`,
    `${ROOT}g/vn/blue`,
    `${ROOT}q/6b0c`,
    `${ROOT}r/bridges/x`,
    '/other/r/nves/a',
    '',
  ]) {
    it(`take ${key === '' ? 'the empty key' : key} for no resource`, () => {
      assert.equal(parseResourceKey(key), undefined);
    });
  }
});
