/**
 * Makes src/vpp-api/generated/catalogue.ts from the API definitions of releases: just the messages of
 * product-messages.ts with what belongs to them, and only facts: names, fields, types, CRCs.
 *
 * The catalogue is a list of layers, newest release first. The first has all messages that release
 * has; a later one only those that no newer release has under the same CRC.
 */
import { z } from 'zod';
import type { ApiSchema, ServiceDef } from '../../src/vpp-api/schema/api-schema.js';
import { parseModules } from '../../src/vpp-api/schema/parse-module.js';
import { features } from '../../src/vpp-api/schema/product-messages.js';
import type { Release } from './vpp-releases.js';

const definition = z.array(z.unknown());
const moduleShape = z.object({
  module: z.string(),
  types: z.array(definition),
  messages: z.array(definition),
  unions: z.array(definition),
  enums: z.array(definition),
  enumflags: z.array(definition),
  aliases: z.record(z.string(), z.unknown()),
  services: z.record(z.string(), z.unknown()),
  options: z.unknown(),
});
type Module = z.infer<typeof moduleShape>;
const KINDS = ['types', 'unions', 'enums', 'enumflags'] as const;

export interface Layer {
  readonly release: string;
  readonly modules: readonly Module[];
}

/** Requests with their replies, details and events. */
export function productMessages(schema: ApiSchema): Set<string> {
  const names = new Set<string>();
  for (const [, needs] of features()) {
    for (const { anyOf, events = [] } of needs) {
      for (const name of [...anyOf.flatMap((request) => family(schema, request)), ...events]) {
        if (schema.messages.has(name)) names.add(name);
      }
    }
  }
  return names;
}

function family(schema: ApiSchema, request: string): string[] {
  const service: ServiceDef | undefined = schema.services.get(request);
  const { reply, streamMessage, events = [] } = service ?? {};
  return [request, reply, streamMessage, ...events].filter((name) => name !== undefined);
}

export function catalogueLayers(releases: readonly Release[]): Layer[] {
  const taken = new Set<string>();
  return [...releases].reverse().flatMap(({ name, modules }, i) => {
    const schema = parseModules(modules);
    const wanted = new Set<string>();
    for (const message of productMessages(schema)) {
      const key = schema.messages.get(message)?.key ?? '';
      if (!taken.has(key)) wanted.add(message);
      taken.add(key);
    }
    const layer = { release: name, modules: trimmed(modules, wanted, i === 0) };
    return wanted.size === 0 ? [] : [layer];
  });
}

/** Modules with only the wanted messages and their types; each type once if `once`. */
function trimmed(
  modules: readonly unknown[],
  wanted: ReadonlySet<string>,
  once: boolean,
): Module[] {
  const there = new Set<string>();
  return modules.flatMap((json) => {
    const module = moduleShape.parse(json);
    const messages = module.messages.filter(([name]) => wanted.has(String(name)));
    if (messages.length === 0) return [];
    const types = typesOf(module, messages);
    const keep = (name: string): boolean => types.has(name) && !there.has(name);
    const names = (item: readonly unknown[]): boolean => keep(String(item[0]));
    const kept = {
      module: module.module,
      options: module.options,
      messages: messages.map(factsOf),
      ...Object.fromEntries(KINDS.map((kind) => [kind, module[kind].filter(names).map(factsOf)])),
      aliases: Object.fromEntries(Object.entries(module.aliases).filter(([name]) => keep(name))),
      services: Object.fromEntries(
        Object.entries(module.services).filter(([request]) => wanted.has(request)),
      ),
    };
    if (once) for (const type of types) there.add(type);
    return [moduleShape.parse(kept)];
  });
}

/** Names of all types that the messages reach. */
function typesOf(module: Module, messages: readonly (readonly unknown[])[]): Set<string> {
  const definitions = new Map<string, unknown>(Object.entries(module.aliases));
  for (const kind of KINDS) for (const item of module[kind]) definitions.set(String(item[0]), item);
  const reached = new Set<string>();
  const reach = (json: unknown): void => {
    for (const [, name = ''] of JSON.stringify(json).matchAll(/"vl_api_(\w+)_t"/g)) {
      if (reached.has(name)) continue;
      reached.add(name);
      reach(definitions.get(name));
    }
  };
  messages.forEach(reach);
  return reached;
}

function factsOf(item: readonly unknown[]): unknown[] {
  return item.map((part) => {
    const properties = z.record(z.string(), z.unknown()).safeParse(part);
    if (!properties.success) return part;
    return Object.fromEntries(Object.entries(properties.data).filter(([key]) => key !== 'comment'));
  });
}

/** The text of the file: JSON, one definition a line. */
export function catalogueText(layers: readonly Layer[]): string {
  const releases = layers.map(({ release }) => release);
  const json = layers
    .map(
      ({ release, modules }) =>
        `{"release":"${release}","modules":[\n${modules.map(moduleText).join(',\n')}\n]}`,
    )
    .join(',\n');
  if (/[`\\]|\$\{/.test(json)) throw new Error('the catalogue has what a template cannot hold');
  return `// Generated by test/support/write-vpp-generated.ts; do not edit.
// Facts (names, fields, types, CRCs) from the API definitions of FD.io VPP, newest first: ${releases.join(', ')}.

/** A list of {release, modules}; see schema/catalogue.ts. */
export const CATALOGUE_JSON = \`[
${json}
]\`;
`;
}

function moduleText(module: Module): string {
  const lines = (list: readonly unknown[]): string =>
    list.map((item) => `\n${JSON.stringify(item)}`).join(',');
  const { module: name, aliases, services, options, messages } = module;
  const entries = (record: Readonly<Record<string, unknown>>): string =>
    Object.entries(record)
      .map(([key, value]) => `\n${JSON.stringify(key)}:${JSON.stringify(value)}`)
      .join(',');
  return [
    `{"module":${JSON.stringify(name)},"options":${JSON.stringify(options)}`,
    `"messages":[${lines(messages)}]`,
    ...KINDS.map((kind) => `"${kind}":[${lines(module[kind])}]`),
    `"aliases":{${entries(aliases)}}`,
    `"services":{${entries(services)}}}`,
  ].join(',\n');
}
