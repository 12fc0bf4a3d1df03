import assert from 'node:assert/strict';
import fc from 'fast-check';
import { escapeOutput, escapeText } from '../../../src/cli/escape.js';

describe('escapeText', () => {
  const rows: [name: string, text: string, shown: string][] = [
    ['plain text', 'web-1: größer, 网络 🙂', 'web-1: größer, 网络 🙂'],
    ['a colour', '\u001b[31mred', '\\u001b[31mred'],
    ['the title of a window', '\u001b]0;x\u0007', '\\u001b]0;x\\u0007'],
    ['a C1 control sequence', '\u009b2J', '\\u009b2J'],
    ['line breaks and tabs', 'a\r\nb\tc', 'a\\u000d\\u000ab\\u0009c'],
    ['delete and null', '\u007f\u0000', '\\u007f\\u0000'],
    ['a change of direction', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['line separators', '\u2028\u2029\u0085', '\\u2028\\u2029\\u0085'],
  ];
  for (const [name, text, shown] of rows) {
    it(`shows ${name}`, () => {
      assert.equal(escapeText(text), shown);
    });
  }

  it('leaves nothing that a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(escapeText(text), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('escapeOutput', () => {
  it('leaves line breaks, which the output itself has', () => {
    assert.equal(escapeOutput('a\nb\u001b\r\u009b'), 'a\nb\\u001b\\u000d\\u009b');
  });

  it('leaves JSON the same to who reads it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed: unknown = JSON.parse(escapeOutput(JSON.stringify(text, undefined, 2)));
        assert.equal(parsed, JSON.parse(JSON.stringify(text)));
      }),
    );
  });
});
