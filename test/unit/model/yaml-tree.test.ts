import assert from 'node:assert/strict';
import { readYaml } from '../../../src/model/yaml-tree.js';

const TEXT = `# A comment
name: blue
spec:
  prefixes:
    - 10.0.0.0/24
    - fd00::/64
  empty:
  base: &base {a: 1, b: 2}
  same: *base
---
second: [x, {y: z}]
`;

describe('readYaml', () => {
  const { trees, problems } = readYaml(TEXT, 1000);
  const [first, second] = trees;
  assert.ok(first !== undefined && second !== undefined);

  it('gives plain values', () => {
    assert.deepEqual(problems, []);
    assert.deepEqual(first.value, {
      name: 'blue',
      spec: {
        prefixes: ['10.0.0.0/24', 'fd00::/64'],
        empty: null,
        base: { a: 1, b: 2 },
        same: { a: 1, b: 2 },
      },
    });
    assert.deepEqual(second.value, { second: ['x', { y: 'z' }] });
  });

  it('knows the line a document begins in', () => {
    assert.deepEqual([first.line, second.line], [2, 11]);
  });

  const rows: [path: (string | number)[], what: 'key' | 'value', at: string][] = [
    [[], 'value', '2:1'],
    [['name'], 'key', '2:1'],
    [['name'], 'value', '2:7'],
    [['spec', 'prefixes', 1], 'value', '6:7'],
    [['spec', 'prefixes'], 'key', '4:3'],
    [['spec', 'empty'], 'value', '7:9'],
    // What an alias stands for is where it was written.
    [['spec', 'same', 'b'], 'value', '8:25'],
    [['spec', 'same'], 'value', '9:9'],
    // What is missing: the nearest thing around it.
    [['spec', 'vni'], 'value', '3:1'],
    [['spec', 'prefixes', 7], 'value', '4:3'],
    [['spec', 'prefixes', 'a'], 'value', '4:3'],
    [['name', 'first'], 'value', '2:1'],
    [['nowhere', 'at', 'all'], 'value', '2:1'],
  ];
  for (const [path, what, at] of rows) {
    it(`finds the ${what} at ${JSON.stringify(path)}`, () => {
      const { line, column } = first.locate(path, what);
      assert.equal(`${line}:${column}`, at);
    });
  }

  it('counts lines through documents', () => {
    assert.deepEqual(second.locate(['second', 1, 'y'], 'value'), { line: 11, column: 17 });
  });
});
