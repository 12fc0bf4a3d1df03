/** The import table of docs/architecture.md is enforced: a forbidden import fails the checker. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { tempDir } from '../../support/temp-dir.js';

const report = z.object({
  summary: z.object({
    violations: z.array(
      z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) }),
    ),
  }),
});

/** What the checker says of a tree of files: `rule: from -> to`. */
function violations(files: Readonly<Record<string, string>>): string[] {
  const dir = tempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir.path, path)), { recursive: true });
      writeFileSync(join(dir.path, path), text);
    }
    for (const file of ['tsconfig.base.json', 'package.json']) {
      copyFileSync(file, join(dir.path, file));
    }
    symlinkSync(resolve('node_modules'), join(dir.path, 'node_modules'));
    const config = resolve('.dependency-cruiser.cjs');
    const args = ['src', '--config', config, '--output-type', 'json'];
    const child = spawnSync(resolve('node_modules/.bin/depcruise'), args, {
      cwd: dir.path,
      encoding: 'utf8',
    });
    const found = report.parse(JSON.parse(child.stdout)).summary.violations;
    return found.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  } finally {
    dir.remove();
  }
}

const importing = (path: string): string => `import { x } from '${path}';\nexport const y = x;\n`;
const X = 'export const x = 1;\n';

describe('import table', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    [
      'model imports nva',
      { 'src/model/a.ts': importing('../nva/b.js'), 'src/nva/b.ts': X },
      'room-model: src/model/a.ts -> src/nva/b.ts',
    ],
    [
      'cli imports nva',
      { 'src/cli/a.ts': importing('../nva/b.js'), 'src/nva/b.ts': X },
      'room-cli: src/cli/a.ts -> src/nva/b.ts',
    ],
    [
      'nve imports nva',
      { 'src/nve/a.ts': importing('../nva/b.js'), 'src/nva/b.ts': X },
      'room-nve: src/nve/a.ts -> src/nva/b.ts',
    ],
    [
      'one dataplane imports another',
      {
        'src/dataplane/linux/a.ts': importing('../vpp/b.js'),
        'src/dataplane/vpp/b.ts': X,
      },
      'room-dataplane/linux: src/dataplane/linux/a.ts -> src/dataplane/vpp/b.ts',
    ],
    [
      'reconcile knows a dataplane',
      {
        'src/reconcile/a.ts': importing('../dataplane/linux/b.js'),
        'src/dataplane/linux/b.ts': X,
      },
      'room-reconcile: src/reconcile/a.ts -> src/dataplane/linux/b.ts',
    ],
    [
      'a room imports main',
      { 'src/nva/a.ts': importing('../main/b.js'), 'src/main/b.ts': X },
      'main-is-the-roof: src/nva/a.ts -> src/main/b.ts',
    ],
    [
      'nva imports @grpc',
      { 'src/nva/a.ts': "import { status } from '@grpc/grpc-js';\nexport const x = status;\n" },
      'grpc-only-in-rpc: src/nva/a.ts -> node_modules/@grpc/grpc-js',
    ],
    [
      'nve imports lmdb',
      { 'src/nve/a.ts': "import { open } from 'lmdb';\nexport const x = open;\n" },
      'lmdb-only-in-store: src/nve/a.ts -> node_modules/lmdb',
    ],
    [
      'model does I/O',
      {
        'src/model/a.ts':
          "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n",
      },
      'model-is-pure: src/model/a.ts -> fs',
    ],
    [
      'a cycle',
      {
        'src/model/a.ts': "import { b } from './b.js';\nexport const a = (): unknown => b;\n",
        'src/model/b.ts': "import { a } from './a.js';\nexport const b = (): unknown => a;\n",
      },
      'no-cycles: src/model/a.ts -> src/model/b.ts',
    ],
    [
      'what ships imports what does not',
      { 'src/cli/a.ts': "import fc from 'fast-check';\nexport const x = fc;\n" },
      'not-to-dev-dependency: src/cli/a.ts -> node_modules/fast-check',
    ],
  ];
  for (const [what, files, expected] of rows) {
    it(`forbids that ${what}`, () => {
      const found = violations(files);
      const [rule = '', target = ''] = expected.split(' -> ');
      assert.ok(
        // A package is found wherever node_modules really is.
        found.some((line) => line.startsWith(`${rule} -> `) && line.includes(target)),
        `${expected}\nis not in\n${found.join('\n')}`,
      );
    }).timeout(30_000);
  }

  it('allows what the table allows', () => {
    const files = {
      'src/errors.ts': X,
      'src/model/a.ts': importing('../errors.js'),
      'src/reconcile/b.ts': "import { y } from '../model/a.js';\nexport const x = y;\n",
      'src/nve/c.ts': importing('../reconcile/b.js'),
      'src/main/d.ts': "import { y } from '../nve/c.js';\nexport const z = y;\n",
    };
    assert.deepEqual(violations(files), []);
  }).timeout(30_000);
});
