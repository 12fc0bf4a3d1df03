/** All kinds of VPP's dataplane, by key and by payload. */
import { NfvError } from '../../errors.js';
import {
  isOfKind,
  splitKey,
  type ItemKind,
  type Payload,
  type PayloadOf,
} from '../../model/item.js';
import { bridgeDomain } from './bridge-domain.js';
import type { Context } from './context.js';
import { floodMember } from './flood-member.js';
import type { Key, Kinds, Sight, VppKind } from './kind.js';
import { macEntry } from './mac-entry.js';
import { neighborEntry } from './neighbor-entry.js';
import { port } from './port.js';
import { tunnel } from './tunnel.js';
import type { View } from './view.js';
import { vtep } from './vtep.js';
import type { Wants } from './wants.js';

export const KINDS: Kinds = {
  vtep,
  bridge_domain: bridgeDomain,
  tunnel,
  flood_member: floodMember,
  mac_entry: macEntry,
  neighbor_entry: neighborEntry,
  port,
};

/** A kind for any payload: one of another kind is an error of ours. */
export interface AnyKind {
  reads(rest: Key, wanted: Payload | undefined, wants: Wants): void;
  observe(rest: Key, wanted: Payload | undefined, view: View): Sight<Payload>;
  list(view: View): Iterable<string>;
  create(payload: Payload, context: Context): Promise<void>;
  update(payload: Payload, from: Payload, context: Context): Promise<void>;
  remove(from: Payload, context: Context): Promise<void>;
}

const ANY: Readonly<Record<ItemKind, AnyKind>> = {
  vtep: any('vtep', vtep),
  bridge_domain: any('bridge_domain', bridgeDomain),
  tunnel: any('tunnel', tunnel),
  flood_member: any('flood_member', floodMember),
  mac_entry: any('mac_entry', macEntry),
  neighbor_entry: any('neighbor_entry', neighborEntry),
  port: any('port', port),
};

export function kindOf(payload: Payload): AnyKind {
  return ANY[payload.kind];
}

export function allKinds(): readonly AnyKind[] {
  return Object.values(ANY);
}

/** The kind that a key is of, and the rest of it; undefined: a kind that nobody here knows. */
export function kindAt(key: string): readonly [AnyKind | undefined, Key] {
  const [kind, rest] = splitKey(key);
  return [kind && ANY[kind], rest];
}

function any<K extends ItemKind>(name: K, kind: VppKind<PayloadOf<K>>): AnyKind {
  const own = (payload: Payload): PayloadOf<K> => {
    if (isOfKind(payload, name)) return payload;
    throw new NfvError('INTERNAL', `a ${payload.kind} where a ${name} was expected`);
  };
  const ownOrNone = (payload: Payload | undefined): PayloadOf<K> | undefined =>
    payload && own(payload);
  return {
    reads: (rest, wanted, wants) => {
      kind.reads(rest, ownOrNone(wanted), wants);
    },
    observe: (rest, wanted, view) => kind.observe(rest, ownOrNone(wanted), view),
    list: (view) => kind.list(view),
    create: (payload, context) => kind.create(own(payload), context),
    update: (payload, from, context) => kind.update(own(payload), own(from), context),
    remove: (from, context) => kind.remove(own(from), context),
  };
}
