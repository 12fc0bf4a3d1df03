/** All kinds of the kernel's dataplane, by key and by payload. */
import { NfvError } from '../../errors.js';
import type { ItemKind, Payload } from '../../model/item.js';
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
  vtep: any(vtep, (p) => p.kind === 'vtep'),
  bridge_domain: any(bridgeDomain, (p) => p.kind === 'bridge_domain'),
  tunnel: any(tunnel, (p) => p.kind === 'tunnel'),
  flood_member: any(floodMember, (p) => p.kind === 'flood_member'),
  mac_entry: any(macEntry, (p) => p.kind === 'mac_entry'),
  neighbor_entry: any(neighborEntry, (p) => p.kind === 'neighbor_entry'),
  port: any(port, (p) => p.kind === 'port'),
};

const BY_PREFIX: ReadonlyMap<string, AnyKind> = new Map([
  ['vtep', ANY.vtep],
  ['bd', ANY.bridge_domain],
  ['tunnel', ANY.tunnel],
  ['flood', ANY.flood_member],
  ['mac', ANY.mac_entry],
  ['neigh', ANY.neighbor_entry],
  ['port', ANY.port],
]);

export function kindOf(payload: Payload): AnyKind {
  return ANY[payload.kind];
}

export function allKinds(): readonly AnyKind[] {
  return Object.values(ANY);
}

/** A key's kind and the rest of it; undefined: a kind that nobody here knows. */
export function splitKey(key: string): readonly [AnyKind | undefined, Key] {
  const [prefix = '', ...rest] = key.split('/');
  return [BY_PREFIX.get(prefix), rest];
}

function any<P extends Payload>(
  kind: LinuxKind<P>,
  is: (payload: Payload) => payload is P,
): AnyKind {
  const own = (payload: Payload): P => {
    if (is(payload)) return payload;
    throw new NfvError('INTERNAL', `a ${payload.kind} where another kind was expected`);
  };
  const ownOrNone = (payload: Payload | undefined): P | undefined => payload && own(payload);
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
