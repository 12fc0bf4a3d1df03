/**
 * VPP's messages, written and read by walking their definitions: slow, plain, and with nothing of
 * src/vpp-api in it, so that one does not prove the other. Bytes stand as hexadecimal digits
 * (addresses, unions, u8 arrays), enums as numbers, 64-bit integers as bigint. An f64 is in the byte
 * order of VPP's machine: clib_host_to_net_f64 does nothing (src/vppinfra/byte_order.h).
 */
import type { Definitions, Field, Message } from './definitions.js';

export type Value = number | bigint | boolean | string | readonly Value[] | Values;
export interface Values {
  readonly [name: string]: Value;
}

export interface Header {
  readonly id: number;
  readonly clientIndex: number;
  readonly context: number;
}

const SIZES: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, i8: 1, i16: 2, i32: 4 };

export class Wire {
  constructor(private readonly definitions: Definitions) {}

  /** What is not given is zero. */
  encode(message: Message, header: Header, values: Values): Buffer {
    const writer = new Writer(this.definitions);
    writer.integer('u16', header.id);
    if (message.hasClientIndex) writer.integer('u32', header.clientIndex);
    if (message.hasContext) writer.integer('u32', header.context);
    writer.struct(message.fields, values);
    return Buffer.concat(writer.parts);
  }

  decode(message: Message, bytes: Buffer): { header: Header; values: Values } {
    const reader = new Reader(this.definitions, bytes);
    const header = {
      id: reader.integer('u16'),
      clientIndex: message.hasClientIndex ? reader.integer('u32') : 0,
      context: message.hasContext ? reader.integer('u32') : 0,
    };
    return { header, values: reader.struct(message.fields) };
  }
}

class Writer {
  readonly parts: Buffer[] = [];

  constructor(private readonly definitions: Definitions) {}

  integer(type: string, value: number): void {
    const size = SIZES[type];
    if (size === undefined) throw new Error(`no integer: ${type}`);
    const part = Buffer.alloc(size);
    if (type.startsWith('u')) part.writeUIntBE(value, 0, size);
    else part.writeIntBE(value, 0, size);
    this.parts.push(part);
  }

  struct(fields: readonly Field[], values: Values): void {
    for (const field of fields) {
      const counted = fields.find(({ count }) => count === field.name);
      const list = counted === undefined ? undefined : values[counted.name];
      const given = values[field.name];
      this.#field(field, given ?? (list === undefined ? undefined : lengthOf(list)));
    }
  }

  #field({ type, length, count }: Field, value: Value | undefined): void {
    if (type === 'string') this.#text(length, value);
    else if (length === undefined) this.#value(type, value);
    else if (type === 'u8') this.#bytes(count === undefined ? length : undefined, value);
    else this.#list(type, count === undefined ? length : undefined, value);
  }

  #text(length: number | undefined, value: Value | undefined): void {
    const bytes = Buffer.from(typeof value === 'string' ? value : '');
    if (length === undefined || length === 0) {
      this.integer('u32', bytes.length);
      this.parts.push(bytes);
    } else {
      const part = Buffer.alloc(length);
      bytes.copy(part, 0, 0, length - 1);
      this.parts.push(part);
    }
  }

  #bytes(length: number | undefined, value: Value | undefined): void {
    const bytes = Buffer.from(typeof value === 'string' ? value : '', 'hex');
    this.parts.push(length === undefined ? bytes : Buffer.concat([bytes], length));
  }

  #list(type: string, length: number | undefined, value: Value | undefined): void {
    const items = isList(value) ? value : [];
    for (let i = 0; i < (length ?? items.length); i++) this.#value(type, items[i]);
  }

  #value(type: string, value: Value | undefined): void {
    if (type === 'u64' || type === 'i64') {
      const part = Buffer.alloc(8);
      part.writeBigInt64BE(BigInt.asIntN(64, typeof value === 'bigint' ? value : 0n));
      this.parts.push(part);
    } else if (type === 'f64') {
      const part = Buffer.alloc(8);
      // In the order of VPP's machine: clib_host_to_net_f64 does nothing (vppinfra/byte_order.h).
      part.writeDoubleLE(typeof value === 'number' ? value : 0);
      this.parts.push(part);
    } else if (type === 'bool') this.integer('u8', value === true ? 1 : 0);
    else if (SIZES[type] !== undefined) this.integer(type, typeof value === 'number' ? value : 0);
    else this.#named(type, value);
  }

  #named(type: string, value: Value | undefined): void {
    const found = this.definitions.types.get(type);
    switch (found?.kind) {
      case 'number':
        this.#value(found.repr, value);
        return;
      case 'alias':
        if (found.length === undefined) this.#field(oneOf(found.type), value);
        else this.#field({ ...oneOf(found.type), length: found.length }, value);
        return;
      case 'struct':
        this.struct(found.fields, isValues(value) ? value : {});
        return;
      case 'union':
        this.#bytes(sizeOfUnion(this.definitions, found.fields), value);
        return;
      case undefined:
        throw new Error(`no type ${type}`);
    }
  }
}

class Reader {
  #offset = 0;

  constructor(
    private readonly definitions: Definitions,
    private readonly bytes: Buffer,
  ) {}

  integer(type: string): number {
    const size = SIZES[type];
    if (size === undefined) throw new Error(`no integer: ${type}`);
    const at = this.#take(size);
    return type.startsWith('u') ? this.bytes.readUIntBE(at, size) : this.bytes.readIntBE(at, size);
  }

  struct(fields: readonly Field[]): Values {
    const values: Record<string, Value> = {};
    for (const field of fields) {
      const count = field.count === undefined ? undefined : values[field.count];
      values[field.name] = this.#field(field, count);
    }
    return values;
  }

  #take(size: number): number {
    const at = this.#offset;
    this.#offset += size;
    if (this.#offset > this.bytes.length) throw new Error('the message is cut');
    return at;
  }

  #field({ type, length }: Field, count: Value | undefined): Value {
    if (type === 'string') return this.#text(length);
    if (length === undefined) return this.#value(type);
    const n = typeof count === 'number' ? count : length;
    if (type === 'u8') return this.#hex(n);
    return Array.from({ length: n }, () => this.#value(type));
  }

  #text(length: number | undefined): string {
    const size = length === undefined || length === 0 ? this.integer('u32') : length;
    const at = this.#take(size);
    const text = this.bytes.toString('utf8', at, at + size);
    return text.split('\0', 1)[0] ?? '';
  }

  #hex(length: number): string {
    const at = this.#take(length);
    return this.bytes.toString('hex', at, at + length);
  }

  #value(type: string): Value {
    if (type === 'u64') return this.bytes.readBigUInt64BE(this.#take(8));
    if (type === 'i64') return this.bytes.readBigInt64BE(this.#take(8));
    if (type === 'f64') return this.bytes.readDoubleLE(this.#take(8));
    if (type === 'bool') return this.integer('u8') !== 0;
    if (SIZES[type] !== undefined) return this.integer(type);
    const found = this.definitions.types.get(type);
    switch (found?.kind) {
      case 'number':
        return this.#value(found.repr);
      case 'alias':
        return this.#field({ ...oneOf(found.type), length: found.length }, undefined);
      case 'struct':
        return this.struct(found.fields);
      case 'union':
        return this.#hex(sizeOfUnion(this.definitions, found.fields));
      case undefined:
        throw new Error(`no type ${type}`);
    }
  }
}

function sizeOfUnion(definitions: Definitions, fields: readonly Field[]): number {
  return Math.max(...fields.map((field) => sizeOf(definitions, field)));
}

function sizeOf(definitions: Definitions, { type, length = 1 }: Field): number {
  return length * sizeOfType(definitions, type);
}

function sizeOfType(definitions: Definitions, type: string): number {
  if (type === 'u64' || type === 'i64' || type === 'f64') return 8;
  if (type === 'bool') return 1;
  const known = SIZES[type];
  if (known !== undefined) return known;
  const found = definitions.types.get(type);
  switch (found?.kind) {
    case 'number':
      return sizeOfType(definitions, found.repr);
    case 'alias':
      return (
        (found.length ?? 1) * sizeOfType(definitions, found.type.replace(/^vl_api_(.*)_t$/, '$1'))
      );
    case 'struct':
      return found.fields.reduce((sum, field) => sum + sizeOf(definitions, field), 0);
    case 'union':
      return sizeOfUnion(definitions, found.fields);
    case undefined:
      throw new Error(`no type ${type}`);
  }
}

function oneOf(type: string): Field {
  const name = type.replace(/^vl_api_(.*)_t$/, '$1');
  return { type: name, name: '', length: undefined, count: undefined };
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isValues(value: Value | undefined): value is Values {
  return typeof value === 'object' && !Array.isArray(value);
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return value.length / 2;
  return isList(value) ? value.length : 0;
}
