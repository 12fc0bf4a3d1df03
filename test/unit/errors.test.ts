import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { clip } from '../../src/errors.js';

describe('a text that is cut', () => {
  it('says so, and has no half of a character', () => {
    assert.equal(clip('abcdefgh', 8), 'abcdefgh');
    assert.equal(clip('abcdefghi', 8), 'abcde...');
    assert.equal(clip('abcd\u{1f600}fghi', 8), 'abcd...');
    assert.equal(clip('äöüßäöüßä', 8), 'äöüßä...');
  });

  it('keeps nothing of the rest in memory', () => {
    setFlagsFromString('--expose-gc');
    const collect = (): number => {
      runInNewContext('gc()');
      return process.memoryUsage().heapUsed;
    };
    const before = collect();
    const cut = Array.from({ length: 100 }, (_, i) =>
      clip(Buffer.alloc(1e6, 65 + i).toString(), 80),
    );
    const kept = collect() - before;
    assert.equal(cut.length, 100);
    assert.ok(kept < 20e6, `${kept} bytes of 100 MB`);
  });
});
