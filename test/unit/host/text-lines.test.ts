import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TextLines } from '../../../src/host/text-lines.js';

describe('TextLines', () => {
  it('cuts at every line end, wherever the chunks end', () => {
    const text = 'one\n\nthree and more\nlast';
    for (let cut = 0; cut <= text.length; cut++) {
      const lines = new TextLines(100);
      const found = [...lines.push(text.slice(0, cut)), ...lines.push(text.slice(cut))];
      assert.deepEqual(found, ['one', '', 'three and more']);
      assert.equal(lines.rest(), 'last');
      assert.equal(lines.rest(), '');
    }
  });

  it('gives back what was split, in any chunks', () => {
    const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 9 }));
    fc.assert(
      fc.property(chunks, (parts) => {
        const lines = new TextLines(1000);
        const found = parts.flatMap((part) => lines.push(part));
        assert.equal([...found, lines.rest()].join('\n'), parts.join(''));
      }),
    );
  });

  it('bounds a line, whether it comes at once or in parts', () => {
    assert.deepEqual(new TextLines(3).push('abc\nabc\n'), ['abc', 'abc']);
    assert.throws(() => new TextLines(3).push('abcd\n'), RangeError);
    const lines = new TextLines(3);
    lines.push('ab');
    assert.throws(() => lines.push('cd'), RangeError);
  });
});
