/** Files that are made to hurt: one clear error in bounded time and memory, and nothing is sent. */
import assert from 'node:assert/strict';
import { runProgram, type Ended } from '../../support/child.js';
import { TempFiles } from '../../support/temp-files.js';

/** With this much memory every file here has to do: 4 MiB of YAML are some 4 million tokens. */
const HEAP_MB = 768;

const bytes = (count: number): Buffer => {
  let state = 1;
  return Buffer.from(
    Array.from({ length: count }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return state % 256;
    }),
  );
};

/** Each level says the one below nine times. */
const laughs = (levels: number): string =>
  Array.from({ length: levels }, (_, i) => {
    const inner = i === 0 ? 'lol' : `*l${i - 1}`;
    return `  l${i}: &l${i} [${Array(9).fill(inner).join(', ')}]\n`;
  }).join('');

const HEAD = 'apiVersion: nfv/v1\nkind: Nve\nmetadata:\n  name: host-a\n';
const nve = (rest: string): string => `${HEAD}spec:\n  vtepAddresses: [192.0.2.1]\n${rest}`;

const ROWS: readonly (readonly [what: string, content: string | Buffer, err: RegExp])[] = [
  [
    '10 MB of nonsense',
    Buffer.alloc(10_000_000, '%&/()=?{[*&"\n'),
    /: more than 4194304 bytes: too large \(MESSAGE_TOO_LARGE\)/,
  ],
  [
    '4 MB of nonsense',
    Buffer.alloc(4_000_000, '%&/()=?{[*&"\n'),
    /: Missing directives-end indicator line \(MANIFEST_INVALID\)/,
  ],
  [
    '4 MB of brackets',
    '['.repeat(4_000_000),
    /:1:\d+: \[+: nested too deeply \(MANIFEST_INVALID\)/,
  ],
  ['4 MB of documents', '---\n'.repeat(1_000_000), /: too many documents \(MANIFEST_INVALID\)/],
  [
    'a hundred thousand keys',
    nve(Array.from({ length: 100_000 }, (_, i) => `k${i}: 1\n`).join('')),
    /:7:1: k0: k0: unknown key \(MANIFEST_INVALID\)[^]*: only the first 50 faults are told/,
  ],
  ['random bytes', bytes(100_000), /: 100000 bytes: not UTF-8 \(MANIFEST_INVALID\)/],
  [
    'an anchor bomb',
    nve(`status:\n${laughs(12)}`),
    /:12:12: status\.l4\[0\]: \*l3: stands for more than 10000 values \(MANIFEST_INVALID\)/,
  ],
  [
    'a cycle',
    nve('status: &s\n  self: *s\n'),
    /:8:9: status\.self: \*s: contains itself \(MANIFEST_INVALID\)/,
  ],
  [
    'a wrong key',
    nve('sepc: {}\n'),
    /:7:1: sepc: sepc: unknown key \(MANIFEST_INVALID\)\nremedy: did you mean "spec"\?/,
  ],
  [
    'a wrong type',
    nve('').replace('[192.0.2.1]', '192.0.2.1'),
    /:6:18: spec\.vtepAddresses: 192\.0\.2\.1: text, not a list \(MANIFEST_INVALID\)\nremedy: give a list/,
  ],
  [
    'what a terminal would obey',
    nve('').replace('host-a', '"\\e[31mred"'),
    /:4:9: metadata\.name: \\u001b\[31mred: not an id \(MANIFEST_INVALID\)/,
  ],
];

describe('nfvctl apply, with files that are made to hurt', function () {
  this.timeout(120_000);
  let files: TempFiles;
  before(async () => (files = await TempFiles.create()));
  after(() => files.remove());

  // There is no NVA: whatever is sent would fail differently.
  const run = (path: string, stdin?: Buffer): Promise<Ended> =>
    runProgram(['-s', 'unix:/nowhere.sock', 'apply', '-f', path], {
      env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` },
      ...(stdin === undefined ? {} : { stdin }),
    });

  function check({ status, signal, out, err }: Ended, expected: RegExp): void {
    assert.deepEqual([status, signal, out], [2, null, ''], err.slice(0, 2000));
    assert.match(err, /^error: /);
    assert.match(err, expected);
    assert.doesNotMatch(err, /\n\s+at |Warning/);
    assert.ok(!err.includes('\u001b'));
    // At most fifty faults, two lines each, and that there are more.
    assert.ok(err.length < 50_000, `${err.length} characters of errors`);
  }

  for (const [what, content, expected] of ROWS) {
    it(what, async () => {
      const buffer = Buffer.from(content);
      check(await run(await files.write('bad.yaml', buffer)), expected);
    });
  }

  it('10 MB of nonsense on stdin', async () => {
    const nonsense = Buffer.alloc(10_000_000, '%&/()=?{[*&"\n');
    check(await run('-', nonsense), /^error: stdin: more than 4194304 bytes: too large /);
  });

  it('a directory without manifests, a file that is not there, and a device', async () => {
    check(await run(files.path('none.yaml')), /ENOENT.*none\.yaml" \(FILE_UNREADABLE\)/);
    check(await run('/proc'), /: no manifest in there \(INVALID_FIELD\)/);
    check(await run('/dev/zero'), /\/dev\/zero: more than 4194304 bytes: too large/);
  });
});
