import assert from 'node:assert/strict';
import { readYaml } from '../../../src/model/yaml-tree.js';

function read(text: string): { values: unknown[]; problems: string[] } {
  const { trees, problems } = readYaml(text, 1_000_000);
  return {
    values: trees.map(({ value }) => value),
    problems: problems.map(
      ({ at, path, value, reason, remedy }) =>
        `${at.line}:${at.column} ${path.join('.')}: ${String(value)}: ${reason}; ${remedy}`,
    ),
  };
}

describe('toValues', () => {
  const right: [name: string, text: string, value: unknown][] = [
    [
      'scalars of YAML 1.2',
      '[1, 0x10, -1.5, true, no, ~, text, "1"]',
      [1, 16, -1.5, true, 'no', null, 'text', '1'],
    ],
    ['a MAC is text', 'mac: 02:00:00:00:00:01', { mac: '02:00:00:00:00:01' }],
    ['keys are text', '{1: a, true: b}', { 1: 'a', true: 'b' }],
    ['blocks of text', 'a: |\n  x\n  y\n', { a: 'x\ny\n' }],
    ['aliases', '[&a {x: 1}, *a, *a]', [{ x: 1 }, { x: 1 }, { x: 1 }]],
    ['an anchor given twice', '[&a 1, *a, &a 2, *a]', [1, 1, 2, 2]],
    ['aliases in what an alias stands for', '[&a 1, &b [*a], &a 2, *b]', [1, [1], 2, [1]]],
    ['merge keys are keys', '{<<: 1}', { '<<': 1 }],
    ['keys of Object.prototype', '{constructor: 1, toString: 2}', { constructor: 1, toString: 2 }],
  ];
  for (const [name, text, value] of right) {
    it(`reads ${name}`, () => {
      assert.deepEqual(read(text), { values: [value], problems: [] });
    });
  }

  const wrong: [name: string, text: string, problems: string[]][] = [
    [
      'a key given twice',
      'a: 1\nb: 2\na: 3\n',
      ['3:1 a: a: given twice, first in line 1; give each key once'],
    ],
    [
      'a key given twice, deep inside',
      'x:\n  - {y: 1,\n     y: 2}\n',
      ['3:6 x.0.y: y: given twice, first in line 2; give each key once'],
    ],
    [
      '__proto__',
      '__proto__: {a: 1}\n',
      ['1:1 __proto__: __proto__: not allowed as a key; leave it out'],
    ],
    [
      'an alias without an anchor',
      'a: *b\n',
      ['1:4 a: *b: no such anchor above; mark a value with &b'],
    ],
    [
      'an anchor that comes later',
      '[*b, &b 1]\n',
      ['1:2 0: *b: no such anchor above; mark a value with &b'],
    ],
    ['a cycle', 'a: &a\n  b: [*a]\n', ['2:7 a.b.0: *a: contains itself; write the value out']],
    [
      'a cycle through two anchors',
      '&a [&b {c: *a}, *b]\n',
      [
        '1:12 0.c: *a: contains itself; write the value out',
        '1:12 1.c: *a: contains itself; write the value out',
      ],
    ],
    [
      'an alias bomb',
      bomb(9),
      ['5:16 e.2: *d: stands for more than 10000 values; write the values out'],
    ],
  ];
  for (const [name, text, problems] of wrong) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(read(text).problems, problems);
    });
  }

  it('takes no longer for a bigger bomb', () => {
    const started = performance.now();
    assert.equal(read(bomb(26)).problems.length, 1);
    assert.ok(performance.now() - started < 2000);
  });

  it('does not touch the prototypes of objects', () => {
    const { values } = read('{__proto__: {polluted: true}, a: {__proto__: {polluted: true}}}');
    assert.deepEqual(values, [{ a: {} }]);
    assert.equal(Object.getPrototypeOf(values[0]), Object.prototype);
  });
});

/** "a" is a list, and each letter after it ten times the letter before: 10^`levels` values. */
function bomb(levels: number): string {
  const lines = ['a: &a [x]'];
  for (let i = 1; i < levels; i++) {
    const before = String.fromCharCode(96 + i);
    const name = String.fromCharCode(97 + i);
    lines.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`);
  }
  return lines.join('\n');
}
