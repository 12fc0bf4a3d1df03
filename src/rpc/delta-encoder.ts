/** Deltas as bytes: an item that many NVEs get is encoded once, which is most of what a delta costs. */
import type { Item, ItemKind } from '../model/item.js';
import type { Delta } from '../model/southbound.js';
import { itemToWire } from './convert/item.js';
import { fromNvaToWire } from './convert/southbound.js';
import type { ConnectResponse } from './gen/nfv/v1/ConnectResponse.js';
import type { NveSessionServiceDefinition } from './gen/nfv/v1/NveSessionService.js';
import type { Delta as WireDelta } from './gen/nfv/v1/Delta.js';

/** A response that is encoded already. */
export class EncodedResponse implements ConnectResponse {
  readonly message = 'delta';

  constructor(readonly bytes: Buffer) {}
}

export type Serialize = (response: ConnectResponse) => Buffer;

/** The service as it is, which also takes what is encoded. */
export function takingEncoded(service: NveSessionServiceDefinition): NveSessionServiceDefinition {
  const { Connect } = service;
  const responseSerialize: Serialize = (response) =>
    response instanceof EncodedResponse ? response.bytes : Connect.responseSerialize(response);
  return { ...service, Connect: { ...Connect, responseSerialize } };
}

/** What all NVEs of a network but one have alike; others would be kept for nobody. */
const SHARED: readonly ItemKind[] = ['mac_entry', 'neighbor_entry', 'flood_member'];

/** Bits of a byte of a varint (Protocol Buffers, "Encoding"); the highest says that there is more. */
const VARINT_BITS = 7;
const VARINT_MORE = 0x80;

/**
 * The fields of a message may come in any parts and order: what is encoded of one message in pieces, put behind
 * each other, is the message (Protocol Buffers, "Last One Wins" and "Message Structure").
 */
export class DeltaEncoder {
  /** What each adds to a delta; Latin-1 has a character for each byte, and costs less than a buffer. */
  readonly #items = new WeakMap<Item, string>();
  readonly #tag: string;

  constructor(private readonly serialize: Serialize) {
    // Nothing of it but its tag and its length, 0.
    this.#tag = serialize({ delta: {} }).subarray(0, -1).toString('latin1');
  }

  encode(delta: Delta): EncodedResponse {
    const { upserts, ...rest } = delta;
    const pieces = [this.#encode(fromNvaToWire({ ...rest, upserts: [] }))];
    let own: Item[] = [];
    const flush = (): void => {
      if (own.length > 0) pieces.push(this.#encodeDelta({ upserts: own.map(itemToWire) }));
      own = [];
    };
    for (const item of upserts) {
      if (SHARED.includes(item.payload.kind)) {
        flush();
        pieces.push(this.#encodeShared(item));
      } else {
        own.push(item);
      }
    }
    flush();
    const body = pieces.join('');
    return new EncodedResponse(Buffer.from(this.#tag + varint(body.length) + body, 'latin1'));
  }

  #encodeShared(item: Item): string {
    const known = this.#items.get(item);
    if (known !== undefined) return known;
    const made = this.#encodeDelta({ upserts: [itemToWire(item)] });
    this.#items.set(item, made);
    return made;
  }

  #encodeDelta(delta: WireDelta): string {
    return this.#encode({ delta });
  }

  /** The delta in a response, without what is around it. */
  #encode(response: ConnectResponse): string {
    const bytes = this.serialize(response);
    let start = this.#tag.length;
    while (((bytes[start++] ?? 0) & VARINT_MORE) !== 0);
    return bytes.toString('latin1', start);
  }
}

function varint(value: number): string {
  const bytes: number[] = [];
  let left = value;
  while (left >= VARINT_MORE) {
    bytes.push((left % VARINT_MORE) | VARINT_MORE);
    left = Math.floor(left / 2 ** VARINT_BITS);
  }
  return String.fromCharCode(...bytes, left);
}
