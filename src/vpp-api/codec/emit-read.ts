/**
 * Code that reads a struct:
 *
 *   read(b: Buffer, o: offset, c: Cursor, a: number of the selected union member) -> value
 *
 * The bytes that are always there are checked by who calls; behind what varies the code checks again.
 * A length is compared with what is left before anything is made of it.
 */
import type { IntegerType } from '../schema/api-schema.js';
import * as address from './address-text.js';
import type { CodeOf } from './emit-put.js';
import { at, plain, type Emitter } from './emitter.js';
import { bytesOf } from './integer-types.js';
import {
  isFixed,
  isU8,
  minimumOf,
  type FieldLayout,
  type Layout,
  type StructLayout,
  type UnionLayout,
} from './layout.js';
import { getOctets, isZero } from './octets.js';
import { getFixedText } from './text.js';
import { shorten } from './malformed.js';

/** A value as an expression, and how far it is from `o` to the next. */
interface Read {
  readonly value: string;
  readonly offset: number;
}

export function emitRead(e: Emitter, struct: StructLayout, codeOf: CodeOf): void {
  const reader = new Reader(e, struct, codeOf);
  let offset = 0;
  const entries: string[] = [];
  for (const field of struct.fields) {
    const read = reader.field(field, offset);
    entries.push(`${plain(field.name)}: ${read.value}`);
    ({ offset } = read);
  }
  if (!struct.fixed) e.line(`c.end = ${at(offset)};`);
  e.line(`return { ${entries.join(', ')} };`);
}

class Reader {
  /** Local variable of each field that was read. */
  readonly #read = new Map<string, string>();
  /** Enum fields as numbers. */
  readonly #codes = new Map<string, string>();
  /** Bytes that are always there behind the field at hand. */
  #rest: number;

  constructor(
    private readonly e: Emitter,
    private readonly struct: StructLayout,
    private readonly codeOf: CodeOf,
  ) {
    this.#rest = struct.minimum;
  }

  field(field: FieldLayout, offset: number): Read {
    const { layout, selector } = field;
    this.#rest -= minimumOf(layout);
    const code = selector === undefined ? undefined : this.#codes.get(selector.field);
    let member = this.struct.selected ? 'a' : '-1';
    if (selector !== undefined && code !== undefined) {
      member = this.#const(`${this.e.value(selector.cases)}.get(${code}) ?? -1`);
    }
    const read = this.#value(layout, offset, member, field.name);
    const value = this.#const(read.value);
    this.#read.set(field.name, value);
    if (!isFixed(layout) && this.#rest > 0) this.#need(at(read.offset), String(this.#rest));
    return { value, offset: read.offset };
  }

  #const(expression: string): string {
    const name = this.e.local();
    this.e.line(`const ${name} = ${expression};`);
    return name;
  }

  /** Code that goes on only if so many bytes are there. */
  #need(offset: string, bytes: string): void {
    this.e.line(
      `if (b.length - (${offset}) < ${bytes}) ${this.e.value(shorten)}(b, ${offset}, ${bytes});`,
    );
  }

  #value(layout: Layout, offset: number, member: string, field = ''): Read {
    const { e } = this;
    const o = at(offset);
    switch (layout.kind) {
      case 'integer':
        return { value: integer(layout.type, offset), offset: offset + bytesOf(layout.type) };
      case 'bool':
        return { value: `b[${o}] !== 0`, offset: offset + 1 };
      case 'f64':
        return { value: `b.readDoubleLE(${o})`, offset: offset + 8 };
      case 'enum':
        return this.#enum(layout, offset, field);
      case 'flags':
        return {
          value: `${e.value(layout.table)}.list(${integer(layout.repr, offset)})`,
          offset: offset + bytesOf(layout.repr),
        };
      case 'native':
        return {
          value: `${e.value(NATIVES[layout.native])}(b, ${o}, ${member})`,
          offset: offset + layout.size,
        };
      case 'string':
        return this.#string(layout.size, offset);
      case 'bytes':
        return {
          value: `${e.value(getOctets)}(b, ${o}, ${layout.length})`,
          offset: offset + layout.length,
        };
      case 'array':
        return this.#array(layout, offset);
      case 'list':
        return this.#list(layout, offset);
      case 'struct':
        return this.#struct(layout, offset, member);
      case 'union':
        return { value: this.#union(layout, offset, member), offset: offset + layout.size };
    }
  }

  #enum(layout: Layout & { kind: 'enum' }, offset: number, field: string): Read {
    const { repr } = layout;
    const table = this.e.value(layout.table);
    const code = this.#const(integer(repr, offset));
    const wide = bytesOf(repr) === 8;
    if (field !== '') this.#codes.set(field, wide ? `Number(${code})` : code);
    const value = `${table}.${wide ? 'wideName' : 'name'}(${code})`;
    return { value, offset: offset + bytesOf(repr) };
  }

  #string(size: number | undefined, offset: number): Read {
    const { e } = this;
    if (size !== undefined) {
      return {
        value: `${e.value(getFixedText)}(b, ${at(offset)}, ${size})`,
        offset: offset + size,
      };
    }
    const length = this.#const(integer('u32', offset));
    this.#need(at(offset + 4), length);
    const text = this.#const(
      `b.toString('utf8', ${at(offset + 4)}, ${at(offset + 4)} + ${length})`,
    );
    e.line(`o += ${offset + 4} + ${length};`);
    return { value: text, offset: 0 };
  }

  #list(layout: Layout & { kind: 'list' }, offset: number): Read {
    const count = this.#read.get(layout.count) ?? '0';
    if (isU8(layout.element)) {
      this.#need(at(offset), count);
      const octets = this.#const(`${this.e.value(getOctets)}(b, ${at(offset)}, ${count})`);
      this.e.line(`o += ${offset} + ${count};`);
      return { value: octets, offset: 0 };
    }
    this.#need(at(offset), `${count} * ${minimumOf(layout.element)}`);
    return this.#elements(layout.element, count, offset);
  }

  /**
   * Structs that are nothing but zeros, as the sixteen labels of a path without any, are the same ones
   * each time: a table of routes has very many.
   */
  #array({ element, length }: Layout & { kind: 'array' }, offset: number): Read {
    const { e } = this;
    if (element.kind !== 'struct' || !element.fixed) {
      return this.#elements(element, String(length), offset);
    }
    const zeros = Buffer.alloc(element.minimum);
    const zero = Object.freeze(this.codeOf(element).read(zeros, 0, { end: 0 }, -1));
    const all = e.value(Object.freeze(Array.from({ length }, () => zero)));
    const bytes = length * element.minimum;
    const list = e.local();
    const start = this.#const(at(offset));
    e.line(`let ${list} = ${all};`);
    e.line(`if (!${e.value(isZero)}(b, ${start}, ${bytes})) {`);
    e.line(`o = ${start};`);
    e.line(`${list} = ${this.#elements(element, String(length), 0).value};`);
    e.line('}');
    e.line(`o = ${start} + ${bytes};`);
    return { value: list, offset: 0 };
  }

  #elements(element: Layout, count: string, offset: number): Read {
    const { e } = this;
    const list = this.#const('[]');
    const i = e.local();
    if (offset > 0) e.line(`o += ${offset};`);
    e.line(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`);
    if (!isFixed(element)) this.#need('o', String(minimumOf(element)));
    const read = this.#value(element, 0, '-1');
    e.line(`${list}.push(${read.value});`);
    if (read.offset > 0) e.line(`o += ${read.offset};`);
    e.line('}');
    return { value: list, offset: 0 };
  }

  #struct(layout: StructLayout, offset: number, member: string): Read {
    const call = `${this.e.value(this.codeOf(layout).read)}(b, ${at(offset)}, c, ${member})`;
    if (layout.fixed) return { value: call, offset: offset + layout.minimum };
    const value = this.#const(call);
    this.e.line('o = c.end;');
    return { value, offset: 0 };
  }

  /** `{ member: value }` where it is known which, else the octets. */
  #union(layout: UnionLayout, offset: number, member: string): string {
    const { e } = this;
    const value = e.local();
    e.line(`let ${value};`);
    e.line(`switch (${member}) {`);
    layout.members.forEach(({ name, layout: inner }, i) => {
      e.line(`case ${i}: { const o1 = o; { let o = o1;`);
      const read = this.#value(inner, offset, '-1');
      e.line(`${value} = { ${plain(name)}: ${read.value} };`);
      e.line('} break; }');
    });
    e.line(`default: ${value} = ${e.value(getOctets)}(b, ${at(offset)}, ${layout.size});`);
    e.line('}');
    return value;
  }
}

/** Big-endian; a shift makes numbers signed, `>>> 0` unsigned. */
function integer(type: IntegerType, offset: number): string {
  const byte = (i: number): string => `b[${at(offset + i)}]`;
  switch (type) {
    case 'u8':
      return byte(0);
    case 'i8':
      return `${byte(0)} << 24 >> 24`;
    case 'u16':
      return `${byte(0)} << 8 | ${byte(1)}`;
    case 'i16':
      return `(${byte(0)} << 24 | ${byte(1)} << 16) >> 16`;
    case 'u32':
      return `(${byte(0)} << 24 | ${byte(1)} << 16 | ${byte(2)} << 8 | ${byte(3)}) >>> 0`;
    case 'i32':
      return `${byte(0)} << 24 | ${byte(1)} << 16 | ${byte(2)} << 8 | ${byte(3)}`;
    case 'u64':
      return `b.readBigUInt64BE(${at(offset)})`;
    case 'i64':
      return `b.readBigInt64BE(${at(offset)})`;
  }
}

const NATIVES = {
  ip4_address: address.getIp4,
  ip6_address: address.getIp6,
  mac_address: address.getMac,
  address_union: address.getUnion,
  address: address.getAddress,
  prefix: address.getPrefix,
  ip4_prefix: address.getIp4Prefix,
  ip6_prefix: address.getIp6Prefix,
} as const;
