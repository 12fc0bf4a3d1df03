import { NfvError } from '../../errors.js';
import type { Codec, MessageCodec } from '../codec/codec.js';
import type { ApiSchema } from '../schema/api-schema.js';
import { compat, problemOf, type CompatReport } from '../schema/compat.js';

/** A message as the connected VPP knows it. */
export interface Bound {
  readonly id: number;
  readonly codec: MessageCodec;
}

/** A request, and how its answer looks. */
export type Method =
  /** One reply. */
  | { readonly kind: 'reply'; readonly request: Bound; readonly reply: Bound }
  /** Any number of details; a control_ping sent right after tells where they end. */
  | { readonly kind: 'dump'; readonly request: Bound; readonly details: Bound }
  /** Any number of details, then a reply that may ask to go on from a cursor. */
  | {
      readonly kind: 'get';
      /** The request says where to go on. */
      readonly hasCursor: boolean;
      readonly request: Bound;
      readonly details: Bound;
      readonly reply: Bound;
    };

/** Where the definitions of messages are from. */
export type SchemaSource = 'vpp' | 'installed' | 'bundled';

/** Messages of a schema with the ids that the connected VPP has for them. */
export class Binding {
  readonly #incoming: (Bound | undefined)[] = [];
  readonly #nameById = new Map<number, string>();
  readonly #methods = new Map<string, Method>();
  readonly #messages = new Map<string, Bound>();
  #ids: ReadonlySet<number> | undefined;
  #compat: CompatReport | undefined;

  constructor(
    readonly schema: ApiSchema,
    readonly codec: Codec,
    readonly messageTable: ReadonlyMap<string, number>,
    readonly source: SchemaSource,
    /** Why definitions that come before these in the order of preference were of no use. */
    readonly passedOver?: NfvError,
  ) {
    for (const { name, key } of schema.messages.values()) {
      const id = this.#idOf(key);
      if (id !== undefined) this.#nameById.set(id, name);
    }
  }

  /** The message that VPP sends with this id; undefined: none that the schema has. */
  incoming(id: number): Bound | undefined {
    const known = this.#incoming[id];
    if (known !== undefined) return known;
    const name = this.#nameById.get(id);
    if (name === undefined) return undefined;
    const bound = { id, codec: this.codec.message(name) };
    this.#incoming[id] = bound;
    return bound;
  }

  /**
   * A message as this VPP takes and gives it.
   * @throws NfvError VPP_MESSAGE_UNKNOWN if the schema does not have it, VPP_MESSAGE_MISSING if VPP
   *   does not (its plugin is not loaded), VPP_MESSAGE_CHANGED if VPP has it with another CRC
   */
  message(name: string): Bound {
    const known = this.#messages.get(name);
    if (known !== undefined) return known;
    const id = this.idOf(name);
    if (id === undefined) throw this.#absent(name);
    const bound = { id, codec: this.codec.message(name) };
    this.#messages.set(name, bound);
    return bound;
  }

  /** What of the schema, and of what the product needs, this VPP has. */
  get compat(): CompatReport {
    this.#compat ??= compat(this.schema, this.messageTable);
    return this.#compat;
  }

  /**
   * A request with its answer.
   * @throws NfvError as `message`; VPP_MESSAGE_UNKNOWN also if it is nothing that can be asked
   */
  method(name: string): Method {
    let method = this.#methods.get(name);
    if (method === undefined) {
      method = this.#resolve(name);
      this.#methods.set(name, method);
    }
    return method;
  }

  /** The events that VPP sends after a `want_`. */
  eventsOf(want: string): readonly string[] {
    return this.schema.services.get(want)?.events ?? [];
  }

  /** The id of a message; undefined: VPP does not have it, or not as the schema does. */
  idOf(name: string): number | undefined {
    const def = this.schema.messages.get(name);
    return def === undefined ? undefined : this.#idOf(def.key);
  }

  /** VPP has a message with this id, whether the schema knows it or not. */
  hasId(id: number): boolean {
    this.#ids ??= new Set(this.messageTable.values());
    return this.#ids.has(id);
  }

  #resolve(name: string): Method {
    const request = this.message(name);
    const service = this.schema.services.get(name);
    if (service?.reply === undefined) {
      throw new NfvError('VPP_MESSAGE_UNKNOWN', `${name} is not a request that has an answer`);
    }
    if (!request.codec.hasClientIndex || !request.codec.hasContext) {
      // Those by which a connection comes and goes; VPP follows pointers in some of them.
      throw new NfvError('VPP_MESSAGE_UNKNOWN', `${name} is only for the transport itself`);
    }
    const reply = this.message(service.reply);
    if (service.streamMessage !== undefined) {
      const details = this.message(service.streamMessage);
      const fields = this.schema.messages.get(name)?.fields ?? [];
      const hasCursor = fields.some((field) => field.name === 'cursor');
      return { kind: 'get', hasCursor, request, details, reply };
    }
    if (service.stream) return { kind: 'dump', request, details: reply };
    return { kind: 'reply', request, reply };
  }

  /** VPP cuts the names of its table at 63 bytes (vl_api_sockclnt_create_t_handler). */
  #idOf(key: string): number | undefined {
    return this.messageTable.get(key.slice(0, 63));
  }

  #absent(name: string): NfvError {
    const state = this.compat.messages.get(name);
    const problem = state === undefined ? undefined : problemOf(state);
    if (problem !== undefined) return problem;
    try {
      // Its refusal names the nearest.
      this.codec.message(name);
    } catch (thrown) {
      return NfvError.from(thrown);
    }
    return new NfvError('INTERNAL', `${name} is ok and has no id`);
  }
}
