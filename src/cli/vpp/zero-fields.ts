/** Values that stand for "nothing", for fields that are left out. */
import type { VppFields } from './access.js';
import type { VppField, VppMessage, VppSchema } from './schema.js';

/** Types that have a text of their own (docs/vpp-api.md). */
const TEXTS: Readonly<Record<string, string>> = {
  address: '0.0.0.0',
  address_union: '0.0.0.0',
  ip4_address: '0.0.0.0',
  ip6_address: '::',
  prefix: '0.0.0.0/0',
  ip4_prefix: '0.0.0.0/0',
  ip6_prefix: '::/0',
  mac_address: '00:00:00:00:00:00',
};

/** Types do not contain themselves; what a broken schema has deeper is left to the codec. */
const MAX_DEPTH = 16;

/** `given`, and zero for what is neither given nor has a default: as other clients of VPP have it. */
export function withZeros(schema: VppSchema, message: VppMessage, given: VppFields): VppFields {
  return filled(schema, message.fields, given);
}

function filled(schema: VppSchema, fields: readonly VppField[], given: object): VppFields {
  const types = new Map(fields.map(({ name, type }) => [name, type]));
  const values = Object.entries(given).map(([name, value]: [string, unknown]) => {
    const type = types.get(name);
    return [name, type === undefined ? value : filledWithin(schema, type, value)] as const;
  });
  return { ...zeroFields(schema, fields, MAX_DEPTH), ...Object.fromEntries(values) };
}

/** The structs in a value too; what does not fit the type is for the codec to refuse. */
function filledWithin(schema: VppSchema, type: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => filledWithin(schema, type, each));
  const def = schema.types.get(type);
  if (def?.kind === 'alias') return filledWithin(schema, def.type, value);
  return def?.kind === 'struct' ? filled(schema, def.fields, value) : value;
}

/** What must be given to a message, each with its zero. */
export function zerosOf(schema: VppSchema, message: VppMessage): VppFields {
  return zeroFields(schema, message.fields, MAX_DEPTH);
}

function zeroFields(schema: VppSchema, fields: readonly VppField[], depth: number): VppFields {
  const counts = new Set(
    fields.flatMap(({ repeat }) => (repeat.kind === 'counted' ? [repeat.count] : [])),
  );
  const wanted = fields.filter((field) => field.default === undefined && !counts.has(field.name));
  return Object.fromEntries(wanted.map((field) => [field.name, zeroOf(schema, field, depth)]));
}

type Item = Pick<VppField, 'type' | 'repeat'>;

function zeroOf(schema: VppSchema, { type, repeat }: Item, depth: number): unknown {
  if (type === 'string') return '';
  switch (repeat.kind) {
    case 'one':
      return zeroOfType(schema, type, depth - 1);
    case 'counted':
      return isOctet(schema, type) ? '' : [];
    case 'fixed':
      return isOctet(schema, type)
        ? '00'.repeat(repeat.length)
        : Array.from({ length: repeat.length }, () => zeroOfType(schema, type, depth - 1));
  }
}

function zeroOfType(schema: VppSchema, type: string, depth: number): unknown {
  const text = TEXTS[type];
  if (text !== undefined) return text;
  if (type === 'bool') return false;
  const def = schema.types.get(type);
  if (def === undefined || depth <= 0) return 0;
  switch (def.kind) {
    case 'struct':
      return zeroFields(schema, def.fields, depth);
    case 'union': {
      const [first] = def.members;
      return first === undefined ? {} : { [first.name]: zeroOf(schema, first, depth) };
    }
    case 'enum':
      return [...def.values].find(([, value]) => value === 0)?.[0] ?? 0;
    case 'flags':
      return [];
    case 'alias': {
      const { length } = def;
      const repeat = length === undefined ? ONE : ({ kind: 'fixed', length } as const);
      return zeroOf(schema, { type: def.type, repeat }, depth);
    }
  }
}

const ONE = { kind: 'one' } as const;

function isOctet(schema: VppSchema, type: string): boolean {
  const def = schema.types.get(type);
  if (def?.kind === 'alias' && def.length === undefined) return isOctet(schema, def.type);
  return type === 'u8';
}
