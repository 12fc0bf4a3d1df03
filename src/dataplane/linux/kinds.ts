/** All kinds of the kernel's dataplane, by key and by payload. */
import { NfvError } from '../../errors.js';
import {
  isOfKind,
  splitKey,
  type ItemKind,
  type Payload,
  type PayloadOf,
} from '../../model/item.js';
import { bridgeDomain } from './bridge-domain.js';
import type { Doors } from './doors.js';
import { floodMember } from './flood-member.js';
import type { Key, Kinds, LinuxKind, Sight } from './kind.js';
import { macEntry } from './mac-entry.js';
import type { Memory } from './memory.js';
import { neighborEntry } from './neighbor-entry.js';
import { port } from './port.js';
import { tunnel } from './tunnel.js';
import type { View, Wants } from './view.js';
import { vtep } from './vtep.js';

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
  reads(rest: Key, wanted: Payload | undefined, wants: Wants, memory: Memory): void;
  observe(rest: Key, wanted: Payload | undefined, view: View, memory: Memory): Sight<Payload>;
  list(view: View, memory: Memory): Iterable<string>;
  create(payload: Payload, doors: Doors, memory: Memory): Promise<void>;
  update(payload: Payload, from: Payload, doors: Doors, memory: Memory): Promise<void>;
  remove(from: Payload, doors: Doors, memory: Memory): Promise<void>;
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

function any<K extends ItemKind>(name: K, kind: LinuxKind<PayloadOf<K>>): AnyKind {
  const own = (payload: Payload): PayloadOf<K> => {
    if (isOfKind(payload, name)) return payload;
    throw new NfvError('INTERNAL', `a ${payload.kind} where a ${name} was expected`);
  };
  const ownOrNone = (payload: Payload | undefined): PayloadOf<K> | undefined =>
    payload && own(payload);
  return {
    reads: (rest, wanted, wants, memory) => {
      kind.reads(rest, ownOrNone(wanted), wants, memory);
    },
    observe: (rest, wanted, view, memory) => kind.observe(rest, ownOrNone(wanted), view, memory),
    list: (view, memory) => kind.list(view, memory),
    create: (payload, doors, memory) => kind.create(own(payload), doors, memory),
    update: (payload, from, doors, memory) => kind.update(own(payload), own(from), doors, memory),
    remove: (from, doors, memory) => kind.remove(own(from), doors, memory),
  };
}
