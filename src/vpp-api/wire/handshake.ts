/**
 * The messages that come before any schema, coded by hand. Their ids are the same in every release
 * of VPP (src/vlibmemory/vl_memory_msg_enum.h, memclnt.api); all numbers are big-endian:
 *
 *     sockclnt_create       = id:u16=15 context:u32 name:string[64]
 *     sockclnt_create_reply = id:u16=16 client_index:u32 context:u32 response:i32 index:u32
 *                             count:u16 entry*count
 *     entry                 = index:u16 name_crc:string[64]
 *     sockclnt_delete       = id:u16 client_index:u32 context:u32 index:u32, the same as client_index
 *     get_api_json          = id:u16 client_index:u32 context:u32
 *     get_api_json_reply    = id:u16 context:u32 retval:i32 length:u32 json:length*u8
 *
 * `index` is what every later request carries as its `client_index`. It is opaque: it is read and
 * written as the same big-endian number. `name_crc` is a message's name, `_` and the eight digits
 * of its CRC, and is what a message is known by; its id differs from one start of VPP to the next.
 */
import { NfvError } from '../../errors.js';

const SOCKCLNT_CREATE_ID = 15;
const SOCKCLNT_CREATE_REPLY_ID = 16;
const NAME_BYTES = 64;

const CREATE_CONTEXT_OFFSET = 2;
const CREATE_NAME_OFFSET = 6;
const CREATE_BYTES = CREATE_NAME_OFFSET + NAME_BYTES;

const REPLY_CONTEXT_OFFSET = 6;
const REPLY_RESPONSE_OFFSET = 10;
const REPLY_INDEX_OFFSET = 14;
const REPLY_COUNT_OFFSET = 18;
const REPLY_TABLE_OFFSET = 20;
const ENTRY_BYTES = 2 + NAME_BYTES;

const DELETE_BYTES = 14;

const JSON_REQUEST_BYTES = 10;
const JSON_RETVAL_OFFSET = 6;
const JSON_LENGTH_OFFSET = 10;
const JSON_TEXT_OFFSET = 14;

/** The one form of these messages that there has been, in the releases that have them. */
export const SOCKCLNT_DELETE_KEY = 'sockclnt_delete_8ac76db6';
export const GET_API_JSON_KEY = 'get_api_json_51077d14';
export const GET_API_JSON_REPLY_KEY = 'get_api_json_reply_ea715b59';

export interface Registration {
  /** Message ids by `name_crc`. */
  readonly messageTable: ReadonlyMap<string, number>;
  /** For the `client_index` of every request. */
  readonly clientIndex: number;
}

/** @param name shown by VPP's `show api clients`; cut at 63 bytes */
export function encodeSockclntCreate(name: string, context: number): Buffer {
  const message = Buffer.alloc(CREATE_BYTES);
  message.writeUInt16BE(SOCKCLNT_CREATE_ID, 0);
  message.writeUInt32BE(context, CREATE_CONTEXT_OFFSET);
  message.write(name, CREATE_NAME_OFFSET, NAME_BYTES - 1);
  return message;
}

/** @throws NfvError VPP_PROTOCOL when it is not the reply, VPP_REFUSED when VPP says no */
export function decodeSockclntCreateReply(message: Buffer, context: number): Registration {
  const id = message.readUInt16BE(0);
  if (id !== SOCKCLNT_CREATE_REPLY_ID) {
    throw protocol(`message ${id} where sockclnt_create_reply (16) should be`);
  }
  if (message.length < REPLY_TABLE_OFFSET) {
    throw protocol(`sockclnt_create_reply of ${message.length} bytes`);
  }
  const answered = message.readUInt32BE(REPLY_CONTEXT_OFFSET);
  if (answered !== context) {
    throw protocol(`sockclnt_create_reply to context ${answered}, asked in ${context}`);
  }
  const response = message.readInt32BE(REPLY_RESPONSE_OFFSET);
  if (response !== 0) {
    throw new NfvError('VPP_REFUSED', `sockclnt_create: VPP answered ${response}`, {
      metadata: { message: 'sockclnt_create', retval: String(response) },
    });
  }
  return {
    clientIndex: message.readUInt32BE(REPLY_INDEX_OFFSET),
    messageTable: readTable(message),
  };
}

/** Names of 64 characters and more come cut at 63; of two that are then the same one is kept. */
function readTable(message: Buffer): ReadonlyMap<string, number> {
  const count = message.readUInt16BE(REPLY_COUNT_OFFSET);
  const end = REPLY_TABLE_OFFSET + count * ENTRY_BYTES;
  if (end > message.length) {
    throw protocol(`a message table of ${count} entries in ${message.length} bytes`);
  }
  const table = new Map<string, number>();
  for (let offset = REPLY_TABLE_OFFSET; offset < end; offset += ENTRY_BYTES) {
    table.set(readName(message, offset + 2), message.readUInt16BE(offset));
  }
  return table;
}

function readName(message: Buffer, start: number): string {
  const end = message.indexOf(0, start);
  if (end < 0 || end >= start + NAME_BYTES) throw protocol('a name without an end');
  return message.toString('latin1', start, end);
}

/** VPP closes the connection then; whether it answers first is not certain. */
export function encodeSockclntDelete(id: number, clientIndex: number): Buffer {
  const message = Buffer.alloc(DELETE_BYTES);
  message.writeUInt16BE(id, 0);
  message.writeUInt32BE(clientIndex, 2);
  message.writeUInt32BE(clientIndex, 10);
  return message;
}

export function encodeGetApiJson(id: number, clientIndex: number, context: number): Buffer {
  const message = Buffer.alloc(JSON_REQUEST_BYTES);
  message.writeUInt16BE(id, 0);
  message.writeUInt32BE(clientIndex, 2);
  message.writeUInt32BE(context, 6);
  return message;
}

/**
 * The definitions of all messages that the VPP has, as JSON text.
 * @throws NfvError VPP_PROTOCOL when it is cut, VPP_REFUSED when VPP says no
 */
export function decodeGetApiJsonReply(message: Buffer): string {
  if (message.length < JSON_TEXT_OFFSET) {
    throw protocol(`get_api_json_reply of ${message.length} bytes`);
  }
  const retval = message.readInt32BE(JSON_RETVAL_OFFSET);
  if (retval !== 0) {
    throw new NfvError('VPP_REFUSED', `get_api_json: VPP answered ${retval}`, {
      metadata: { message: 'get_api_json', retval: String(retval) },
    });
  }
  const end = JSON_TEXT_OFFSET + message.readUInt32BE(JSON_LENGTH_OFFSET);
  if (end > message.length) throw protocol('get_api_json_reply is cut');
  const text = message.toString('utf8', JSON_TEXT_OFFSET, end);
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}

function protocol(text: string): NfvError {
  return new NfvError('VPP_PROTOCOL', text);
}
