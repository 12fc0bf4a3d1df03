/**
 * Code that checks a struct's values and writes them in one pass:
 *
 *   put(b: Buffer, o: offset, v: value, a: number of the selected union member) -> end, or -1
 *
 * It refuses exactly what `check` refuses, which is asked for the reason then; the bytes behind `o`
 * mean nothing in that case. Offsets are constants as far as sizes are; behind what varies, `o` moves.
 * Every byte is written: the buffer may have held something else. What lies beyond the buffer is left
 * out, and the end tells that there was too little room: an index beyond a typed array is ignored
 * (ECMA-262, TypedArraySetElement), and the functions called here do the same.
 */
import * as address from './address-text.js';
import { at, property, type Emitter, type StructCode } from './emitter.js';
import { knowsKeysOf } from './field-fault.js';
import { bytesOf, CUT } from './integer-types.js';
import {
  isU8,
  type FieldLayout,
  type Layout,
  type StructLayout,
  type UnionLayout,
} from './layout.js';
import type { IntegerType } from '../schema/api-schema.js';
import { putF64, putU64 } from './numbers.js';
import { isSigned64, isUnsigned64, memberOf, putOctets, sizeOfOctets, zero } from './octets.js';
import { putFixedText, putText, sizeOfFixedText, sizeOfText } from './text.js';

export type CodeOf = (layout: StructLayout) => StructCode;

/** Bytes since `o`: how far the constant part has come. */
type Offset = number;

export function emitPut(e: Emitter, struct: StructLayout, codeOf: CodeOf): void {
  const writer = new Writer(e, struct, codeOf);
  e.line(`if (typeof v !== 'object' || v === null) return -1;`);
  e.line(`let m = ${struct.fields.length};`);
  let offset = 0;
  for (const field of struct.fields) offset = writer.field(field, offset);
  e.line('for (const k in v) m--;');
  e.line(`if (m !== 0 && !${e.value(knowsKeysOf)}(v, ${e.value(struct)})) return -1;`);
  e.line(`return ${at(offset)};`);
}

class Writer {
  /** Where the number of an enum's value stands, by the enum's field. */
  readonly #codes = new Map<string, string>();

  constructor(
    private readonly e: Emitter,
    private readonly struct: StructLayout,
    private readonly codeOf: CodeOf,
  ) {}

  field(field: FieldLayout, offset: Offset): Offset {
    const { e } = this;
    const x = e.local();
    e.line(`const ${x} = ${property('v', field.name)};`);
    if (field.counts !== undefined) return this.#count(field, x, offset);
    if (field.default !== undefined) return this.#defaulted(field, x, offset);
    if (field.layout.kind === 'enum') return this.#enum(field, field.layout, x, offset);
    return this.#value(field.layout, x, offset, this.#member(field));
  }

  #enum(
    { name }: FieldLayout,
    layout: Layout & { kind: 'enum' },
    x: string,
    offset: Offset,
  ): Offset {
    const code = this.#code(layout, x);
    this.#codes.set(name, code);
    return this.#raw({ kind: 'integer', type: layout.repr }, code, offset);
  }

  #code({ table }: Layout & { kind: 'enum' | 'flags' }, x: string): string {
    const { e } = this;
    const code = e.local();
    e.line(`const ${code} = ${e.value(table)}.code(${x});`);
    this.#unless(`${code} !== undefined`);
    return code;
  }

  #unless(condition: string): void {
    this.e.line(`if (!(${condition})) return -1;`);
  }

  #leftOut(field: FieldLayout): string {
    return `{ if (!(${JSON.stringify(field.name)} in v)) m--; }`;
  }

  /** Fields with a default are scalars and enums; the default is as it goes on the wire. */
  #defaulted(field: FieldLayout, x: string, offset: Offset): Offset {
    const { e } = this;
    const { layout, default: value } = field;
    const literal = typeof value === 'bigint' ? `${value}n` : String(value);
    const raw: Layout = 'repr' in layout ? { kind: 'integer', type: layout.repr } : layout;
    e.line(`if (${x} === undefined) { ${this.#leftOut(field)}`);
    this.#raw(raw, literal, offset);
    e.line('} else {');
    const end = this.#value(layout, x, offset, '-1');
    e.line('}');
    return end;
  }

  /** The length of what it counts: if it is given, it is the same. */
  #count(field: FieldLayout, x: string, offset: Offset): Offset {
    const { e } = this;
    const [first, ...others] = this.struct.fields.flatMap(({ name, layout }) =>
      layout.kind === 'list' && layout.count === field.name ? [{ name, layout }] : [],
    );
    if (first === undefined) throw new TypeError(`${field.name} counts nothing`);
    const length = e.local();
    e.line(`const ${length} = ${this.#length(first)};`);
    this.#unless(`${length} >= 0`);
    for (const other of others) this.#unless(`${this.#length(other)} === ${length}`);
    e.line(`if (${x} === undefined) ${this.#leftOut(field)}`);
    e.line(`else if (${x} !== ${length}) return -1;`);
    return this.#raw(field.layout, length, offset);
  }

  #length({ name, layout }: { name: string; layout: Layout & { kind: 'list' } }): string {
    const list = property('v', name);
    if (isU8(layout.element)) return `${this.e.value(sizeOfOctets)}(${list})`;
    return `(Array.isArray(${list}) ? ${list}.length : -1)`;
  }

  #member({ selector }: FieldLayout): string {
    if (selector === undefined) return this.struct.selected ? 'a' : '-1';
    const { e } = this;
    const member = e.local();
    const code =
      this.#codes.get(selector.field) ??
      `${e.value(selector.table)}.code(${property('v', selector.field)})`;
    e.line(`const ${member} = ${e.value(selector.cases)}.get(${code}) ?? -1;`);
    return member;
  }

  #value(layout: Layout, x: string, offset: Offset, member: string): Offset {
    const { e } = this;
    switch (layout.kind) {
      case 'integer':
        this.#unless(this.#isInteger(layout.type, x));
        return this.#raw(layout, x, offset);
      case 'bool':
        this.#unless(`${x} === true || ${x} === false`);
        return this.#raw(layout, x, offset);
      case 'f64':
        this.#unless(`typeof ${x} === 'number' && ${x} - ${x} === 0`);
        return this.#raw(layout, x, offset);
      case 'enum':
      case 'flags':
        return this.#raw({ kind: 'integer', type: layout.repr }, this.#code(layout, x), offset);
      case 'native':
        this.#native(layout, x, offset, member);
        return offset + layout.size;
      case 'string':
        return this.#string(layout.size, x, offset);
      case 'bytes':
        this.#unless(`${e.value(sizeOfOctets)}(${x}) === ${layout.length}`);
        e.line(`${e.value(putOctets)}(b, ${at(offset)}, ${x});`);
        return offset + layout.length;
      case 'array':
      case 'list':
        return this.#elements(layout, x, offset);
      case 'struct':
        return this.#struct(layout, x, offset, member);
      case 'union':
        this.#union(layout, x, offset, member);
        return offset + layout.size;
    }
  }

  #isInteger(type: IntegerType, x: string): string {
    const { e } = this;
    if (type === 'u64') return `${e.value(isUnsigned64)}(${x})`;
    if (type === 'i64') return `${e.value(isSigned64)}(${x})`;
    return `typeof ${x} === 'number' && (${x} ${CUT[type]}) === ${x}`;
  }

  /** A number or a bool that is known to be right. */
  #raw(layout: Layout, x: string, offset: Offset): Offset {
    const { e } = this;
    if (layout.kind === 'bool') {
      e.line(`b[${at(offset)}] = ${x} ? 1 : 0;`);
      return offset + 1;
    }
    if (layout.kind === 'f64') {
      e.line(`${e.value(putF64)}(b, ${at(offset)}, ${x});`);
      return offset + 8;
    }
    if (layout.kind !== 'integer') throw new TypeError(`a ${layout.kind} is no number`);
    const bytes = bytesOf(layout.type);
    if (bytes === 8) {
      e.line(`${e.value(putU64)}(b, ${at(offset)}, ${x});`);
      return offset + 8;
    }
    for (let i = 0; i < bytes; i++) {
      const shift = 8 * (bytes - 1 - i);
      e.line(`b[${at(offset + i)}] = ${shift === 0 ? x : `${x} >>> ${shift}`};`);
    }
    return offset + bytes;
  }

  #native(layout: Layout & { kind: 'native' }, x: string, offset: Offset, member: string): void {
    const { e } = this;
    if (layout.native !== 'address_union') {
      this.#unless(`${e.value(NATIVES[layout.native])}(b, ${at(offset)}, ${x})`);
      return;
    }
    const family = e.local();
    e.line(`const ${family} = ${e.value(address.parseAddress)}(${x}, b, ${at(offset)});`);
    this.#unless(`${family} >= 0 && (${member} < 0 || ${member} === ${family})`);
  }

  #string(size: number | undefined, x: string, offset: Offset): Offset {
    const { e } = this;
    const length = e.local();
    if (size !== undefined) {
      e.line(`const ${length} = ${e.value(sizeOfFixedText)}(${x});`);
      this.#unless(`${length} >= 0 && ${length} < ${size}`);
      e.line(`${e.value(putFixedText)}(b, ${at(offset)}, ${size}, ${x});`);
      return offset + size;
    }
    e.line(`const ${length} = ${e.value(sizeOfText)}(${x});`);
    this.#unless(`${length} >= 0`);
    const text = this.#raw({ kind: 'integer', type: 'u32' }, length, offset);
    e.line(`${e.value(putText)}(b, ${at(text)}, ${x});`);
    e.line(`o = ${at(text)} + ${length};`);
    return 0;
  }

  #elements(layout: Layout & { kind: 'array' | 'list' }, x: string, offset: Offset): Offset {
    const { e } = this;
    if (layout.kind === 'list' && isU8(layout.element)) {
      const size = e.local();
      e.line(`const ${size} = ${e.value(sizeOfOctets)}(${x});`);
      this.#unless(`${size} >= 0 && ${size} <= ${layout.max}`);
      e.line(`${e.value(putOctets)}(b, ${at(offset)}, ${x});`);
      e.line(`o = ${at(offset)} + ${size};`);
      return 0;
    }
    const length = layout.kind === 'array' ? `=== ${layout.length}` : `<= ${layout.max}`;
    this.#unless(`Array.isArray(${x}) && ${x}.length ${length}`);
    const i = e.local();
    const element = e.local();
    if (offset > 0) e.line(`o += ${offset};`);
    e.line(`for (let ${i} = 0; ${i} < ${x}.length; ${i}++) {`);
    e.line(`const ${element} = ${x}[${i}];`);
    const end = this.#value(layout.element, element, 0, '-1');
    if (end > 0) e.line(`o += ${end};`);
    e.line('}');
    return 0;
  }

  #struct(layout: StructLayout, x: string, offset: Offset, member: string): Offset {
    const { e } = this;
    const call = `${e.value(this.codeOf(layout).put)}(b, ${at(offset)}, ${x}, ${member})`;
    if (layout.fixed) {
      this.#unless(`${call} >= 0`);
      return offset + layout.minimum;
    }
    e.line(`o = ${call};`);
    this.#unless('o >= 0');
    return 0;
  }

  #union(layout: UnionLayout, x: string, offset: Offset, member: string): void {
    const { e } = this;
    e.line(`${e.value(zero)}(b, ${at(offset)}, ${at(offset + layout.size)});`);
    e.line(`if (${x} instanceof Uint8Array) {`);
    this.#unless(`${x}.length === ${layout.size}`);
    e.line(`${e.value(putOctets)}(b, ${at(offset)}, ${x});`);
    e.line('} else {');
    const names = e.value(layout.members.map(({ name }) => name));
    const found = e.local();
    e.line(`const ${found} = ${e.value(memberOf)}(${x}, ${names});`);
    this.#unless(`${found} >= 0 && (${member} < 0 || ${member} === ${found})`);
    e.line(`switch (${found}) {`);
    layout.members.forEach(({ name, layout: inner }, i) => {
      const y = e.local();
      e.line(`case ${i}: { const ${y} = ${property(x, name)};`);
      // Inside braces of its own: what varies would move `o`, and members do not vary.
      e.line(`let o0 = o; { let o = o0;`);
      this.#value(inner, y, offset, '-1');
      e.line('} break; }');
    });
    e.line('} }');
  }
}

const NATIVES = {
  ip4_address: address.putIp4,
  ip6_address: address.putIp6,
  mac_address: address.putMac,
  address: address.putAddress,
  prefix: address.putPrefix,
  ip4_prefix: address.putIp4Prefix,
  ip6_prefix: address.putIp6Prefix,
} as const;
