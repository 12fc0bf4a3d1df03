import assert from 'node:assert/strict';
import {
  choiceOf,
  collect,
  editLabels,
  integerOf,
  listOf,
} from '../../../../src/cli/flags/parse.js';

describe('flags', () => {
  it('that repeat are collected; one empty value empties', () => {
    assert.deepEqual(collect('b', collect('a', undefined)), ['a', 'b']);
    assert.deepEqual(listOf(['a', 'b']), ['a', 'b']);
    assert.deepEqual(listOf(['']), []);
    assert.deepEqual(listOf(['', 'a']), ['', 'a']);
  });

  it('with numbers are bounded', () => {
    assert.equal(integerOf('--mtu', '0', [0, 9216]), 0);
    assert.equal(integerOf('--mtu', '9216', [0, 9216]), 9216);
  });

  for (const text of ['', '-1', '1.5', '0x10', '1e3', 'abc', ' 5', '9999999999999999']) {
    it(`with "${text}" for a number are refused`, () => {
      const value = text === '' ? '(empty)' : text;
      assert.throws(() => integerOf('--mtu', text, [0, 9216]), {
        message: `--mtu: ${value}: not a whole number`,
        remedy: 'give 0-9216',
      });
    });
  }

  it('with numbers that are too large are refused', () => {
    assert.throws(() => integerOf('--mtu', '9217', [0, 9216]), {
      message: '--mtu: 9217: out of range',
    });
  });

  it('with choices take them in lower case', () => {
    const known = ['HEAD_END', 'NONE'] as const;
    for (const text of ['head-end', 'HEAD_END', 'Head-End']) {
      assert.equal(choiceOf('--bum-mode', text, known), 'HEAD_END');
    }
    assert.throws(() => choiceOf('--bum-mode', 'head', known), {
      message: '--bum-mode: head: not one of those allowed',
      remedy: 'give one of head-end, none',
    });
  });
});

describe('editLabels', () => {
  it('sets, changes and takes away', () => {
    const edits = ['site=b', 'tier=', 'old-', 'none-', 'expr=a=b'];
    assert.deepEqual(editLabels({ site: 'a', old: 'x' }, edits), {
      site: 'b',
      tier: '',
      expr: 'a=b',
    });
  });

  for (const edit of ['', 'site', '=a', 'Site=a', '-', 'a b=c', '__proto__=x']) {
    it(`refuses "${edit}"`, () => {
      assert.throws(() => editLabels({}, [edit]), { code: 'INVALID_FIELD' });
    });
  }
});
