import assert from 'node:assert/strict';
import { patternOf } from '../../../../src/cli/vpp/pattern.js';

describe('patternOf', () => {
  const rows: [pattern: string, name: string, matches: boolean][] = [
    ['flags', 'sw_interface_set_flags', true],
    ['flags', 'sw_interface_dump', false],
    ['*_dump', 'sw_interface_dump', true],
    ['*_dump', 'sw_interface_dump_reply', false],
    ['sw_*', 'show_sw_', false],
    ['/if/?x', '/if/rx', true],
    ['/if/?x', '/if/x', false],
    ['/if/?x', '/if/rx-error', false],
    // Nothing else means anything.
    ['a.c', 'abc', false],
    ['a.c', 'xa.cx', true],
    ['[ab]', 'a', false],
    ['[ab]*', '[ab]c', true],
    ['(', 'x(y', true],
    ['', 'anything', true],
  ];
  for (const [pattern, name, matches] of rows) {
    it(`"${pattern}" ${matches ? 'is' : 'is not'} ${name}`, () => {
      assert.equal(patternOf(pattern).test(name), matches);
    });
  }
});
