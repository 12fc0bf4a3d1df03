import assert from 'node:assert/strict';
import { ANSI_PAINT, NO_PAINT } from '../../../src/cli/style.js';
import { Table, type Cell } from '../../../src/cli/table.js';

const row = (...texts: string[]): Cell[] => texts.map((text) => ({ text }));

describe('Table', () => {
  it('aligns', () => {
    const table = new Table(['NAME', 'VNI', 'PREFIXES'], NO_PAINT);
    assert.equal(
      table.all([row('blue', '100', '10.0.0.0/24'), row('a-long-name', '16777215', '-')]),
      `NAME          VNI        PREFIXES
blue          100        10.0.0.0/24
a-long-name   16777215   -
`,
    );
  });

  it('leaves the header out', () => {
    const table = new Table(['NAME', 'VNI'], NO_PAINT);
    assert.equal(table.all([row('a', '1')], false), 'a      1\n');
  });

  it('ends lines where their text ends', () => {
    const table = new Table(['A', 'B', 'C'], NO_PAINT);
    assert.equal(table.all([row('x', '', ''), row('', 'y', '')]), 'A   B   C\nx\n    y\n');
  });

  it('keeps its columns for rows that come later, and widens them', () => {
    const table = new Table(['NAME', 'X'], NO_PAINT);
    assert.equal(table.all([row('bbbbbb', '1')]), 'NAME     X\nbbbbbb   1\n');
    assert.equal(table.rows([row('a', '2')]), 'a        2\n');
    assert.equal(table.rows([row('cccccccc', '3')]), 'cccccccc   3\n');
    assert.equal(table.rows([row('a', '4')]), 'a          4\n');
  });

  it('escapes, and aligns what it shows', () => {
    const table = new Table(['NAME', 'X'], NO_PAINT);
    assert.equal(
      table.all([row('\u001b[31m', '1'), row('größer', '2')]),
      'NAME         X\n\\u001b[31m   1\ngrößer       2\n',
    );
  });

  it('paints without moving columns', () => {
    const table = new Table(['STATE', 'X'], ANSI_PAINT);
    assert.equal(
      table.all([[{ text: 'OK', colour: 'green' }, { text: '1' }]]),
      'STATE   X\n\u001b[32mOK\u001b[39m      1\n',
    );
  });
});
