import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  giveBack,
  mergeManaged,
  stripManaged,
  type ManagedStatement,
} from '../../../src/dpdk/startup-conf-merge.js';
import { parseStartupConf, type ConfStatement } from '../../../src/dpdk/startup-conf-parser.js';

const line = (...words: string[]): ManagedStatement => ({ words, key: 1 });
const conf = (sections: Readonly<Record<string, readonly ManagedStatement[]>>) =>
  new Map(Object.entries(sections));

/** As an operator has it: tabs, comments with braces, sections that are comments altogether. */
const OPERATORS = `# site 12
unix {
  nodaemon
  log /var/log/vpp/vpp.log
  gid vpp   ## who may use the CLI

\t# exec /etc/vpp/setup { not yet }
}
api-trace { on }
cpu {
\t## main-core 1
}

# dpdk {
#   uio-driver auto
# }
`;

describe('mergeManaged', () => {
  it('writes a file where there was none', () => {
    const dev: ManagedStatement = {
      words: ['dev', '0000:41:00.0'],
      key: 2,
      block: [line('name', 'up')],
    };
    assert.equal(
      mergeManaged('', conf({ dpdk: [line('uio-driver', 'vfio-pci'), dev] })),
      `
# nfvd begin: these lines are written by nfvd
dpdk {
  uio-driver vfio-pci
  dev 0000:41:00.0 {
    name up
  }
}
# nfvd end;
`,
    );
  });

  it("stands in the operator's section, which stays as it is", () => {
    const text = 'unix {\n  nodaemon\n  log /x   # mine\n}\n';
    assert.equal(
      mergeManaged(text, conf({ unix: [line('cli-listen', '/run/a')] })),
      `unix {
  # nfvd begin: these lines are written by nfvd
  cli-listen /run/a
  # nfvd end
  nodaemon
  log /x   # mine
}
`,
    );
  });

  it('leaves to the operator what the operator says already', () => {
    const text = 'unix { nodaemon }\n';
    assert.equal(mergeManaged(text, conf({ unix: [line('nodaemon')] })), text);
  });

  it('makes a comment of what says otherwise, and a statement again of it', () => {
    const text = 'dpdk {\n  uio-driver auto # old\n  dev 0000:41:00.0\n  {\n    name a\n  }\n}\n';
    const dev: ManagedStatement = {
      words: ['dev', '0000:41:00.0'],
      key: 2,
      block: [line('name', 'b')],
    };
    const merged = mergeManaged(text, conf({ dpdk: [line('uio-driver', 'vfio-pci'), dev] }));
    assert.ok(merged.includes('\n#nfvd-was   uio-driver auto # old\n'));
    assert.ok(
      merged.includes('#nfvd-was   dev 0000:41:00.0\n#nfvd-was   {\n#nfvd-was     name a\n'),
    );
    assert.equal(stripManaged(merged), text);
    const other = mergeManaged(merged, conf({ cpu: [line('main-core', '1')] }));
    assert.ok(other.includes('\n  uio-driver auto # old\n'));
  });

  it('refuses to take one statement out of a line of several', () => {
    const text = 'unix {\n  nodaemon cli-listen /a\n  gid x }\n';
    assert.throws(() => mergeManaged(text, conf({ unix: [line('gid', 'vpp')] })), {
      code: 'STARTUP_CONF_INVALID',
      message: 'line 3: "gid x" has to give way, and shares its line with others',
    });
  });

  it('refuses what would make the file unreadable', () => {
    assert.throws(() => mergeManaged('unix {\n', conf({})), { code: 'STARTUP_CONF_INVALID' });
    assert.throws(() => mergeManaged('', conf({ unix: [line('log', '}')] })), {
      code: 'STARTUP_CONF_INVALID',
    });
  });

  it("goes into an operator's file, and out again", () => {
    const wanted = conf({
      unix: [line('nodaemon'), line('gid', 'nfvd')],
      cpu: [line('main-core', '1')],
      dpdk: [line('no-pci')],
    });
    const merged = mergeManaged(OPERATORS, wanted);
    assert.equal(stripManaged(merged), OPERATORS);
    const unix = parseStartupConf(merged).find(({ words }) => words[0] === 'unix');
    const lines = (unix?.block ?? []).map(({ words }) => words.join(' '));
    assert.ok(lines.includes('gid nfvd') && !lines.includes('gid vpp'));
  });

  const word = fc.constantFrom('main-core 1', 'gid vpp', 'dev a { name b }', 'log /x', '# note');
  const text = fc
    .array(
      fc.tuple(
        fc.constantFrom('unix', 'cpu', 'dpdk'),
        fc.array(word),
        fc.constantFrom('\n', ' \n\n'),
      ),
    )
    .map((sections) =>
      sections.map(([name, words, end]) => `${name} {\n${words.join('\n')}\n}${end}`).join(''),
    );
  const managed = fc
    .array(fc.constantFrom('main-core 2', 'gid nfvd', 'log /y', 'no-pci'), { maxLength: 3 })
    .chain((words) =>
      fc.constantFrom('unix', 'cpu', 'dpdk', 'new').map((name) => [name, words] as const),
    );

  it('is undone byte for byte, and done twice is done once', () => {
    fc.assert(
      fc.property(text, managed, managed, (own, [a, first], [b, second]) => {
        const wanted = (name: string, words: readonly string[]) =>
          conf({ [name]: [...new Set(words)].map((w) => line(...w.split(' '))) });
        const merged = mergeManaged(own, wanted(a, first));
        assert.equal(stripManaged(merged), own);
        assert.equal(mergeManaged(merged, wanted(a, first)), merged);
        assert.equal(mergeManaged(merged, wanted(b, second)), mergeManaged(own, wanted(b, second)));
      }),
    );
  });

  it('takes ours out of a file that an editor has written anew', () => {
    const ours = conf({ unix: [line('gid', 'a')], cpu: [line('main-core', '1')] });
    const alone = mergeManaged('', ours);
    for (const edited of [alone.trim(), alone.trimStart(), alone.replaceAll('\n', '\r\n')]) {
      assert.equal(giveBack(edited, null), null);
    }
    const compact = mergeManaged('unix { nodaemon }\n', ours);
    const own = 'unix { nodaemon }\r\n';
    const lines = ({ words, block = [] }: ConfStatement): unknown => [words, block.map(lines)];
    const stripped = stripManaged(compact.replaceAll('\n', '\r\n'));
    assert.deepEqual(parseStartupConf(stripped).map(lines), parseStartupConf(own).map(lines));
  });

  it('gives the file back with what others have written into it since', () => {
    const ours = conf({ unix: [line('nodaemon')], cpu: [line('main-core', '1')] });
    const merged = mergeManaged(OPERATORS, ours);
    const added = `${merged}\nnat { endpoint-dependent }\n`;
    assert.equal(giveBack(added, OPERATORS), `${OPERATORS}\nnat { endpoint-dependent }\n`);
    const [first, second] = [mergeManaged('', ours), mergeManaged('nat { }\n', ours)];
    assert.equal(giveBack(first, null), null);
    assert.equal(giveBack(second, null), 'nat { }\n');
  });

  it('gives our former lines back beside those of others', () => {
    const dev: ManagedStatement = {
      words: ['dev', '0000:41:00.0'],
      key: 2,
      block: [line('name', 'b')],
    };
    const data: ManagedStatement = { words: ['default', 'data-size', '4096'], key: 2 };
    const former = conf({ dpdk: [line('uio-driver', 'vfio-pci'), dev], buffers: [data] });
    const now = mergeManaged(`${OPERATORS}nat { }\n`, conf({ cpu: [line('main-core', '1')] }));
    assert.equal(
      giveBack(now, mergeManaged(OPERATORS, former)),
      mergeManaged(`${OPERATORS}nat { }\n`, former),
    );
  });
});
