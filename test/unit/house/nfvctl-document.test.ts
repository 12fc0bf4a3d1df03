/** docs/nfvctl.md against the command line, in both directions. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { z } from 'zod';
import { EXIT } from '../../../src/cli/exit-codes.js';
import { KIND_NAMES, KINDS } from '../../../src/cli/kinds.js';
import { readManifests } from '../../../src/cli/manifest/read-manifests.js';
import { MANIFESTS } from '../../../src/cli/manifest/schema.js';
import { toBareManifest } from '../../../src/cli/manifest/to-manifest.js';
import { buildProgram } from '../../../src/cli/program.js';
import { Format } from '../../../src/cli/render.js';
import { STATES, stateWord } from '../../../src/cli/states.js';
import { codes, Markdown } from '../../support/markdown.js';
import { inputOf } from '../../support/cli.js';

const document = Markdown.read('docs/nfvctl.md');
const program = buildProgram(() => undefined, { write: () => undefined, columns: undefined });

const firstCodes = (rows: readonly (readonly string[])[]): string[] =>
  rows.flatMap(([cell]) => codes(cell));

describe('docs/nfvctl.md', () => {
  it('has every verb, and no other', () => {
    const verbs = program.createHelp().visibleCommands(program);
    assert.deepEqual(
      firstCodes(document.table('Verbs')).sort(),
      verbs.map((verb) => verb.name()).sort(),
    );
  });

  it('has every name of every kind', () => {
    const rows = document.table('Kinds and names').map((row) => row.map(codes));
    assert.deepEqual(
      rows,
      KINDS.map((kind) => {
        const { singular, plural, aliases, collection } = KIND_NAMES[kind];
        const names = new Set([singular, plural, ...aliases]);
        return [[kind], [...names], [`${collection}/NAME`]];
      }),
    );
  });

  it('has every format of -o', () => {
    assert.deepEqual(firstCodes(document.table('Output')), Format.options);
  });

  it('has every exit status with its meaning', () => {
    assert.deepEqual(
      document.table('Exit status'),
      Object.values(EXIT).map(({ code, meaning }) => [String(code), meaning]),
    );
  });

  it('has every variable that is read, and no other', () => {
    const read = readdirSync('src/cli', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...readFileSync(`src/cli/${name}`, 'utf8').matchAll(/env\['(\w+)'\]/g)])
      .map(([, name = '']) => name);
    const rows = [
      ...document.table('Reaching the NVA', 1),
      ...document.table('Reaching VPP', 1),
      ...document.table('Host', 2),
      ...document.table('Certificates', 2),
    ];
    assert.deepEqual(firstCodes(rows).sort(), [...new Set(read)].sort());
  });

  it('has every verb of vpp, and no other', () => {
    const vpp = program.commands.find((command) => command.name() === 'vpp');
    assert.deepEqual(
      firstCodes(document.table('VPP')),
      vpp?.commands.map((verb) => verb.name()),
    );
  });

  it('has every verb of pki, and no other', () => {
    const pki = program.commands.find((command) => command.name() === 'pki');
    assert.deepEqual(
      firstCodes(document.table('Certificates')),
      pki?.commands.map((verb) => verb.name()),
    );
  });

  it('has every verb of host, and no other', () => {
    const host = program.commands.find((command) => command.name() === 'host');
    assert.deepEqual(
      firstCodes(document.table('Host')),
      host?.commands.map((verb) => verb.name()),
    );
  });

  it('has every verb of migrate, and no other', () => {
    const migrate = program.commands.find((command) => command.name() === 'migrate');
    assert.deepEqual(
      firstCodes(document.table('Migrating')),
      migrate?.commands.map((verb) => verb.name()),
    );
  });

  it('has every state that can be waited for', () => {
    const rows = document.table('wait', 1).map(([kind, states]) => [codes(kind), codes(states)]);
    assert.deepEqual(
      rows,
      KINDS.map((kind) => [[KIND_NAMES[kind].singular], STATES[kind].map(stateWord)]),
    );
  });
});

const PORT_FLAG = /^--(no-)?(veth|tap|host-interface|vhost-user|memif|vlan|vpp-interface)/;

describe('docs/nfvctl.md, flags', () => {
  /** `--long` flags of tables; those for one verb say "with `VERB`:" first. */
  const documented = (verb: string, ...sections: readonly string[]): string[] =>
    sections
      .flatMap((section) => document.table(section))
      .filter(([, about = '']) => {
        const [, only = verb] = /^with `(\w+)`:/.exec(about) ?? [];
        return only === verb;
      })
      .flatMap(([flags]) => codes(flags))
      .filter((flag) => flag.startsWith('--'))
      .sort();

  const offered = (command: Command): string[] =>
    command.options
      .filter(({ hidden }) => !hidden)
      .flatMap(({ long }) => long ?? [])
      .sort();

  const find = (...words: readonly string[]): Command =>
    words.reduce((parent, word) => {
      const found = parent.commands.find((command) => command.name() === word);
      assert.ok(found, word);
      return found;
    }, program);

  it('of every verb', () => {
    assert.deepEqual(documented('', 'Reaching the NVA'), offered(program));
  });

  const WITH_SECTIONS = [
    'get',
    'watch',
    'apply',
    'diff',
    'wait',
    'plan',
    'history',
    'show',
    'rollback',
    'confirm',
  ];
  for (const verb of WITH_SECTIONS) {
    it(`of ${verb}`, () => {
      assert.deepEqual(documented(verb, verb), offered(find(verb)));
    });
  }

  for (const verb of ['describe', 'completion', 'version', 'help']) {
    it(`none of ${verb}`, () => {
      assert.deepEqual(offered(find(verb)), []);
    });
  }

  for (const verb of ['create', 'update']) {
    for (const kind of ['network', 'nve', 'subnet', 'router', 'endpoint']) {
      it(`of ${verb} ${kind}`, () => {
        assert.deepEqual(documented(verb, 'Changing', verb, kind), offered(find(verb, kind)));
      });
    }
  }

  for (const [verb, section] of [
    ['top', 'Top'],
    ['events', 'Events'],
  ] as const) {
    it(`of ${verb}`, () => {
      const flags = document.table(section).flatMap(([cell]) => codes(cell));
      const long = flags
        .map((flag) => flag.split(' ')[0] ?? '')
        .filter((flag) => flag.startsWith('--'));
      assert.deepEqual(long.sort(), offered(find(verb)));
    });
  }

  it('of vpp', () => {
    assert.deepEqual(documented('vpp', 'Reaching VPP'), offered(find('vpp')));
  });

  for (const verb of find('vpp').commands.map((command) => command.name())) {
    it(`of vpp ${verb}`, () => {
      const rows = document.table('Flags of vpp');
      const flags = rows
        .filter(([, verbs = '']) => codes(verbs).includes(verb))
        .flatMap(([flag]) => codes(flag).filter((each) => each.startsWith('--')));
      assert.deepEqual(flags.sort(), offered(find('vpp', verb)));
    });
  }

  for (const verb of ['start', 'finish', 'cancel']) {
    it(`of migrate ${verb}`, () => {
      const own = document
        .table('Migrating', 1)
        .filter(([, verbs = '']) => codes(verbs).includes(verb))
        .flatMap(([flag]) => codes(flag).filter((each) => each.startsWith('--')));
      const ports = find('update', 'endpoint')
        .options.flatMap(({ long }) => long ?? [])
        .filter((long) => PORT_FLAG.test(long));
      const flags = verb === 'start' ? [...own, ...ports] : own;
      assert.deepEqual(flags.sort(), offered(find('migrate', verb)));
    });
  }

  it('of delete', () => {
    const shared = documented('delete', 'Changing').filter((flag) => flag !== '--output');
    assert.deepEqual(
      [...shared, ...documented('delete', 'delete')].sort(),
      offered(find('delete')),
    );
  });
});

interface Key {
  readonly type: string;
  readonly required: boolean;
}

const Schema = z.object({
  type: z.string().optional(),
  const: z.string().optional(),
  enum: z.array(z.string()).optional(),
  required: z.array(z.string()).default([]),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z
    .object({ type: z.enum(['string', 'object']) })
    .loose()
    .optional(),
});
type Schema = z.infer<typeof Schema>;

describe('docs/nfvctl.md, manifests', () => {
  const WORDS: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    boolean: 'true or false',
    array: 'list of text',
    object: 'map of text',
  };

  const typeOf = (schema: Schema): string =>
    schema.enum?.map((value) => `\`${value}\``).join(', ') ??
    (schema.const === undefined ? WORDS[schema.type ?? ''] : `\`${schema.const}\``) ??
    'any';

  /** Every key with its path; what has keys of its own counts only where it says more. */
  function keysOf(raw: unknown, path: string, isRequired: boolean): [string, Key][] {
    const schema = Schema.parse(raw);
    if (schema.items?.type === 'object') {
      const list: Key = { type: 'list of maps', required: isRequired };
      return [[path, list], ...keysOf(schema.items, `${path}[]`, true)];
    }
    if (schema.properties === undefined) {
      return [[path, { type: typeOf(schema), required: isRequired }]];
    }
    const below = Object.entries(schema.properties).flatMap(([name, inner]) =>
      keysOf(inner, path === '' ? name : `${path}.${name}`, schema.required.includes(name)),
    );
    if (path !== 'spec.port') return below;
    return [
      [
        path,
        {
          type: 'one of `veth`, `tap`, `hostInterface`, `vhostUser`, `memif`, `vlan` and `vppInterface`',
          required: isRequired,
        },
      ],
      ...below,
    ];
  }

  const documented = (...sections: readonly string[]): [string, Key][] =>
    sections
      .flatMap((section) => document.table(section))
      .map(([key, type = '', value]) => [
        codes(key)[0] ?? '',
        { type, required: value === 'required' },
      ]);

  for (const kind of KINDS) {
    it(`has every key of ${kind}, and no other`, () => {
      const json = z.toJSONSchema(MANIFESTS[kind], { io: 'input', unrepresentable: 'any' });
      const known = keysOf(json, '', true).filter(([k]) => k !== 'apiVersion' && k !== 'kind');
      assert.deepEqual(
        Object.fromEntries(documented('Manifests', kind)),
        Object.fromEntries(known),
      );
    });
  }

  const HEAD = 'apiVersion: nfv/v1\nmetadata: {name: x}\n';
  const least = [
    ['VirtualNetwork', 'kind: VirtualNetwork\n'],
    ['Nve', 'kind: Nve\nspec: {vtepAddresses: [192.0.2.1]}\n'],
    ['Subnet', 'kind: Subnet\nspec: {network: a, prefix: 10.0.0.0/24}\n'],
    ['Router', 'kind: Router\n'],
    ['Endpoint', 'kind: Endpoint\nspec: {network: a, nve: b, port: {veth: {netns: c}}}\n'],
    ['Endpoint', 'kind: Endpoint\nspec: {network: a, nve: b, port: {tap: {}}}\n'],
    ['Endpoint', 'kind: Endpoint\nspec: {network: a, nve: b, port: {vhostUser: {socket: /a}}}\n'],
    ['Endpoint', 'kind: Endpoint\nspec: {network: a, nve: b, port: {memif: {socket: /a}}}\n'],
    [
      'Endpoint',
      'kind: Endpoint\nspec: {network: a, nve: b, port: {vlan: {parent: a, outerVlanId: 7}}}\n',
    ],
  ] as const;
  for (const [kind, text] of least) {
    it(`has the default of every key: ${text.replaceAll('\n', ' ')}`, async () => {
      const [desired] = await readManifests(
        ['-'],
        inputOf(Readable.from([Buffer.from(HEAD + text)])),
      );
      assert.ok(desired);
      const manifest = toBareManifest(desired);
      for (const [key = '', , value = ''] of document.table(kind)) {
        const path = codes(key)[0]?.split('.') ?? [];
        const [wanted] = codes(value);
        const found = at(manifest, path);
        const isOtherPort = path[1] === 'port' && !text.includes(path[2] ?? '');
        if (wanted !== undefined && !isOtherPort) {
          assert.equal(typeof found === 'string' ? found : JSON.stringify(found), wanted, key);
        } else if (value !== 'required') {
          assert.equal(found, undefined, key);
        }
      }
    });
  }

  function at(value: unknown, path: readonly string[]): unknown {
    let found = value;
    for (const step of path) {
      if (typeof found !== 'object' || found === null) return undefined;
      found = Reflect.get(found, step);
    }
    return found;
  }
});
