import assert from 'node:assert/strict';
import fc from 'fast-check';
import { z } from 'zod';
import { NfvError } from '../../../src/errors.js';
import { parseYaml, parseYamlDocuments } from '../../../src/model/yaml.js';

const Config = z.strictObject({
  listen: z.array(z.string()).default([]),
  store: z
    .strictObject({ path: z.string(), sizeMiB: z.int().min(1).max(65536).default(1024) })
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

const OPTIONS = { file: 'nva.yaml', code: 'CONFIG_INVALID', maxBytes: 65_536 } as const;

function failure(run: () => unknown): NfvError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof NfvError, String(error));
    return error;
  }
  assert.fail('it was taken');
}

describe('parseYaml', () => {
  it('gives a typed value, with defaults', () => {
    const config = parseYaml('listen: ["127.0.0.1:1"]\nstore: {path: /x}\n', Config, OPTIONS);
    assert.deepEqual(config, { listen: ['127.0.0.1:1'], store: { path: '/x', sizeMiB: 1024 } });
  });

  it('takes a text without content for an empty mapping', () => {
    for (const text of ['', '# nothing\n', '---\n']) {
      assert.deepEqual(parseYaml(text, Config, OPTIONS), { listen: [] });
    }
    const needed = failure(() => parseYaml('', z.strictObject({ a: z.string() }), OPTIONS));
    assert.equal(needed.message, 'nva.yaml:1:1: a: (empty): missing');
  });

  it('rounds no whole number, if it is to be exact', () => {
    const schema = z.object({ n: z.array(z.unknown()) });
    const text = 'n: [18446744073709551615, -9223372036854775808, 9007199254740993, 7, 0x10, 1.5]';
    assert.deepEqual(parseYaml(text, schema, { ...OPTIONS, exact: true }), {
      n: [18446744073709551615n, -9223372036854775808n, 9007199254740993n, 7, 16, 1.5],
    });
    const rounded = [18446744073709552000, -9223372036854776000, 9007199254740992, 7, 16, 1.5];
    assert.deepEqual(parseYaml(text, schema, OPTIONS), { n: rounded });
  });

  it('reads JSON', () => {
    assert.deepEqual(parseYaml('{"listen":["a"],\n"labels":{"x":"y"}}', Config, OPTIONS), {
      listen: ['a'],
      labels: { x: 'y' },
    });
  });

  it('tells everything that is wrong at once, in the order of the text', () => {
    const text =
      'store:\n  sizeMiB: 0\n  pth: /x\nlabels:\n  "a b": 1\n  a: 2\n  a: 3\nlisten: x\n';
    const error = failure(() => parseYaml(text, Config, OPTIONS));
    assert.equal(error.code, 'CONFIG_INVALID');
    assert.deepEqual(error.violations, [
      { field: 'nva.yaml:1:1: store.path', value: '', reason: 'missing', remedy: 'add it: text' },
      {
        field: 'nva.yaml:2:12: store.sizeMiB',
        value: '0',
        reason: 'out of range',
        remedy: 'give at least 1',
      },
      {
        field: 'nva.yaml:3:3: store.pth',
        value: 'pth',
        reason: 'unknown key',
        remedy: 'did you mean "path"? known: path, sizeMiB',
      },
      {
        field: 'nva.yaml:5:10: labels["a b"]',
        value: '1',
        reason: 'a number, not text',
        remedy: 'put it in quotes: "1"',
      },
      {
        field: 'nva.yaml:6:6: labels.a',
        value: '2',
        reason: 'a number, not text',
        remedy: 'put it in quotes: "2"',
      },
      {
        field: 'nva.yaml:7:3: labels.a',
        value: 'a',
        reason: 'given twice, first in line 6',
        remedy: 'give each key once',
      },
      {
        field: 'nva.yaml:8:9: listen',
        value: 'x',
        reason: 'text, not a list',
        remedy: 'give a list',
      },
    ]);
  });

  it('refuses a second document', () => {
    const error = failure(() => parseYaml('listen: []\n---\nlisten: []\n', Config, OPTIONS));
    assert.equal(error.message, 'nva.yaml:3:1: ---: a second document');
  });

  it('refuses what is too large before it looks at it', () => {
    const started = performance.now();
    const nonsense = '{[*&"'.repeat(2 * 1024 * 1024);
    const error = failure(() => parseYaml(nonsense, Config, OPTIONS));
    assert.equal(error.code, 'MESSAGE_TOO_LARGE');
    assert.equal(error.message, 'nva.yaml: 10485760 bytes: too large');
    assert.equal(error.remedy, 'give at most 65536 bytes; split it into several files');
    assert.ok(performance.now() - started < 500);
  });

  it('counts bytes, not characters', () => {
    const error = failure(() => parseYaml(`# ${'é'.repeat(40_000)}`, Config, OPTIONS));
    assert.equal(error.code, 'MESSAGE_TOO_LARGE');
  });

  it('tells the first 50 faults of many', () => {
    const error = failure(() => parseYaml(`listen: [${'1,'.repeat(500)}]`, Config, OPTIONS));
    assert.equal(error.violations.length, 51);
    assert.equal(error.violations.at(-1)?.reason, 'only the first 50 faults are told');
  });
});

describe('parseYamlDocuments', () => {
  it('gives each document with its line, and finds its parts', () => {
    const documents = parseYamlDocuments(
      '# one\nlisten: [a]\n---\n\nlisten:\n  - b\n',
      Config,
      OPTIONS,
    );
    assert.deepEqual(
      documents.map(({ value, line }) => ({ value, line })),
      [
        { value: { listen: ['a'] }, line: 2 },
        { value: { listen: ['b'] }, line: 5 },
      ],
    );
    assert.equal(documents[1]?.where(['listen', 0]), 'nva.yaml:6:5: listen[0]');
    assert.equal(documents[1].where([]), 'nva.yaml:5:1');
  });

  it('tells the faults of every document', () => {
    const error = failure(() => parseYamlDocuments('a: 1\n---\nb: 2\n', Config, OPTIONS));
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      ['nva.yaml:1:1: a', 'nva.yaml:3:1: b'],
    );
  });
});

describe('parseYaml, whatever it is given', () => {
  const check = (text: string): void => {
    const started = performance.now();
    try {
      parseYamlDocuments(text, Config, OPTIONS);
    } catch (error) {
      assert.ok(error instanceof NfvError, String(error));
      assert.ok(error.code === 'CONFIG_INVALID' || error.code === 'MESSAGE_TOO_LARGE');
      assert.ok(error.violations.length > 0);
      for (const { field } of error.violations) assert.match(field, /^nva\.yaml(:\d+:\d+|$)/);
    }
    assert.ok(performance.now() - started < 1000, 'it took too long');
  };

  it('throws nothing but an NfvError, for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check), { numRuns: 500 });
  });

  it('throws nothing but an NfvError, for texts of YAML pieces', () => {
    const pieces = [
      'a',
      'listen',
      ': ',
      ':',
      '- ',
      '\n',
      '  ',
      '\t',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a',
      '*a',
      '|',
      '>-',
      '"',
      "'",
      '#',
      '%YAML 1.1',
      '---\n',
      '...\n',
      '!!',
      '? ',
      '<<',
      '1',
      '~',
      '\ufeff',
      '\u0000',
      '\\x',
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((p) => p.join(''));
    fc.assert(fc.property(text, check), { numRuns: 2000 });
  });

  it('throws nothing but an NfvError, for a good text with bytes changed', () => {
    const good =
      'listen:\n  - "unix:/run/x"\nstore:\n  path: /var/lib\n  sizeMiB: 10\nlabels: {a: b}\n';
    const edit = fc.record({
      at: fc.nat(good.length),
      drop: fc.nat(5),
      put: fc.string({ maxLength: 3 }),
    });
    const text = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
      let result = good;
      for (const { at, drop, put } of edits) {
        result = result.slice(0, at) + put + result.slice(at + drop);
      }
      return result;
    });
    fc.assert(fc.property(text, check), { numRuns: 1000 });
  });

  it('gives back any configuration written as JSON', () => {
    const config = fc.record({
      listen: fc.array(fc.string({ unit: 'grapheme' })),
      labels: fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        fc.string(),
      ),
    });
    fc.assert(
      fc.property(config, (value) => {
        const text = JSON.stringify(value);
        assert.equal(JSON.stringify(parseYaml(text, Config, OPTIONS)), text);
      }),
    );
  });
});
