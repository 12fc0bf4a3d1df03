import { NfvError } from '../../errors.js';
import { nearest } from '../../model/nearest.js';
import type { VppConnection } from './access.js';
import type { VppMessage, VppSchema } from './schema.js';

/**
 * What a message is for. `dump`: a request whose answer is a list. `other`: none of these. `unknown`:
 * nobody tells its definition.
 */
export type MessageKind = 'request' | 'reply' | 'dump' | 'details' | 'event' | 'other' | 'unknown';

/** One that VPP has. */
export interface KnownMessage {
  readonly name: string;
  readonly crc: string;
  readonly id: number;
  readonly kind: MessageKind;
  /** Undefined: VPP does not tell it, and nobody else does. */
  readonly definition: VppMessage | undefined;
}

/** By name; `other` is not in it. */
export function kindsOf({ services }: VppSchema): ReadonlyMap<string, MessageKind> {
  const kinds = new Map<string, MessageKind>();
  for (const { request, reply, stream, streamMessage, events } of services.values()) {
    kinds.set(request, stream || streamMessage !== undefined ? 'dump' : 'request');
    // A cursor stream has details, and a reply at its end.
    const isDetails = stream && streamMessage === undefined;
    if (reply !== undefined) kinds.set(reply, isDetails ? 'details' : 'reply');
    if (streamMessage !== undefined) kinds.set(streamMessage, 'details');
    for (const event of events) kinds.set(event, 'event');
  }
  return kinds;
}

/** VPP cuts the names of its table at so many bytes. */
const MAX_KEY = 63;

/** Every message that VPP has, by name. */
export function messagesOf({ schema, messageTable }: VppConnection): KnownMessage[] {
  const kinds = kindsOf(schema);
  const byKey = new Map([...schema.messages.values()].map((m) => [m.key.slice(0, MAX_KEY), m]));
  const messages = [...messageTable].map(([key, id]): KnownMessage => {
    const definition = byKey.get(key);
    const [, name = key, crc = ''] = /^(.+)_([0-9a-f]{8})$/.exec(definition?.key ?? key) ?? [];
    const kind = definition === undefined ? 'unknown' : (kinds.get(name) ?? 'other');
    return { name, crc, id, kind, definition };
  });
  return messages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Refuses a request whose answer is of the other form, and names the verb that takes it. */
export function requireKind(
  { schema }: VppConnection,
  name: string,
  wanted: 'request' | 'dump',
): VppMessage | undefined {
  const kind = kindsOf(schema).get(name);
  const definition = schema.messages.get(name);
  // What VPP does not have, it is asked for: its client says best what is wrong.
  if (kind === wanted || definition === undefined) return definition;
  const [reason, remedy] = misuse(name, kind, schema);
  throw new NfvError('INVALID_FIELD', `${name} ${reason}`, { remedy });
}

function misuse(
  name: string,
  kind: MessageKind | undefined,
  { services }: VppSchema,
): readonly [reason: string, remedy: string] {
  switch (kind) {
    case 'dump':
      return ['answers with a list', `see "nfvctl vpp dump ${name}"`];
    case 'request':
      return ['has one reply, not a list', `see "nfvctl vpp call ${name}"`];
    default: {
      const meant = nearest(name, services.keys());
      const remedy = 'list the requests: nfvctl vpp messages';
      return [
        'is nothing that can be asked of VPP',
        meant === undefined ? remedy : `did you mean ${meant}? ${remedy}`,
      ];
    }
  }
}
