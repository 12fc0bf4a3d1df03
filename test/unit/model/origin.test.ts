import assert from 'node:assert/strict';
import { formatTraceparent, newTrace, parseTraceparent } from '../../../src/model/origin.js';

// The examples of https://www.w3.org/TR/trace-context/#examples-of-http-traceparent-headers
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('traceparent', () => {
  it('is read as W3C Trace Context has it', () => {
    const both = { traceId: TRACE, spanId: SPAN };
    assert.deepEqual(parseTraceparent(`00-${TRACE}-${SPAN}-01`), { ...both, sampled: true });
    assert.deepEqual(parseTraceparent(`00-${TRACE}-${SPAN}-00`), { ...both, sampled: false });
    // Of a later version what is known of it counts (§4.1).
    assert.deepEqual(parseTraceparent(`cc-${TRACE}-${SPAN}-03-what`), { ...both, sampled: true });
  });

  const bad: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['more than version 00 has', `00-${TRACE}-${SPAN}-01-what`],
    ['more than anybody needs', `cc-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`],
  ];
  for (const [what, text] of bad) {
    it(`is ignored with ${what}`, () => {
      assert.equal(parseTraceparent(text), undefined);
    });
  }

  it('is written as it is read, also a new one', () => {
    const text = `00-${TRACE}-${SPAN}-01`;
    const read = parseTraceparent(text);
    assert.ok(read);
    assert.equal(formatTraceparent(read), text);
    const made = newTrace();
    assert.deepEqual(parseTraceparent(formatTraceparent(made)), made);
  });
});
