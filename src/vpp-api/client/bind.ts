import { z } from 'zod';
import { NfvError } from '../../errors.js';
import { createCodec, type Codec } from '../codec/codec.js';
import type { ApiSchema } from '../schema/api-schema.js';
import { readCatalogue } from '../schema/catalogue.js';
import { parseModulesInTurns } from '../schema/parse-module.js';
import type { Link } from '../transport/transport.js';
import { HEADER_BYTES, writeHeader } from '../wire/framer.js';
import {
  decodeGetApiJsonReply,
  encodeGetApiJson,
  GET_API_JSON_KEY,
  GET_API_JSON_REPLY_KEY,
} from '../wire/handshake.js';
import { Binding, type SchemaSource } from './binding.js';

/** Takes what comes over a link. */
export interface Receiver {
  /** @throws NfvError for what makes no sense; ends the link */
  receive(message: Buffer): void;
  drained(): void;
  /** Answers it waits for. */
  readonly owed: number;
  /** The link is gone. */
  end(error: NfvError): void;
}

/** Definitions for a VPP that does not give its own. */
export interface SchemaFallback {
  readonly source: SchemaSource;
  /** @returns undefined if there are none */
  load(messageTable: ReadonlyMap<string, number>): Promise<ApiSchema | undefined>;
}

interface Known {
  readonly keys: string;
  readonly schema: ApiSchema;
  readonly codec: Codec;
  readonly source: SchemaSource;
  readonly passedOver: NfvError | undefined;
}

const JSON_CONTEXT = 2;

/** Finds the definitions of a VPP's messages, and keeps those of the last one. */
export class Binder {
  #known: Known | undefined;

  constructor(private readonly fallbacks: readonly SchemaFallback[]) {}

  /**
   * The messages of the VPP behind a link: by its own definitions, else by the first fallback that
   * has some; one that fails is passed over, and told of in the binding. A VPP with the very messages
   * of the last one, by names and CRCs, is not asked again.
   * @param receive gets who takes what comes meanwhile
   * @throws NfvError VPP_SCHEMA_INVALID; VPP_REFUSED, VPP_PROTOCOL; what the link ended with
   */
  async bind(link: Link, receive: (receiver: Receiver) => void): Promise<Binding> {
    const keys = [...link.messageTable.keys()].sort().join();
    if (this.#known?.keys !== keys) {
      const found = await this.#find(link, receive);
      this.#known = { keys, codec: createCodec(found.schema), ...found };
    }
    const { schema, codec, source, passedOver } = this.#known;
    return new Binding(schema, codec, link.messageTable, source, passedOver);
  }

  async #find(
    link: Link,
    receive: (receiver: Receiver) => void,
  ): Promise<Pick<Known, 'schema' | 'source' | 'passedOver'>> {
    const id = link.messageTable.get(GET_API_JSON_KEY);
    const replyId = link.messageTable.get(GET_API_JSON_REPLY_KEY);
    if (id !== undefined && replyId !== undefined) {
      const exchange = new JsonExchange(link, id, replyId);
      receive(exchange);
      const schema = await completed(parseJson(await exchange.text), link.messageTable);
      return { schema, source: 'vpp', passedOver: undefined };
    }
    return await this.#fallBack(link);
  }

  async #fallBack({
    messageTable,
  }: Link): Promise<Pick<Known, 'schema' | 'source' | 'passedOver'>> {
    let passedOver: NfvError | undefined;
    for (const fallback of this.fallbacks) {
      try {
        const schema = await fallback.load(messageTable);
        if (schema !== undefined) return { schema, source: fallback.source, passedOver };
      } catch (thrown) {
        passedOver ??= NfvError.from(thrown);
      }
    }
    if (passedOver !== undefined) throw passedOver;
    throw new NfvError(
      'VPP_SCHEMA_INVALID',
      'this VPP does not tell the definitions of its messages, and there are no others',
      { remedy: 'give the directory of its *.api.json files (/usr/share/vpp/api)' },
    );
  }
}

/** What VPP tells of itself, and what it leaves out from the catalogue. */
async function completed(
  told: readonly unknown[],
  messageTable: ReadonlyMap<string, number>,
): Promise<ApiSchema> {
  const missing = readCatalogue().supplement(messageTable, keysOf(told));
  const schema = await parseModulesInTurns([...told, ...missing]);
  if (schema.messages.has('control_ping')) return schema;
  throw new NfvError('VPP_SCHEMA_INVALID', 'there is no definition of control_ping for this VPP');
}

const messageShape = z.tuple([z.string()]).rest(z.unknown());
const crcShape = z.object({ crc: z.string() });
const moduleShape = z.object({ messages: z.array(messageShape) });

/** `name_crc` of each message; what has another form is for the parser to refuse. */
function keysOf(modules: readonly unknown[]): Set<string> {
  const keys = new Set<string>();
  for (const json of modules) {
    for (const message of moduleShape.safeParse(json).data?.messages ?? []) {
      const crc = crcShape.safeParse(message.at(-1)).data?.crc;
      if (crc !== undefined) keys.add(`${message[0]}_${crc.replace(/^0x/, '')}`);
    }
  }
  return keys;
}

function parseJson(text: string): readonly unknown[] {
  try {
    return z.array(z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw new NfvError('VPP_SCHEMA_INVALID', 'get_api_json gave no list in JSON', { cause });
  }
}

/** One get_api_json, before any schema. */
class JsonExchange implements Receiver {
  readonly owed = 1;
  readonly text: Promise<string>;
  #resolve: (text: string) => void = () => undefined;
  #reject: (error: NfvError) => void = () => undefined;

  constructor(
    link: Link,
    id: number,
    private readonly replyId: number,
  ) {
    this.text = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const message = encodeGetApiJson(id, link.clientIndex, JSON_CONTEXT);
    const frame = Buffer.alloc(HEADER_BYTES + message.length);
    writeHeader(frame, 0, message.length);
    message.copy(frame, HEADER_BYTES);
    link.send(frame, () => undefined);
  }

  receive(message: Buffer): void {
    const id = message.readUInt16BE(0);
    if (id !== this.replyId) {
      throw new NfvError('VPP_PROTOCOL', `message ${id} where get_api_json_reply should be`);
    }
    this.#resolve(decodeGetApiJsonReply(message));
  }

  drained(): void {
    // One small message is all it sends.
  }

  end(error: NfvError): void {
    this.#reject(error);
  }
}
