import type { ItemKind, Payload, PayloadOf } from '../../model/item.js';
import type { KindTraits } from '../../reconcile/dataplane.js';
import type { KindOperations } from '../../reconcile/kind-table.js';
import type { Doors } from './doors.js';
import type { Memory } from './memory.js';
import type { View, Wants } from './view.js';

export interface LinuxMeans {
  readonly reading: readonly [wants: Wants, memory: Memory];
  readonly seeing: readonly [view: View, memory: Memory];
  readonly doing: readonly [doors: Doors, memory: Memory];
}

/** A kind of item on the kernel. */
export interface LinuxKind<P extends Payload>
  extends KindTraits<P>, KindOperations<P, LinuxMeans> {}

/** There is no cross-connect on this dataplane. */
type LinuxItemKind = Exclude<ItemKind, 'xconnect'>;

export type Kinds = { readonly [K in LinuxItemKind]: LinuxKind<PayloadOf<K>> };
