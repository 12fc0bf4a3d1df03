/** The pages of the daemons have every key of their configuration, and every line of their logs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { nvaConfigSchema } from '../../../src/nva/config.js';
import { nveConfigSchema } from '../../../src/nve/config.js';

const read = (path: string): string => readFileSync(path, 'utf8');

/** What `z.toJSONSchema` makes of a configuration. */
interface Node {
  readonly type?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Node | undefined;
}
const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    default: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    properties: z.record(z.string(), node).optional(),
    required: z.array(z.string()).optional(),
    items: node.optional(),
  }),
);

interface Key {
  /** undefined: it must be given. */
  readonly default: unknown;
  /** Empty: any text. */
  readonly choices: readonly unknown[];
}

/** Every key that has a value of its own, by its path; objects have none. */
function keysOf(schema: Node, path = '', given?: unknown): Map<string, Key> {
  const keys = new Map<string, Key>();
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const own = path === '' ? name : `${path}.${name}`;
    const fallback = child.default ?? valueIn(given, name);
    if (child.type === 'object') {
      for (const entry of keysOf(child, own, fallback)) keys.set(...entry);
      continue;
    }
    keys.set(own, { default: fallback, choices: child.enum ?? [] });
    if (child.items === undefined) continue;
    for (const entry of keysOf(child.items, `${own}[]`)) keys.set(...entry);
  }
  return keys;
}

function valueIn(value: unknown, key: string): unknown {
  const isObject = typeof value === 'object' && value !== null;
  return isObject ? new Map<string, unknown>(Object.entries(value)).get(key) : undefined;
}

/** The rows of the tables whose first cell is code, by it. */
function rowsOf(page: string, heading: string): Map<string, readonly string[]> {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = new Map<string, readonly string[]>();
  for (const [, name = '', rest = ''] of section.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)) {
    assert.ok(!rows.has(name), `${name} is there twice`);
    rows.set(
      name,
      rest.split(' | ').map((cell) => cell.trim()),
    );
  }
  return rows;
}

const code = (cell: string): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** Level and text of every line that a program's sources log. */
function linesOf(sources: readonly string[]): Map<string, string> {
  const lines = new Map<string, string>();
  for (const source of sources) {
    const call = /\blog(?:\.(debug|info|warn|error|fatal)|\[level\])\(/g;
    for (const { index, 0: head, 1: level } of source.matchAll(call)) {
      const end = source.indexOf(');', index);
      const [, text] = /'([^']+)',?\s*$/.exec(source.slice(index + head.length, end)) ?? [];
      assert.ok(text !== undefined, `a log line without a text: ${source.slice(index, end)}`);
      lines.set(text, level ?? 'any');
    }
  }
  return lines;
}

const inFolder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join(folder, name)));

const DAEMONS = [
  { name: 'nva', schema: nvaConfigSchema },
  { name: 'nve', schema: nveConfigSchema },
];

for (const { name, schema } of DAEMONS) {
  describe(`docs/${name}.md`, () => {
    const page = read(`docs/${name}.md`);
    const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    const keys = keysOf(node.parse(json));
    const rows = rowsOf(page, 'Configuration');

    it('has every key of the configuration, and no other', () => {
      assert.ok(keys.size > 10);
      assert.deepEqual([...rows.keys()].sort(), [...keys.keys()].sort());
    });

    it('has the default of every key', () => {
      for (const [key, { default: expected }] of keys) {
        const cell = rows.get(key)?.[1] ?? '';
        if (expected === undefined) assert.equal(cell, 'required', key);
        else assert.deepEqual(parse(code(cell)[0] ?? ''), expected, key);
      }
    });

    it('has every value of keys that have only some', () => {
      for (const [key, { choices }] of keys) {
        if (choices.length > 0) assert.deepEqual(code(rows.get(key)?.[0] ?? ''), choices, key);
      }
    });

    it('has every line that is logged, and no other, with its level', () => {
      const own = [`src/main/daemon.ts`, `src/main/${name}-daemon.ts`].map(read);
      const logged = linesOf([...inFolder(`src/${name}`), ...own]);
      const told = rowsOf(page, 'Log');
      assert.deepEqual([...told.keys()].sort(), [...logged.keys()].sort());
      for (const [text, level] of logged) {
        assert.ok(level === 'any' || told.get(text)?.[0] === level, `${text} is ${level}`);
      }
    });
  });
}
