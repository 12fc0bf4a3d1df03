/** The definition of one message, for people and for programs. */
import { fields } from '../describe-text.js';
import { escapeText } from '../escape.js';
import type { Paint } from '../style.js';
import { Table } from '../table.js';
import type { KnownMessage } from './message-kinds.js';
import type { VppField, VppMessage, VppSchema, VppType } from './schema.js';
import { zerosOf } from './zero-fields.js';

/** `u32`, `fib_path[n_paths]`, `string[64]`. */
export function typeText({ type, repeat }: Pick<VppField, 'type' | 'repeat'>): string {
  switch (repeat.kind) {
    case 'one':
      return type;
    case 'fixed':
      return `${type}[${repeat.length}]`;
    case 'counted':
      return `${type}[${repeat.count}]`;
  }
}

/** `sw_if_index:interface_index flags:if_status_flags` */
export function fieldsText(message: VppMessage | undefined): string {
  return message?.fields.map((field) => `${field.name}:${typeText(field)}`).join(' ') ?? '';
}

/** As JSON has it. Types are all that the fields refer to, also within one another. */
export function definitionData(known: KnownMessage, schema: VppSchema): object {
  const { name, crc, id, kind, definition } = known;
  const service = schema.services.get(name);
  const types = definition === undefined ? [] : typesOf(definition.fields, schema);
  return {
    name,
    crc,
    id,
    kind,
    module: definition?.module ?? null,
    ...(service === undefined ? {} : answersOf(service)),
    fields: definition?.fields.map(fieldData) ?? null,
    types: types.map(typeData),
  };
}

function answersOf({
  reply,
  stream,
  streamMessage,
  events,
}: {
  readonly reply: string | undefined;
  readonly stream: boolean;
  readonly streamMessage: string | undefined;
  readonly events: readonly string[];
}): object {
  const details = streamMessage ?? (stream ? reply : undefined);
  return {
    ...(reply === undefined || reply === details ? {} : { reply }),
    ...(details === undefined ? {} : { details }),
    ...(events.length === 0 ? {} : { events }),
  };
}

function fieldData(field: VppField): object {
  const { name, default: value } = field;
  return { name, type: typeText(field), ...(value === undefined ? {} : { default: value }) };
}

function typeData(type: VppType): object {
  const { kind, name } = type;
  switch (type.kind) {
    case 'struct':
      return { name, kind, fields: type.fields.map(fieldData) };
    case 'union':
      return {
        name,
        kind,
        members: type.members.map((m) => ({ name: m.name, type: typeText(m) })),
      };
    case 'enum':
    case 'flags':
      return { name, kind, of: type.repr, values: Object.fromEntries(type.values) };
    case 'alias':
      return { name, kind, of: aliasText(type) };
  }
}

/** In the order in which they are met. */
function typesOf(items: readonly Pick<VppField, 'type'>[], schema: VppSchema): VppType[] {
  const found = new Map<string, VppType>();
  const visit = (type: string): void => {
    const def = schema.types.get(type);
    if (def === undefined || found.has(type)) return;
    found.set(type, def);
    if (def.kind === 'struct') for (const field of def.fields) visit(field.type);
    if (def.kind === 'union') for (const member of def.members) visit(member.type);
    if (def.kind === 'alias') visit(def.type);
  };
  for (const { type } of items) visit(type);
  return [...found.values()];
}

/** Everything about a message, and how it is asked. */
export function definitionText(known: KnownMessage, schema: VppSchema, paint: Paint): string {
  const { name, crc, id, kind, definition } = known;
  const service = schema.services.get(name);
  const answers = Object.entries(service === undefined ? {} : answersOf(service));
  const head = fields(paint, [
    ['Name', name],
    ['CRC', crc],
    ['ID', String(id)],
    ['Kind', kind],
    ['Module', definition?.module ?? ''],
    ...answers.map(([what, value]) => [TITLES[what] ?? what, String(value)] as const),
    ...[...(definition?.options ?? [])].map(
      ([option, value]) => ['Option', `${option} ${value}`.trim()] as const,
    ),
  ]);
  if (definition === undefined) return `${head}Fields: unknown, VPP does not tell them\n`;
  return (
    head + fieldTable(definition, paint) + typeTexts(definition, schema) + usage(known, schema)
  );
}

const TITLES: Readonly<Record<string, string>> = {
  reply: 'Reply',
  details: 'Details',
  events: 'Events',
};

function fieldTable({ fields: all }: VppMessage, paint: Paint): string {
  if (all.length === 0) return 'Fields: none\n';
  const rows = all.map((field) => [
    { text: field.name },
    { text: typeText(field) },
    { text: field.default === undefined ? '' : String(field.default) },
  ]);
  return `Fields (${all.length}):\n${indented(new Table(['NAME', 'TYPE', 'DEFAULT'], paint).all(rows))}`;
}

function typeTexts(message: VppMessage, schema: VppSchema): string {
  const types = typesOf(message.fields, schema);
  if (types.length === 0) return '';
  return `Types (${types.length}):\n${indented(types.map((type) => `${escapeText(typeLine(type))}\n`).join(''))}`;
}

function typeLine(type: VppType): string {
  switch (type.kind) {
    case 'struct':
      return `${type.name}: { ${type.fields.map(itemText).join(', ')} }`;
    case 'union':
      return `${type.name}: one of { ${type.members.map(itemText).join(', ')} }`;
    case 'enum':
      return `${type.name}: ${type.repr}, one of ${[...type.values.keys()].join(', ')}`;
    case 'flags':
      return `${type.name}: ${type.repr}, any of ${[...type.values.keys()].join(', ')}`;
    case 'alias':
      return `${type.name}: ${aliasText(type)}`;
  }
}

function itemText(item: Pick<VppField, 'name' | 'type' | 'repeat'>): string {
  return `${item.name}: ${typeText(item)}`;
}

function aliasText({
  type,
  length,
}: {
  readonly type: string;
  readonly length: number | undefined;
}): string {
  return length === undefined ? type : `${type}[${length}]`;
}

/** With a zero for every field that must be given. */
function usage({ name, kind, definition }: KnownMessage, schema: VppSchema): string {
  if (definition === undefined || (kind !== 'request' && kind !== 'dump')) return '';
  const verb = kind === 'dump' ? 'dump' : 'call';
  const zeros = zerosOf(schema, definition);
  const json = Object.keys(zeros).length === 0 ? '' : ` --json '${JSON.stringify(zeros)}'`;
  return `Use:\n  nfvctl vpp ${verb} ${name}${json}\n`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
