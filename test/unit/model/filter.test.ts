import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import { MATCH_ALL, matches, parseFilter, type FieldRecord } from '../../../src/model/filter.js';

const RECORD: FieldRecord = {
  name: 'endpoints/web-1',
  vni: 100,
  learning: true,
  reason: '',
  drift_count: 0,
  ips: ['10.0.0.1', 'fd00::1'],
  empty: [],
  labels: { site: 'a', 'app.tier': 'web', blank: '' },
  port: { veth: { netns: 'red', interface: 'eth0' } },
  failures: [
    { key: 'port/a', code: 'NETNS_MISSING' },
    { key: 'port/b', code: 'VTEP_UNROUTABLE' },
  ],
  time: '2026-01-02T03:04:05.000Z',
};

describe('matches', () => {
  const rows: [filter: string, expected: boolean][] = [
    ['', true],
    ['  \n', true],
    ['name = "endpoints/web-1"', true],
    ['name=endpoints/web-1', true],
    ["name = 'endpoints/web-1'", true],
    ['name = "endpoints/web-2"', false],
    ['name != "endpoints/web-2"', true],
    ['name = "endpoints/web-*"', true],
    ['name = endpoints/*', true],
    ['name = "endpoints/web-\\*"', false],
    ['name = "*"', true],
    ['name > "endpoints/a"', true],
    ['vni = 100', true],
    ['vni != 100', false],
    ['vni > 99.5', true],
    ['vni >= 101', false],
    ['vni < 100', false],
    ['vni <= 100', true],
    // As numbers, not as texts.
    ['vni > 20', true],
    ['vni = text', false],
    ['vni = 1*', false],
    ['learning = true', true],
    ['learning:true', true],
    ['learning = false', false],
    ['ips:"10.0.0.1"', true],
    ['ips = fd00::1', true],
    ['ips != "10.0.0.1"', false],
    ['ips:"10.0.0.*"', true],
    ['ips:"10.0.0.2"', false],
    ['empty:*', false],
    ['ips:*', true],
    ['reason:*', false],
    ['drift_count:*', false],
    ['vni:*', true],
    ['learning:*', true],
    ['labels.site = a', true],
    ['labels.site = b', false],
    ['labels.rack = a', false],
    ['labels.rack != a', true],
    ['labels."app.tier" = "web"', true],
    ['labels:site', true],
    ['labels:si*', true],
    ['labels:blank', true],
    ['labels:rack', false],
    ['labels:*', true],
    ['labels = site', false],
    ['port:veth', true],
    ['port:tap', false],
    ['port.veth.netns = red', true],
    ['port.tap.interface = tap0', false],
    ['failures.code = VTEP_UNROUTABLE', true],
    ['failures.code = OTHER', false],
    ['time < 2026-02-01', true],
    ['nothing = a', false],
    ['nothing.at.all:*', false],
    ['name.first = a', false],
    // toString is nobody's field.
    ['toString:*', false],
    ['labels:toString', false],
    ['vni = 100 AND learning = true', true],
    ['vni = 100 AND learning = false', false],
    ['vni = 1 OR learning = true', true],
    // OR binds closer: vni = 1 AND (… OR …).
    ['vni = 1 AND learning = true OR vni = 100', false],
    ['(vni = 1 AND learning = true) OR vni = 100', true],
    ['NOT vni = 1', true],
    ['-vni = 1', true],
    ['NOT (vni = 100 OR vni = 1)', false],
    ['NOT vni = 1 AND NOT vni = 2', true],
    ['((((vni = 100))))', true],
  ];
  for (const [filter, expected] of rows) {
    it(`${filter === '' ? 'an empty filter' : filter}: ${String(expected)}`, () => {
      assert.equal(matches(parseFilter(filter), RECORD), expected);
    });
  }
});

describe('parseFilter', () => {
  const rows: [filter: string, message: string, remedy: string][] = [
    ['vni', 'filter: (empty): at character 4: ends too soon', 'give = or another comparator here'],
    ['vni =', 'filter: (empty): at character 6: ends too soon', 'give a value here'],
    ['vni = =', 'filter: =: at character 7: unexpected', 'give a value here, in quotes if need be'],
    ['= 5', 'filter: = 5: at character 1: unexpected', 'give the name of a field here'],
    [
      'vni == 5',
      'filter: = 5: at character 6: unexpected',
      'give a value here, in quotes if need be',
    ],
    ['vni = 5 vni = 6', 'filter: vni = 6: at character 9: unexpected', 'give AND or OR here'],
    [
      'vni = 5 and vni = 6',
      'filter: and vni = 6: at character 9: unexpected',
      'give AND or OR here',
    ],
    [
      'vni = 5 AND',
      'filter: (empty): at character 12: ends too soon',
      'give the name of a field here',
    ],
    ['(vni = 5', 'filter: (empty): at character 9: ends too soon', 'give ")" here'],
    ['vni = 5)', 'filter: ): at character 8: unexpected', 'give AND or OR here'],
    [
      'NOT NOT vni = 5',
      'filter: NOT vni = 5: at character 5: unexpected',
      'give the name of a field here',
    ],
    ['labels. = a', 'filter: = a: at character 9: unexpected', 'give a name here'],
    ['name = "a', 'filter: "a: at character 8: a quote that is not closed', 'close it with "'],
    [
      'name = "a\\n"',
      'filter: \\n": at character 10: not an escape',
      'a backslash takes ", \', * or \\ after it',
    ],
    [
      'name = a*b',
      'filter: *b: at character 9: a * that is not last',
      'put it last, or write \\* in quotes',
    ],
    [
      'name = "*a"',
      'filter: *a": at character 9: a * that is not last',
      'put it last, or write \\* in quotes',
    ],
    ['9 = 5', 'filter: 9 = 5: at character 1: unexpected', 'give the name of a field here'],
    ['vni = 5; drop', 'filter: drop: at character 10: unexpected', 'give AND or OR here'],
    [
      `${'('.repeat(21)}vni = 1${')'.repeat(21)}`,
      `filter: (vni = 1${')'.repeat(21)}: at character 21: nested too deeply`,
      'nest at most 20 parentheses',
    ],
    [
      'a'.repeat(4097),
      `filter: ${'a'.repeat(117)}...: 4097 characters long`,
      'give at most 4096 characters',
    ],
  ];
  for (const [filter, message, remedy] of rows) {
    it(`refuses ${filter.slice(0, 40)}`, () => {
      assert.throws(
        () => parseFilter(filter),
        (error) => {
          assert.ok(error instanceof NfvError);
          assert.deepEqual(
            { code: error.code, message: error.message, remedy: error.remedy },
            { code: 'INVALID_FILTER', message, remedy },
          );
          return true;
        },
      );
    });
  }

  it('takes an empty text for everything', () => {
    assert.equal(parseFilter(' '), MATCH_ALL);
  });

  it('says where the field of a restriction was', () => {
    assert.deepEqual(parseFilter(' labels.site:x*'), {
      kind: 'restriction',
      path: ['labels', 'site'],
      comparator: ':',
      value: 'x',
      open: true,
      position: 2,
    });
  });

  it('throws nothing but INVALID_FILTER, for any text', () => {
    const pieces = [
      'vni',
      '=',
      ' ',
      '!=',
      '<',
      ':',
      '"',
      "'",
      '(',
      ')',
      'AND',
      'OR',
      'NOT',
      '-',
      '.',
      '*',
      '\\',
      '5',
      'é',
    ];
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((p) => p.join('')),
    );
    fc.assert(
      fc.property(text, (filter) => {
        try {
          matches(parseFilter(filter), RECORD);
        } catch (error) {
          assert.ok(error instanceof NfvError && error.code === 'INVALID_FILTER', String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('matches, for any record and filter', () => {
  const record = fc.record({
    a: fc.constantFrom('', 'x', 'xy', 'y'),
    n: fc.integer({ min: -3, max: 3 }),
    b: fc.boolean(),
    l: fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }),
  });
  const restriction = fc
    .tuple(
      fc.constantFrom('a', 'n', 'b', 'l', 'none'),
      fc.constantFrom('=', '!=', '<', '<=', '>', '>=', ':'),
      fc.constantFrom('x', '"x*"', '1', '-2', 'true', '""', '*'),
    )
    .map((parts) => parts.join(' '));
  const filter = fc.letrec<{ any: string; group: string; leaf: string }>((tie) => ({
    leaf: restriction,
    group: fc.oneof(
      fc.tuple(tie('any'), fc.constantFrom('AND', 'OR'), tie('any')).map((p) => `(${p.join(' ')})`),
      tie('any').map((inner) => `(NOT (${inner}))`),
    ),
    any: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('group')),
  })).any;
  const is = (text: string, fields: FieldRecord): boolean => matches(parseFilter(text), fields);

  it('follows the laws of logic', () => {
    fc.assert(
      fc.property(filter, filter, record, (p, q, fields) => {
        assert.equal(is(`NOT (${p})`, fields), !is(p, fields));
        assert.equal(is(`-(${p})`, fields), !is(p, fields));
        assert.equal(is(`(${p}) AND (${q})`, fields), is(p, fields) && is(q, fields));
        assert.equal(is(`(${p}) OR (${q})`, fields), is(p, fields) || is(q, fields));
      }),
    );
  });

  it('compares numbers as numbers', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (n, m) => {
        const fields = { n };
        assert.equal(is(`n = ${m}`, fields), n === m);
        assert.equal(is(`n != ${m}`, fields), n !== m);
        assert.equal(is(`n < ${m}`, fields), n < m);
        assert.equal(is(`n <= ${m}`, fields), n <= m);
        assert.equal(is(`n > ${m}`, fields), n > m);
        assert.equal(is(`n >= ${m}`, fields), n >= m);
      }),
    );
  });

  it('finds any text that is quoted and escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), (a) => {
        const quoted = `"${a.replace(/["'*\\]/g, '\\$&')}"`;
        assert.ok(is(`a = ${quoted}`, { a }));
        assert.ok(!is(`a = ${quoted}`, { a: `${a}.` }));
      }),
    );
  });
});
