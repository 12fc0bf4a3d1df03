import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseStartupConf, type ConfStatement } from '../../../src/dpdk/startup-conf-parser.js';

/** Statements without their places. */
function bare(statements: readonly ConfStatement[]): unknown[] {
  return statements.map(({ words, block }) =>
    block === undefined ? words.join(' ') : [words.join(' '), bare(block)],
  );
}

describe('parseStartupConf', () => {
  const rows: readonly (readonly [string, string, readonly unknown[]])[] = [
    ['an empty file', '', []],
    ['comments', '# a { b\n## c }\n', []],
    ['a section', 'unix {\n  nodaemon\n  log /x\n}\n', [['unix', ['nodaemon', 'log /x']]]],
    ['one line', 'unix { nodaemon log /x }', [['unix', ['nodaemon log /x']]]],
    ['a brace on the next line', 'unix\n{\n}\n', [['unix', []]]],
    ['a word before the section', 'plugin_path /x\nunix { }', ['plugin_path /x', ['unix', []]]],
    [
      'blocks on one line',
      'plugins { plugin default { disable } plugin a_plugin.so { enable } }',
      [
        [
          'plugins',
          [
            ['plugin default', ['disable']],
            ['plugin a_plugin.so', ['enable']],
          ],
        ],
      ],
    ],
    ['a comment without a space', 'unix {#x\n log /a#b\n}', [['unix', ['log /a']]]],
    ['no spaces at all', 'cpu{main-core 1}', [['cpu', ['main-core 1']]]],
    ['carriage returns', 'cpu {\r\n  main-core 1\r\n}\r\n', [['cpu', ['main-core 1']]]],
  ];
  for (const [what, text, expected] of rows) {
    it(`reads ${what}`, () => {
      assert.deepEqual(bare(parseStartupConf(text)), expected);
    });
  }

  it('knows where each statement stands', () => {
    const text = 'cpu {\n  main-core 1 # one\n}\ndpdk { dev 0000:41:00.0 {\n name a\n} }\n';
    const [cpu, dpdk] = parseStartupConf(text);
    const [main] = cpu?.block ?? [];
    const [dev] = dpdk?.block ?? [];
    assert.equal(text.slice(main?.from, main?.to), 'main-core 1');
    assert.equal(main?.line, 2);
    assert.equal(text.slice(dev?.from, dev?.to), 'dev 0000:41:00.0 {\n name a\n}');
    assert.equal(text.slice(cpu?.inside, (cpu?.inside ?? 0) + 3), '\n  ');
  });

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['an open section', 'a { }\nunix {\n  b {\n }\n', /^line 2: a "{" without its "}"/],
    ['a brace too many', 'unix {\n}\n}\n', /^line 3: a "}" without its "{"/],
    ['a section without a name', '\n{ }\n', /^line 2: a "{" without a name before it/],
    ['a brace in a comment', 'unix { # }\n', /^line 1: a "{" without its "}"/],
    ['too deep', 'a { '.repeat(40), /nested too deeply/],
    ['too large', `# ${'x'.repeat(300_000)}`, /more than 262144 bytes/],
  ];
  for (const [what, text, says] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseStartupConf(text), { code: 'STARTUP_CONF_INVALID', message: says });
    });
  }

  it('survives any text', () => {
    const piece = fc.constantFrom('{', '}', '\n', ' ', '#', 'unix', 'dev', '\t', 'x y');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          parseStartupConf(pieces.join(''));
        } catch (error) {
          assert.equal(
            error instanceof Error && 'code' in error && error.code,
            'STARTUP_CONF_INVALID',
          );
        }
      }),
    );
  });
});
