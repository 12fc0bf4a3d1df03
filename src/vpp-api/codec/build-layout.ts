import { NfvError } from '../../errors.js';
import type {
  ApiSchema,
  EnumDef,
  FieldDef,
  MessageDef,
  Repeat,
  StructDef,
  TypeDef,
  UnionDef,
} from '../schema/api-schema.js';
import { isInteger } from '../schema/parse-definition.js';
import { EnumTable } from './enum-table.js';
import { FlagsTable, WideFlagsTable } from './flags-table.js';
import { bytesOf, rangeOf } from './integer-types.js';
import {
  isFixed,
  isU8,
  minimumOf,
  type FieldLayout,
  type Layout,
  type Selector,
  type StructLayout,
  type UnionLayout,
} from './layout.js';
import { nativeOf } from './native-types.js';
import { casesOf } from './union-cases.js';

/** No message has this much that does not vary; a definition that says so is damaged. */
const MAX_FIXED = 16 * 1024 * 1024;

/** Turns definitions into layouts, each type once. */
export class LayoutBuilder {
  readonly #types = new Map<string, Layout>();
  readonly #open = new Set<string>();

  constructor(private readonly schema: ApiSchema) {}

  /** The body of a message: what comes after its header. */
  message(def: MessageDef): StructLayout {
    try {
      return this.#struct({ kind: 'struct', name: def.name, fields: def.fields });
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      throw new NfvError(
        'VPP_MESSAGE_UNSUPPORTED',
        `${def.key} of ${def.module}: ${error.message}`,
      );
    }
  }

  #type(name: string): Layout {
    if (isInteger(name)) return { kind: 'integer', type: name };
    if (name === 'bool') return { kind: 'bool' };
    if (name === 'f64') return { kind: 'f64' };
    if (name === 'string') return { kind: 'string', size: undefined };
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const def = this.schema.types.get(name);
    if (def === undefined) throw new Unsupported(`type ${name} is not defined`);
    if (this.#open.has(name)) throw new Unsupported(`type ${name} contains itself`);
    this.#open.add(name);
    const layout = this.#defined(def);
    this.#open.delete(name);
    this.#types.set(name, layout);
    return layout;
  }

  #defined(def: TypeDef): Layout {
    const native = nativeOf(def, this.schema.types);
    if (native !== undefined) return native;
    switch (def.kind) {
      case 'struct':
        return this.#struct(def);
      case 'union':
        return this.#union(def);
      case 'enum':
        return { kind: 'enum', repr: def.repr, table: new EnumTable(inRange(def)) };
      case 'flags':
        return flagsLayout(inRange(def));
      case 'alias': {
        const { length } = def;
        return this.#repeated(def.type, length === undefined ? ONE : { kind: 'fixed', length });
      }
    }
  }

  #repeated(type: string, repeat: Repeat, max = 0): Layout {
    if (type === 'string') return stringLayout(repeat);
    const element = this.#type(type);
    if (repeat.kind === 'one') return element;
    if (minimumOf(element) === 0) throw new Unsupported(`an array of ${type}, which has no size`);
    if (repeat.kind === 'counted') return { kind: 'list', element, count: repeat.count, max };
    const { length } = repeat;
    if (length * minimumOf(element) > MAX_FIXED) throw new Unsupported(`${type}[${length}]`);
    if (isU8(element)) return { kind: 'bytes', length };
    return { kind: 'array', element, length };
  }

  #struct(def: StructDef): StructLayout {
    const fields = def.fields.map((field) => this.#field(field, def));
    const minimum = fields.reduce((sum, { layout }) => sum + minimumOf(layout), 0);
    if (minimum > MAX_FIXED) throw new Unsupported(`${def.name} has ${minimum} bytes`);
    return {
      kind: 'struct',
      name: def.name,
      fields,
      minimum,
      fixed: fields.every(({ layout }) => isFixed(layout)),
      selected: fields.some((f) => isAddressUnion(f.layout) && f.selector === undefined),
    };
  }

  #field(field: FieldDef, struct: StructDef): FieldLayout {
    const layout = this.#repeated(field.type, field.repeat, this.#countMax(field, struct));
    const counts = struct.fields.find(
      ({ repeat }) => repeat.kind === 'counted' && repeat.count === field.name,
    );
    return {
      name: field.name,
      layout,
      default: defaultOf(field, layout),
      counts: counts?.name,
      selector: this.#selector(field, layout, struct),
    };
  }

  #countMax(field: FieldDef, struct: StructDef): number {
    const { repeat } = field;
    if (repeat.kind !== 'counted') return 0;
    const count = struct.fields.find(({ name }) => name === repeat.count);
    if (count === undefined || !isInteger(count.type)) throw new Unsupported(`no ${repeat.count}`);
    const [, max] = rangeOf(count.type);
    return Number(max);
  }

  #selector(field: FieldDef, layout: Layout, struct: StructDef): Selector | undefined {
    const found = casesOf(field, struct, this.schema.types);
    if (found === undefined) return undefined;
    const selects =
      layout.kind === 'union' ||
      isAddressUnion(layout) ||
      (layout.kind === 'struct' && layout.selected);
    if (!selects) return undefined;
    const discriminator = this.#type(found.discriminator.type);
    if (discriminator.kind !== 'enum') return undefined;
    return { field: found.discriminator.name, table: discriminator.table, cases: found.cases };
  }

  #union(def: UnionDef): UnionLayout {
    const members = def.members.map(({ name, type, repeat }) => {
      const layout = this.#repeated(type, repeat);
      if (!isFixed(layout)) throw new Unsupported(`${def.name}.${name} has no fixed size`);
      return { name, layout };
    });
    const size = Math.max(...members.map(({ layout }) => minimumOf(layout)));
    return { kind: 'union', name: def.name, members, size };
  }
}

/** Why a message cannot be compiled; never leaves this file. */
class Unsupported extends Error {}

const ONE: Repeat = { kind: 'one' };

const isAddressUnion = (layout: Layout): boolean =>
  layout.kind === 'native' && layout.native === 'address_union';

function stringLayout(repeat: Repeat): Layout {
  if (repeat.kind === 'counted') throw new Unsupported('an array of strings');
  return { kind: 'string', size: repeat.kind === 'fixed' ? repeat.length : undefined };
}

function flagsLayout(def: EnumDef): Layout {
  const repr = UNSIGNED[def.repr];
  const table = repr === 'u64' ? new WideFlagsTable(def) : new FlagsTable(def);
  return { kind: 'flags', repr, table };
}

const UNSIGNED = {
  u8: 'u8',
  i8: 'u8',
  u16: 'u16',
  i16: 'u16',
  u32: 'u32',
  i32: 'u32',
  u64: 'u64',
  i64: 'u64',
} as const;

function inRange(def: EnumDef): EnumDef {
  const [min, max] = rangeOf(def.repr);
  for (const [name, value] of def.values) {
    if (value < min || value > max) {
      throw new Unsupported(`${name} of ${def.name} is ${value}, more than ${def.repr} holds`);
    }
  }
  return def;
}

/**
 * A default as the wire has it. Some definitions declare one that the type does not have (-1 for a
 * bool that is true, an enum value for "any"): it counts if it fits, else the field has none.
 */
function defaultOf({ default: value }: FieldDef, layout: Layout): number | bigint | undefined {
  if (value === undefined) return undefined;
  if (layout.kind === 'bool')
    return value === 'true' || (value !== 'false' && Boolean(value)) ? 1 : 0;
  const type = layout.kind === 'integer' ? layout.type : 'repr' in layout ? layout.repr : undefined;
  if (layout.kind === 'f64') return Number(value);
  if (type === undefined) return undefined;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) return undefined;
  const [min, max] = rangeOf(type);
  if (BigInt(number) < min || BigInt(number) > max) return undefined;
  return bytesOf(type) === 8 ? BigInt(number) : number;
}
