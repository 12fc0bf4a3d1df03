/**
 * A message of VPP's binary API, all integers big-endian:
 *
 *   message   u16 id, [u32 client_index], [u32 context], fields
 *   string    string[64]: 64 octets with a NUL; string: u32 length, as many octets of UTF-8
 *   array     T[4]: four; T[n]: as many as the integer field n before it says
 *   enum      an integer of the enum's width; enumflag: a mask of it
 *   union     as many octets as its largest member has, the rest zero
 *   bool      one octet
 *   f64       IEEE 754, little-endian: VPP leaves it in its machine's order (vppinfra/byte_order.h)
 *
 * docs/vpp-api.md says which values stand for them.
 */
import { NfvError } from '../../errors.js';
import { nearestNames } from '../nearest-name.js';
import type { ApiSchema, MessageDef } from '../schema/api-schema.js';
import { LayoutBuilder } from './build-layout.js';
import { StructCompiler } from './compile-struct.js';
import type { Cursor, StructCode } from './emitter.js';
import { createRefuse } from './field-fault.js';
import type { StructLayout } from './layout.js';
import { Malformed, shorten } from './malformed.js';

/** Values by field name. Of any type, for each one is checked. */
export type Fields = object;

export interface MessageCodec {
  readonly name: string;
  /** Eight hexadecimal digits, no 0x. */
  readonly crc: string;
  /** As VPP's message table has it: `sw_interface_dump_51077d14`. */
  readonly key: string;
  readonly hasContext: boolean;
  readonly hasClientIndex: boolean;
  /**
   * Size in bytes of this message with these fields. Every field is checked, nothing is written.
   *
   * @throws NfvError VPP_FIELD_INVALID; the violation's field is a JSON pointer: `/route/paths/0/type`.
   */
  check(fields: Fields): number;
  /** Bytes that every message of this kind has. */
  readonly minimum: number;
  /**
   * Checks the fields and writes the message at `offset`, in one pass; answers its end. Client index
   * and context are written if it has them. -1: a field is not right, and `check` says which; or
   * there are fewer bytes than `check` answers. What stands behind `offset` means nothing then.
   */
  put(
    target: Buffer,
    offset: number,
    id: number,
    clientIndex: number,
    context: number,
    fields: Fields,
  ): number;
  /**
   * The message in a new Buffer.
   *
   * @throws NfvError as `check`
   */
  encode(id: number, clientIndex: number, context: number, fields: Fields): Buffer;
  /**
   * The fields of a whole message, from its id on, without the header's. What is given shares nothing
   * with `message` but its lists of flag names, which are frozen.
   *
   * @throws NfvError VPP_MESSAGE_MALFORMED when it is shorter than its definition says. VPP itself sends
   * some that are longer: get_api_json_reply has a zero behind its string, log_details its texts' size.
   */
  decode(message: Buffer): Record<string, unknown>;
  /** 0 for a message that has none, or is too short for it. */
  contextOf(message: Buffer): number;
}

export interface Codec {
  /**
   * The codec of a message, compiled when it is first asked for.
   *
   * @throws NfvError VPP_MESSAGE_UNKNOWN, with the nearest names; VPP_MESSAGE_UNSUPPORTED.
   */
  message(name: string): MessageCodec;
}

export function createCodec(schema: ApiSchema): Codec {
  const layouts = new LayoutBuilder(schema);
  const shared: Shared = { checking: '', scratch: Buffer.alloc(SCRATCH_BYTES) };
  const compiler = new StructCompiler(createRefuse(() => shared.checking));
  const codecs = new Map<string, MessageCodec>();
  return {
    message: (name) => {
      const known = codecs.get(name);
      if (known !== undefined) return known;
      const def = schema.messages.get(name);
      if (def === undefined) throw unknownMessage(name, schema);
      const layout = layouts.message(def);
      const codec = new CompiledMessage(def, layout, compiler.codeOf(layout), shared);
      codecs.set(name, codec);
      return codec;
    },
  };
}

function unknownMessage(name: string, schema: ApiSchema): NfvError {
  const near = nearestNames(name, schema.messages.keys());
  const hint = near.length === 0 ? '' : `; there is ${near.join(', ')}`;
  return new NfvError('VPP_MESSAGE_UNKNOWN', `no message ${name.slice(0, 128)}${hint}`);
}

function putU32(target: Buffer, offset: number, value: number): number {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
  return offset + 4;
}

/** What nearly all messages fit into. */
const SCRATCH_BYTES = 4096;

/** Of the messages of one codec. */
interface Shared {
  /** Name of the message whose fields are being checked. */
  checking: string;
  readonly scratch: Buffer;
}

class CompiledMessage implements MessageCodec {
  readonly name: string;
  readonly crc: string;
  readonly key: string;
  readonly hasContext: boolean;
  readonly hasClientIndex: boolean;
  readonly minimum: number;
  readonly #body: number;
  readonly #path: (string | number)[] = [];
  readonly #cursor: Cursor = { end: 0 };

  constructor(
    def: MessageDef,
    layout: StructLayout,
    private readonly code: StructCode,
    private readonly shared: Shared,
  ) {
    this.name = def.name;
    this.crc = def.crc;
    this.key = def.key;
    this.hasContext = def.hasContext;
    this.hasClientIndex = def.hasClientIndex;
    this.#body = 2 + (def.hasClientIndex ? 4 : 0) + (def.hasContext ? 4 : 0);
    this.minimum = this.#body + layout.minimum;
  }

  check(fields: Fields): number {
    this.shared.checking = this.name;
    return this.#body + this.code.check(fields, this.#path, 0, -1);
  }

  put(
    target: Buffer,
    offset: number,
    id: number,
    clientIndex: number,
    context: number,
    fields: Fields,
  ): number {
    target[offset] = id >>> 8;
    target[offset + 1] = id;
    let at = offset + 2;
    if (this.hasClientIndex) at = putU32(target, at, clientIndex);
    if (this.hasContext) at = putU32(target, at, context);
    const end = this.code.put(target, at, fields, -1);
    return end > target.length ? -1 : end;
  }

  encode(id: number, clientIndex: number, context: number, fields: Fields): Buffer {
    const { scratch } = this.shared;
    const end = this.put(scratch, 0, id, clientIndex, context, fields);
    const message = Buffer.allocUnsafe(end < 0 ? this.check(fields) : end);
    if (end < 0) this.put(message, 0, id, clientIndex, context, fields);
    else scratch.copy(message, 0, 0, end);
    return message;
  }

  decode(message: Buffer): Record<string, unknown> {
    try {
      if (message.length < this.minimum) shorten(message, 0, this.minimum);
      const fields = this.code.read(message, this.#body, this.#cursor, -1);
      return fields;
    } catch (error) {
      throw error instanceof Malformed ? error.named(this.key) : error;
    }
  }

  contextOf(message: Buffer): number {
    const offset = this.hasClientIndex ? 6 : 2;
    return this.hasContext && message.length >= offset + 4 ? message.readUInt32BE(offset) : 0;
  }
}
