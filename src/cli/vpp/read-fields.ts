/** `--json` and `--file`: the fields of a message, as people and programs write them. */
import type { Command } from 'commander';
import { z } from 'zod';
import { invalidField } from '../../errors.js';
import { parseYaml } from '../../model/yaml.js';
import { readText, type Input } from '../read-text.js';
import type { VppFields } from './access.js';
import type { VppField, VppMessage, VppSchema } from './schema.js';

export const FieldOptions = z.object({ json: z.string().optional(), file: z.string().optional() });
export type FieldOptions = z.infer<typeof FieldOptions>;

export function addFieldOptions(command: Command): Command {
  return command
    .option('--json <text>', 'the fields as JSON or YAML')
    .option('-f, --file <path>', 'a file with them, or - for stdin');
}

/** VPP takes no longer message over its socket by far. */
const MAX_BYTES = 16 * 1024 * 1024;
const Fields = z.record(z.string(), z.unknown());

/**
 * What the options say; nothing is `{}`. Whole numbers that a double would round are bigints.
 * @throws NfvError INVALID_FIELD, FILE_UNREADABLE, MESSAGE_TOO_LARGE
 */
export async function readFields({ json, file }: FieldOptions, input: Input): Promise<VppFields> {
  if (json !== undefined && file !== undefined) {
    throw invalidField('--file', file, 'not used with --json', 'leave out one of the two');
  }
  if (json !== undefined) return parse(json, '--json');
  if (file === undefined) return {};
  const text = await readText(file, input, { maxBytes: MAX_BYTES, code: 'INVALID_FIELD' });
  return parse(text, file === '-' ? 'stdin' : file);
}

function parse(text: string, file: string): VppFields {
  const options = { file, code: 'INVALID_FIELD', maxBytes: MAX_BYTES, exact: true } as const;
  return parseYaml(text, Fields, options);
}

/**
 * The same in the codec's terms, where JSON has none: 64-bit integers that are written as digits, and
 * unions that are written as octets.
 */
export function typedFields(schema: VppSchema, message: VppMessage, fields: VppFields): VppFields {
  return converted(schema, message.fields, fields);
}

type Item = Pick<VppField, 'name' | 'type' | 'repeat'>;

function converted(schema: VppSchema, items: readonly Item[], values: object): VppFields {
  const byName = new Map(items.map((item) => [item.name, item]));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]: [string, unknown]) => {
      const item = byName.get(name);
      return [name, item === undefined ? value : convert(schema, item, value)];
    }),
  );
}

/** What does not fit the type is left as it is: the codec says what is wrong with it. */
function convert(schema: VppSchema, { name, type, repeat }: Item, value: unknown): unknown {
  if (repeat.kind !== 'one' && Array.isArray(value)) {
    return value.map((each: unknown) => convert(schema, { name, type, repeat: ONE }, each));
  }
  if (type === 'u64' || type === 'i64') return integerOf(value);
  // What is written without a point is a whole number to YAML.
  if (type === 'f64' && typeof value === 'bigint') return Number(value);
  const def = schema.types.get(type);
  switch (def?.kind) {
    case 'alias': {
      const inner = def.length === undefined ? ONE : FIXED;
      return convert(schema, { name, type: def.type, repeat: inner }, value);
    }
    case 'struct':
      return isObject(value) ? converted(schema, def.fields, value) : value;
    case 'union':
      return isObject(value) ? converted(schema, def.members, value) : octetsOf(value);
    default:
      return value;
  }
}

const ONE = { kind: 'one' } as const;
/** Of any length: that is the codec's to check. */
const FIXED = { kind: 'fixed', length: 0 } as const;

function integerOf(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : value;
}

/** A union of which nobody says what is in it is printed as octets; addresses have a text of their own. */
function octetsOf(value: unknown): unknown {
  const isHex = typeof value === 'string' && /^(?:[0-9a-f]{2})+$/i.test(value);
  return isHex ? Buffer.from(value, 'hex') : value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
