/** What has to be asked of VPP over shared memory before the client can be let in. */
import { NfvError } from '../../errors.js';
import { readCatalogue } from '../schema/catalogue.js';
import { parseModules } from '../schema/parse-module.js';
import { HEADER_BYTES, writeHeader } from '../wire/framer.js';
import {
  decodeGetApiJsonReply,
  encodeGetApiJson,
  GET_API_JSON_KEY,
  GET_API_JSON_REPLY_KEY,
} from '../wire/handshake.js';
import {
  PID_OFFSET,
  PING_BYTES,
  PING_CONTEXT_OFFSET,
  PING_KEY,
  PING_REPLY_BYTES,
  PING_REPLY_KEY,
} from './control-ping.js';
import type { Threads } from './threads.js';

const PING_CONTEXT = 1;
const JSON_CONTEXT = 2;

export interface Bootstrap {
  /** VPP's process. */
  readonly pid: number;
  readonly table: ReadonlyMap<string, number>;
}

type Listen = (listener: (message: Buffer) => void) => void;

/** @throws NfvError VPP_PROTOCOL, VPP_REFUSED, VPP_SCHEMA_INVALID, VPP_CONNECTION_LOST */
export async function bootstrap(threads: Threads, listen: Listen): Promise<Bootstrap> {
  const basic = await threads.resolve([
    PING_KEY,
    PING_REPLY_KEY,
    GET_API_JSON_KEY,
    GET_API_JSON_REPLY_KEY,
  ]);
  const pid = await askPid(threads, basic, listen);
  const json = await askDefinitions(threads, basic, listen);
  const told = json === undefined ? [] : keysOf(json);
  // VPP leaves some messages out of what it tells, and tells nothing before 24.06.
  const keys = new Set([...basic.keys(), ...told, ...readCatalogue().keys]);
  return { pid, table: await threads.resolve([...keys]) };
}

async function askPid(
  threads: Threads,
  ids: ReadonlyMap<string, number>,
  listen: Listen,
): Promise<number> {
  const ping = ids.get(PING_KEY);
  if (ping === undefined) throw new NfvError('VPP_PROTOCOL', `VPP has no ${PING_KEY}`);
  const message = Buffer.alloc(PING_BYTES);
  message.writeUInt16BE(ping, 0);
  message.writeUInt32BE(PING_CONTEXT, PING_CONTEXT_OFFSET);
  const reply = await ask(threads, message, ids.get(PING_REPLY_KEY), listen);
  if (reply.length < PING_REPLY_BYTES) {
    throw new NfvError('VPP_PROTOCOL', `control_ping_reply of ${reply.length} bytes`);
  }
  return reply.readUInt32BE(PID_OFFSET);
}

async function askDefinitions(
  threads: Threads,
  ids: ReadonlyMap<string, number>,
  listen: Listen,
): Promise<string | undefined> {
  const id = ids.get(GET_API_JSON_KEY);
  if (id === undefined) return undefined;
  const request = encodeGetApiJson(id, 0, JSON_CONTEXT);
  return decodeGetApiJsonReply(
    await ask(threads, request, ids.get(GET_API_JSON_REPLY_KEY), listen),
  );
}

/** The first message with that id; nothing else can have been asked for yet. */
async function ask(
  threads: Threads,
  message: Buffer,
  replyId: number | undefined,
  listen: Listen,
): Promise<Buffer> {
  const reply = new Promise<Buffer>((resolve) => {
    listen((received) => {
      if (received.readUInt16BE(0) === replyId) resolve(Buffer.from(received));
    });
  });
  const frame = Buffer.alloc(HEADER_BYTES + message.length);
  writeHeader(frame, 0, message.length);
  message.copy(frame, HEADER_BYTES);
  threads.send(frame);
  return await reply;
}

function keysOf(json: string): string[] {
  const { messages } = parseModules(JSON.parse(json));
  return [...messages.values()].map(({ key }) => key);
}
