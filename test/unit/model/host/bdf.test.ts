import assert from 'node:assert/strict';
import { parseBdf, parseVfRef, vfRef } from '../../../../src/model/host/bdf.js';

describe('parseBdf', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['0000:41:00.0', '0000:41:00.0'],
    ['41:00.1', '0000:41:00.1'],
    ['0000:AB:1F.7', '0000:ab:1f.7'],
    ['10000:e1:00.0', '10000:e1:00.0'],
    ['0000:41:00', undefined],
    ['0000:41:00.8', undefined],
    ['0000:41:20.0', undefined],
    ['000:41:00.0', undefined],
    ['0000:41:0O.0', undefined],
    ['0000:41:00.0 ', undefined],
    ['', undefined],
  ];
  for (const [text, bdf] of rows) {
    it(JSON.stringify(text), () => {
      assert.equal(parseBdf(text), bdf);
    });
  }
});

describe('references to VFs', () => {
  it('name PF and index', () => {
    assert.equal(vfRef('0000:41:00.0', 12), '0000:41:00.0/vf12');
    assert.deepEqual(parseVfRef('0000:41:00.0/vf12'), { pf: '0000:41:00.0', index: 12 });
    assert.equal(parseVfRef('0000:41:00.0'), undefined);
  });
});
