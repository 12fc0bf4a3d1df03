/** VPP's API definitions as the emulator reads them: its own reading, not that of src/vpp-api. */
import { z } from 'zod';

const part = z.union([z.string(), z.number(), z.record(z.string(), z.unknown())]);
const field = z.array(part);
const definition = z.array(z.union([z.string(), field, z.record(z.string(), z.unknown())]));
const service = z.looseObject({
  reply: z.string().optional(),
  stream: z.boolean().optional(),
  stream_msg: z.string().optional(),
});
const moduleShape = z.looseObject({
  module: z.string(),
  types: z.array(definition),
  messages: z.array(definition),
  unions: z.array(definition),
  enums: z.array(definition),
  enumflags: z.array(definition),
  aliases: z.record(z.string(), z.object({ type: z.string(), length: z.number().optional() })),
  services: z.record(z.string(), service),
});

export interface Field {
  readonly type: string;
  readonly name: string;
  /** Of an array or a string; undefined: one value, 0: counted or of any length. */
  readonly length: number | undefined;
  readonly count: string | undefined;
}

export type Type =
  | { readonly kind: 'struct' | 'union'; readonly fields: readonly Field[] }
  | { readonly kind: 'number'; readonly repr: string }
  | { readonly kind: 'alias'; readonly type: string; readonly length: number | undefined };

export interface Message {
  readonly name: string;
  readonly crc: string;
  readonly module: string;
  /** Without id, client index and context. */
  readonly fields: readonly Field[];
  readonly hasClientIndex: boolean;
  readonly hasContext: boolean;
  /** What answers it. */
  readonly reply: string | undefined;
  readonly details: string | undefined;
}

export interface Definitions {
  readonly messages: ReadonlyMap<string, Message>;
  readonly types: ReadonlyMap<string, Type>;
}

export function readDefinitions(modules: readonly unknown[]): Definitions {
  const messages = new Map<string, Message>();
  const types = new Map<string, Type>();
  for (const json of modules) {
    const parsed = moduleShape.parse(json);
    for (const def of parsed.types)
      types.set(nameOf(def), { kind: 'struct', fields: fieldsOf(def) });
    for (const def of parsed.unions)
      types.set(nameOf(def), { kind: 'union', fields: fieldsOf(def) });
    for (const def of [...parsed.enums, ...parsed.enumflags]) {
      types.set(nameOf(def), { kind: 'number', repr: reprOf(def) });
    }
    for (const [name, { type, length }] of Object.entries(parsed.aliases)) {
      types.set(name, { kind: 'alias', type, length });
    }
    for (const def of parsed.messages) {
      const found = parsed.services[nameOf(def)];
      const reply =
        found?.stream === true && found.stream_msg === undefined ? undefined : found?.reply;
      const details = found?.stream_msg ?? (found?.stream === true ? found.reply : undefined);
      messages.set(nameOf(def), { ...messageOf(def, parsed.module), reply, details });
    }
  }
  return { messages, types };
}

function messageOf(
  def: z.infer<typeof definition>,
  module: string,
): Omit<Message, 'reply' | 'details'> {
  const [, ...fields] = fieldsOf(def);
  const hasClientIndex = fields[0]?.name === 'client_index';
  const hasContext = fields[hasClientIndex ? 1 : 0]?.name === 'context';
  return {
    name: nameOf(def),
    crc: z.string().parse(propertiesOf(def)['crc']).replace(/^0x/, ''),
    module,
    fields: fields.slice(Number(hasClientIndex) + Number(hasContext)),
    hasClientIndex,
    hasContext,
  };
}

const nameOf = ([name]: z.infer<typeof definition>): string => z.string().parse(name);

function fieldsOf(def: z.infer<typeof definition>): Field[] {
  return def
    .filter((each) => Array.isArray(each))
    .map(([type, name, ...rest]) => {
      const length = rest.find((each) => typeof each === 'number');
      const count = rest.find((each) => typeof each === 'string');
      const isText = type === 'string' && length === undefined;
      return {
        type: z
          .string()
          .parse(type)
          .replace(/^vl_api_(.*)_t$/, '$1'),
        name: z.string().parse(name),
        length: isText ? 0 : length,
        count,
      };
    });
}

function propertiesOf(def: z.infer<typeof definition>): Record<string, unknown> {
  const last = def.at(-1);
  return typeof last === 'object' && !Array.isArray(last) ? last : {};
}

function reprOf(def: z.infer<typeof definition>): string {
  return z.string().parse(propertiesOf(def)['enumtype'] ?? 'u32');
}
