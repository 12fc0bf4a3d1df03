import type { NfvError } from '../../errors.js';
import type { ItemKind, Payload, PayloadOf } from '../../model/item.js';
import type { KindTraits } from '../../reconcile/dataplane.js';
import type { Doors } from './doors.js';
import type { Memory } from './memory.js';
import type { View, Wants } from './view.js';

/** What was found in the place of an item. */
export type Sight<P extends Payload> =
  /** It is ours; as `Observed` of the reconcile room. */
  | { readonly payload: P; readonly defects: readonly string[] }
  /** Something foreign stands there. */
  | NfvError
  /** Nothing. */
  | undefined;

/**
 * A kind of item on the kernel. `rest` is its key without the kind: of `mac/7/02:00:00:00:00:01`
 * it is `['7', '02:00:00:00:00:01']`. Fields that the kernel does not keep are as in `wanted`.
 */
export interface LinuxKind<P extends Payload> extends KindTraits<P> {
  /** Notes what has to be read to observe it. */
  reads(rest: Key, wanted: P | undefined, wants: Wants, memory: Memory): void;
  observe(rest: Key, wanted: P | undefined, view: View, memory: Memory): Sight<P>;
  /** The keys of all that is ours, when everything has been read. */
  list(view: View, memory: Memory): Iterable<string>;
  create(payload: P, doors: Doors, memory: Memory): Promise<void>;
  /** Makes it as wanted, whatever is wrong with it, short of what `mustRecreate` tells. */
  update(payload: P, from: P, doors: Doors, memory: Memory): Promise<void>;
  remove(from: P, doors: Doors, memory: Memory): Promise<void>;
}

export type Key = readonly string[];

export type Kinds = { readonly [K in ItemKind]: LinuxKind<PayloadOf<K>> };
