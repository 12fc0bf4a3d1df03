/**
 * One definition of a `*.api.json` file:
 *
 *   struct, message  [name, field..., {crc, options, comment}?]
 *   field            [type, name]  [type, name, {default, discriminator}]
 *                    [type, name, length]  [type, name, 0, countField]  [string, name, 0]
 *   enum, enumflag   [name, [value name, number]..., {enumtype}]
 *   union            [name, [type, member, {case}?]...]
 *   alias            {type, length?}
 */
import type { AliasDef, EnumDef, FieldDef, IntegerType, Repeat, UnionDef } from './api-schema.js';
import {
  isRecord,
  lengthAt,
  listAt,
  nameAt,
  optionalRecordAt,
  recordAt,
  refuse,
  textAt,
  type At,
} from './json-shape.js';

const INTEGERS: ReadonlySet<string> = new Set<IntegerType>([
  'u8',
  'u16',
  'u32',
  'u64',
  'i8',
  'i16',
  'i32',
  'i64',
]);

export function isInteger(type: string): type is IntegerType {
  return INTEGERS.has(type);
}

export function isScalar(type: string): boolean {
  return isInteger(type) || type === 'bool' || type === 'f64' || type === 'string';
}

/** `vl_api_prefix_t` is `prefix`; scalars are as they are. */
function typeNameAt(value: unknown, at: At): string {
  const text = nameAt(value, at);
  return /^vl_api_(\w+)_t$/.exec(text)?.[1] ?? text;
}

/** The fields between the name and the properties at the end. */
export function fieldsAt(definition: readonly unknown[], at: At): FieldDef[] {
  const fields: FieldDef[] = [];
  const names = new Set<string>();
  for (let i = 1; i < definition.length; i++) {
    const entry = definition[i];
    if (i === definition.length - 1 && isRecord(entry)) break;
    const field = fieldAt(entry, [...at, i]);
    if (names.has(field.name)) refuse([...at, i], field.name, 'a name used once');
    names.add(field.name);
    fields.push(field);
  }
  for (const { repeat, name } of fields) {
    if (repeat.kind === 'counted') checkCount(fields, name, repeat.count, at);
  }
  return fields;
}

function fieldAt(entry: unknown, at: At): FieldDef {
  const [type, name, third, count] = listAt(entry, at);
  const typeName = typeNameAt(type, at);
  const meta = isRecord(third) ? third : {};
  return {
    name: nameAt(name, at),
    type: typeName,
    repeat: isRecord(third) ? { kind: 'one' } : repeatAt(typeName, third, count, at),
    default: defaultAt(meta['default'], at),
    discriminator:
      meta['discriminator'] === undefined ? undefined : nameAt(meta['discriminator'], at),
  };
}

function repeatAt(type: string, length: unknown, count: unknown, at: At): Repeat {
  if (length === undefined) return { kind: 'one' };
  const fixed = lengthAt(length, at);
  if (count !== undefined) return { kind: 'counted', count: nameAt(count, at) };
  if (fixed > 0) return { kind: 'fixed', length: fixed };
  if (type !== 'string') refuse(at, length, 'a length, or 0 with the field that counts');
  return { kind: 'one' };
}

function defaultAt(value: unknown, at: At): string | number | boolean | undefined {
  if (value === undefined || typeof value === 'string' || typeof value === 'boolean') return value;
  return typeof value === 'number' ? value : refuse(at, value, 'a default');
}

/** The count comes before what it counts, or a reader could not know. */
function checkCount(fields: readonly FieldDef[], name: string, count: string, at: At): void {
  for (const field of fields) {
    if (field.name === name) break;
    if (field.name !== count) continue;
    if (!isInteger(field.type) || field.repeat.kind !== 'one') break;
    return;
  }
  refuse(at, count, `an integer field before ${name}`);
}

export function unionAt(definition: readonly unknown[], at: At): UnionDef {
  const name = nameAt(definition[0], at);
  const members = fieldsAtWithCases(definition, at);
  if (members.length === 0) refuse(at, name, 'a union with members');
  return { kind: 'union', name, members };
}

function fieldsAtWithCases(definition: readonly unknown[], at: At): UnionDef['members'] {
  return fieldsAt(definition, at).map(({ name, type, repeat }, i) => {
    if (repeat.kind === 'counted') refuse([...at, i + 1], name, 'of a fixed size');
    const entry = listAt(definition[i + 1], at);
    const meta = entry.find(isRecord) ?? {};
    return {
      name,
      type,
      repeat,
      case: meta['case'] === undefined ? undefined : textAt(meta['case'], at),
    };
  });
}

export function enumAt(kind: 'enum' | 'flags', definition: readonly unknown[], at: At): EnumDef {
  const name = nameAt(definition[0], at);
  const { enumtype } = recordAt(definition.at(-1), at);
  const repr = textAt(enumtype, at);
  if (!isInteger(repr)) refuse(at, repr, 'an integer type');
  const values = new Map<string, number>();
  for (let i = 1; i < definition.length - 1; i++) {
    const [valueName, value] = listAt(definition[i], [...at, i]);
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      refuse([...at, i], value, 'an integer');
    }
    values.set(nameAt(valueName, [...at, i]), value);
  }
  return { kind: kind === 'flags' || isFlags(name) ? 'flags' : 'enum', name, repr, values };
}

/**
 * Bit masks that VPP's files declare as `enum`: those that say so in their name, and these. What VPP
 * calls trace_filter_flag is not one.
 */
const FLAGS = new Set([
  'flow_action',
  'flow_action_v2',
  'gtpu_forwarding_type',
  'pnat_mask',
  'virtio_net_features_first_32',
]);

function isFlags(name: string): boolean {
  return FLAGS.has(name) || (/_flags?(_|$)/.test(name) && name !== 'trace_filter_flag');
}

export function aliasAt(name: string, definition: unknown, at: At): AliasDef {
  const { type, length } = recordAt(definition, at);
  return {
    kind: 'alias',
    name: nameAt(name, at),
    type: typeNameAt(type, at),
    length: length === undefined ? undefined : lengthAt(length, at),
  };
}

/** Options have a value, or just are: `deprecated` is there as null. */
export function optionsAt(value: unknown, at: At): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const [name, option] of Object.entries(optionalRecordAt(value, at))) {
    options.set(name, option === null ? '' : textAt(option, at));
  }
  return options;
}
