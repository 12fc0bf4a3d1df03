/**
 * Code that writes a struct whose values were checked:
 *
 *   write(b: Buffer, o: offset, v: value) -> end
 *
 * Offsets are constants as far as sizes are; behind what varies, `o` moves. Every byte is written:
 * the buffer may have held something else.
 */
import * as address from './address-text.js';
import { at, property, type Emitter, type StructCode } from './emitter.js';
import { bytesOf } from './integer-types.js';
import {
  isU8,
  type FieldLayout,
  type Layout,
  type StructLayout,
  type UnionLayout,
} from './layout.js';
import type { IntegerType } from '../schema/api-schema.js';
import { memberOf, putOctets } from './octets.js';
import { putFixedText, putText, sizeOfText } from './text.js';

export type CodeOf = (layout: StructLayout) => StructCode;

/** Bytes since `o`: how far the constant part has come. */
type Offset = number;

export function emitWrite(e: Emitter, struct: StructLayout, codeOf: CodeOf): void {
  const writer = new Writer(e, codeOf);
  let offset = 0;
  for (const field of struct.fields) offset = writer.field(field, struct, offset);
  e.line(`return ${at(offset)};`);
}

class Writer {
  constructor(
    private readonly e: Emitter,
    private readonly codeOf: CodeOf,
  ) {}

  field(field: FieldLayout, struct: StructLayout, offset: Offset): Offset {
    const { e } = this;
    const x = e.local();
    if (field.counts !== undefined) {
      e.line(`const ${x} = ${this.#count(field, struct)};`);
    } else {
      e.line(`const ${x} = ${property('v', field.name)};`);
    }
    if (field.default === undefined) return this.value(field.layout, x, offset);
    return this.#defaulted(field, x, offset);
  }

  /** Fields with a default are scalars and enums; the default is a number already. */
  #defaulted(field: FieldLayout, x: string, offset: Offset): Offset {
    const { layout, default: value } = field;
    const literal = typeof value === 'bigint' ? `${value}n` : String(value);
    const plain: Layout = 'repr' in layout ? { kind: 'integer', type: layout.repr } : layout;
    const code = this.e.local();
    this.e.line(`const ${code} = ${x} === undefined ? ${literal} : ${this.#code(layout, x)};`);
    return this.value(plain, code, offset);
  }

  #code(layout: Layout, x: string): string {
    return 'table' in layout ? `${this.e.value(layout.table)}.code(${x})` : x;
  }

  /** The length of what it counts: if it was given, it is the same. */
  #count(field: FieldLayout, struct: StructLayout): string {
    const list = struct.fields.find(({ name }) => name === field.counts);
    const value = property('v', field.counts ?? field.name);
    const octets = list?.layout.kind === 'list' && isU8(list.layout.element);
    return octets ? `${value}.length >> (typeof ${value} === 'string' ? 1 : 0)` : `${value}.length`;
  }

  value(layout: Layout, x: string, offset: Offset): Offset {
    const { e } = this;
    switch (layout.kind) {
      case 'integer':
        return this.#integer(layout.type, x, offset);
      case 'bool':
        e.line(`b[${at(offset)}] = ${x} ? 1 : 0;`);
        return offset + 1;
      case 'f64':
        e.line(`b.writeDoubleLE(${x}, ${at(offset)});`);
        return offset + 8;
      case 'enum':
      case 'flags': {
        const code = e.local();
        e.line(`const ${code} = ${this.#code(layout, x)};`);
        return this.#integer(layout.repr, code, offset);
      }
      case 'native':
        e.line(`${e.value(NATIVES[layout.native])}(b, ${at(offset)}, ${x});`);
        return offset + layout.size;
      case 'string':
        return this.#string(layout.size, x, offset);
      case 'bytes':
        e.line(`${e.value(putOctets)}(b, ${at(offset)}, ${x});`);
        return offset + layout.length;
      case 'array':
      case 'list':
        return this.#elements(layout, x, offset);
      case 'struct':
        return this.#struct(layout, x, offset);
      case 'union':
        this.#union(layout, x, offset);
        return offset + layout.size;
    }
  }

  #integer(type: IntegerType, x: string, offset: Offset): Offset {
    const bytes = bytesOf(type);
    if (bytes === 8) {
      this.e.line(`b.writeBigUInt64BE(BigInt.asUintN(64, BigInt(${x})), ${at(offset)});`);
      return offset + 8;
    }
    for (let i = 0; i < bytes; i++) {
      const shift = 8 * (bytes - 1 - i);
      this.e.line(`b[${at(offset + i)}] = ${shift === 0 ? x : `${x} >>> ${shift}`};`);
    }
    return offset + bytes;
  }

  #string(size: number | undefined, x: string, offset: Offset): Offset {
    const { e } = this;
    if (size !== undefined) {
      e.line(`${e.value(putFixedText)}(b, ${at(offset)}, ${size}, ${x});`);
      return offset + size;
    }
    const length = e.local();
    e.line(`const ${length} = ${e.value(sizeOfText)}(${x});`);
    const text = this.#integer('u32', length, offset);
    e.line(`o = ${e.value(putText)}(b, ${at(text)}, ${x});`);
    return 0;
  }

  #elements(layout: Layout & { kind: 'array' | 'list' }, x: string, offset: Offset): Offset {
    const { e } = this;
    if (isU8(layout.element)) {
      e.line(`o = ${e.value(putOctets)}(b, ${at(offset)}, ${x});`);
      return 0;
    }
    const i = e.local();
    const element = e.local();
    if (offset > 0) e.line(`o += ${offset};`);
    e.line(`for (let ${i} = 0; ${i} < ${x}.length; ${i}++) {`);
    e.line(`const ${element} = ${x}[${i}];`);
    const end = this.value(layout.element, element, 0);
    if (end > 0) e.line(`o += ${end};`);
    e.line('}');
    return 0;
  }

  #struct(layout: StructLayout, x: string, offset: Offset): Offset {
    const { e } = this;
    const call = `${e.value(this.codeOf(layout).write)}(b, ${at(offset)}, ${x})`;
    e.line(layout.fixed ? `${call};` : `o = ${call};`);
    return layout.fixed ? offset + layout.minimum : 0;
  }

  #union(layout: UnionLayout, x: string, offset: Offset): void {
    const { e } = this;
    e.line(`b.fill(0, ${at(offset)}, ${at(offset + layout.size)});`);
    const names = e.value(layout.members.map(({ name }) => name));
    e.line(`if (${x} instanceof Uint8Array) b.set(${x}, ${at(offset)});`);
    e.line(`else switch (${e.value(memberOf)}(${x}, ${names})) {`);
    layout.members.forEach((member, i) => {
      const inner = e.local();
      e.line(`case ${i}: { const ${inner} = ${property(x, member.name)};`);
      // Inside braces of its own: what varies would move `o`, and members do not vary.
      e.line(`let o0 = o; { let o = o0;`);
      this.value(member.layout, inner, offset);
      e.line('} break; }');
    });
    e.line('}');
  }
}

const NATIVES = {
  ip4_address: address.putIp4,
  ip6_address: address.putIp6,
  mac_address: address.putMac,
  address_union: address.putUnion,
  address: address.putAddress,
  prefix: address.putPrefix,
  ip4_prefix: address.putIp4Prefix,
  ip6_prefix: address.putIp6Prefix,
} as const;
