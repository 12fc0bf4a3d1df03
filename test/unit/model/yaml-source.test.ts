import assert from 'node:assert/strict';
import { readDocuments, Source } from '../../../src/model/yaml-source.js';

function faults(text: string, maxTokens = 1_000_000): string[] {
  return readDocuments(new Source(text), maxTokens).faults.map(
    ({ at, value, reason, remedy }) =>
      `${at.line}:${at.column} ${JSON.stringify(value)}: ${reason}; ${remedy}`,
  );
}

describe('readDocuments', () => {
  const rows: [name: string, text: string, told: string[]][] = [
    ['nothing', '', []],
    ['comments only', '# one\n\n# two\n', []],
    ['a document', 'a: 1\n', []],
    [
      'tabs',
      'a:\n\tb: 1\n',
      ['2:1 "b: 1": Tabs are not allowed as indentation; indent with spaces'],
    ],
    [
      'a bracket that is not closed',
      'a: 1\nb: [1, 2\n',
      [
        '3:1 "": Flow sequence in block collection must be sufficiently indented and end with a ]; indent it as its neighbours, with spaces',
      ],
    ],
    [
      'a quote that is not closed',
      'a: "b\n',
      ['2:1 "": Missing closing "quote; look for a missing quote, bracket or ":" here or above'],
    ],
    [
      'wrong indentation',
      'a: 1\n b: 2\n',
      [
        '1:4 "a: 1": Nested mappings are not allowed in compact mappings; correct the YAML here',
        '1:4 "a: 1": Implicit keys need to be on a single line; look for a missing ":" here or above',
      ],
    ],
    [
      'a tag of a type that there is none of',
      'a: !python/object:os.system {}\n',
      [
        '1:4 "a: !python/object:os.system {}": Unresolved tag: !python/object:os.system; leave the tag out',
      ],
    ],
    [
      'a mapping as a key',
      '? {a: 1}\n: 2\n',
      ['1:3 "? {a: 1}": a key that is not text; give text as the key'],
    ],
    [
      'another version of YAML',
      '%YAML 1.1\n---\na: yes\n',
      ['2:1 "---": not YAML 1.2; leave the %YAML line out'],
    ],
    [
      'a directive that there is none of',
      '%FOO bar\n---\na: 1\n',
      ['1:1 "%FOO bar": Unknown directive %FOO; leave the line out'],
    ],
    [
      'each fault of each document',
      '? [a]\n: b\n---\n? [c]\n: d\n',
      [
        '1:3 "? [a]": a key that is not text; give text as the key',
        '4:3 "? [c]": a key that is not text; give text as the key',
      ],
    ],
  ];
  for (const [name, text, told] of rows) {
    it(`tells of ${name}`, () => {
      assert.deepEqual(faults(text), told);
    });
  }

  it('leaves out documents without content', () => {
    const { documents } = readDocuments(
      new Source('---\n---\na: 1\n---\n# none\n---\nb: 2\n'),
      100,
    );
    assert.equal(documents.length, 2);
  });

  describe('is bounded', () => {
    const bounds: [name: string, text: string, reason: string][] = [
      ['brackets', '['.repeat(100_000), 'nested too deeply'],
      ['braces', '{a: '.repeat(100_000), 'nested too deeply'],
      ['dashes', '- '.repeat(100_000), 'nested too deeply'],
      ['keys', 'a: '.repeat(100_000), 'nested too deeply'],
      ['indented keys', indented(500), 'nested too deeply'],
      ['documents', '--- a\n'.repeat(30_000), 'too many documents'],
      ['faults', ']'.repeat(100_000), 'too many faults before here'],
      ['tokens', 'a: 1\n'.repeat(300_000), 'too many parts'],
    ];
    for (const [name, text, reason] of bounds) {
      it(`in ${name}`, () => {
        const { documents, faults } = readDocuments(new Source(text), 1_000_000);
        assert.deepEqual(documents, []);
        assert.deepEqual(
          faults.map((fault) => fault.reason),
          [reason],
        );
      });
    }

    it('and takes what is just within', () => {
      const { documents, faults } = readDocuments(new Source(indented(60)), 1_000_000);
      assert.deepEqual(faults, []);
      assert.equal(documents.length, 1);
    });
  });
});

function indented(levels: number): string {
  return Array.from({ length: levels }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
}
