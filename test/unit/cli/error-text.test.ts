import assert from 'node:assert/strict';
import { invalidField, invalidFields, NfvError } from '../../../src/errors.js';
import { causeText, errorText } from '../../../src/cli/error-text.js';
import { ANSI_PAINT, NO_PAINT } from '../../../src/cli/style.js';

describe('errorText', () => {
  it('says field, value, reason and remedy', () => {
    const error = invalidField(
      'endpoint.mac',
      '01:00:5e:00:00:01',
      'a multicast MAC',
      'give another',
    );
    assert.equal(
      errorText(error, NO_PAINT),
      `error: endpoint.mac: 01:00:5e:00:00:01: a multicast MAC (INVALID_FIELD)
remedy: give another
`,
    );
  });

  it('has a pair of lines for each field, and says what it is about', () => {
    const error = invalidFields(
      [
        { field: 'a', value: '', reason: 'missing', remedy: 'add it' },
        { field: 'b', value: '1', reason: 'wrong', remedy: '' },
      ],
      'MANIFEST_INVALID',
    );
    assert.equal(
      errorText(error, NO_PAINT, 'nves/host-a'),
      `error: nves/host-a: a: (empty): missing (MANIFEST_INVALID)
remedy: add it
error: nves/host-a: b: 1: wrong (MANIFEST_INVALID)
`,
    );
  });

  it("has the table's remedy", () => {
    assert.equal(
      errorText(new NfvError('NOT_FOUND', 'nves/x does not exist'), NO_PAINT),
      `error: nves/x does not exist (NOT_FOUND)
remedy: list what exists with "nfvctl get all"
`,
    );
  });

  it('lets nothing through to the terminal', () => {
    const error = invalidField('a\u001b', 'b\u009b', 'c\n', 'd\r');
    assert.equal(
      errorText(error, NO_PAINT, 'e\u0007'),
      'error: e\\u0007: a\\u001b: b\\u009b: c\\u000a (INVALID_FIELD)\nremedy: d\\u000d\n',
    );
  });

  it('is coloured', () => {
    assert.equal(
      errorText(new NfvError('INTERNAL', 'x', { remedy: 'y' }), ANSI_PAINT),
      '\u001b[31merror:\u001b[39m x (INTERNAL)\n\u001b[36mremedy:\u001b[39m y\n',
    );
  });
});

describe('causeText', () => {
  it('tells the chain, a line each', () => {
    const cause = new Error('ENOENT');
    const text = causeText(new NfvError('FILE_UNREADABLE', 'x: ENOENT', { cause }));
    assert.match(text, /^debug: NfvError: x: ENOENT\n/);
    assert.match(text, /\ndebug: Error: ENOENT\n/);
    assert.doesNotMatch(text, /^(?!debug: )./m);
  });

  it('ends, also where an error is its own cause', () => {
    const error = new NfvError('INTERNAL', 'x');
    error.cause = error;
    assert.ok(causeText(error).length < 100_000);
  });
});
