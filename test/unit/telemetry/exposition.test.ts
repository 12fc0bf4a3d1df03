/** The reader that the tests of metrics rely on refuses what Prometheus would. */
import assert from 'node:assert/strict';
import { parseExposition, valueOf } from '../../support/exposition.js';

const head = '# HELP a_total A.\n# TYPE a_total counter\n';
const histogram = '# HELP h H.\n# TYPE h histogram\n';

describe('the reader of the exposition format', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['an unended line', `${head}a_total 1`],
    ['a sample without its family', 'a_total 1\n'],
    ['a type without help', '# TYPE a_total counter\na_total 1\n'],
    ['an unknown type', '# HELP a_total A.\n# TYPE a_total count\n'],
    ['a family twice', `${head}a_total 1\n${head}`],
    ['a sample twice', `${head}a_total{x="1"} 1\na_total{x="1"} 2\n`],
    ['a sample of another family', `${head}b_total 1\n`],
    ['a negative counter', `${head}a_total -1\n`],
    ['no number', `${head}a_total x\n`],
    ['a name with a dash', `${head}a-total 1\n`],
    ['an unescaped quote', `${head}a_total{x="a"b"} 1\n`],
    ['a label twice', `${head}a_total{x="1",x="2"} 1\n`],
    [
      'buckets that shrink',
      `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    ],
    ['a histogram without +Inf', `${histogram}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
    ['a count that is not that of +Inf', `${histogram}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`],
  ];
  for (const [what, text] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseExposition(text), assert.AssertionError);
    });
  }

  it('reads what is right, escapes included', () => {
    const families = parseExposition(
      `${head}a_total{x="a\\"b\\\\c\\nd"} 3\n${histogram}h_bucket{le="+Inf"} 1\nh_sum 2.5\nh_count 1\n`,
    );
    assert.equal(valueOf(families, 'a_total', { x: 'a"b\\c\nd' }), 3);
    assert.equal(valueOf(families, 'h_sum'), 2.5);
    assert.equal(valueOf(families, 'other'), undefined);
  });
});
