import type { ItemKind, Payload, PayloadOf } from '../../model/item.js';
import type { KindTraits } from '../../reconcile/dataplane.js';
import type { KindOperations } from '../../reconcile/kind-table.js';
import type { Context } from './context.js';
import type { View } from './view.js';
import type { Wants } from './wants.js';

export interface VppMeans {
  readonly reading: readonly [wants: Wants];
  readonly seeing: readonly [view: View];
  readonly doing: readonly [context: Context];
}

/** A kind of item in VPP. */
export interface VppKind<P extends Payload> extends KindTraits<P>, KindOperations<P, VppMeans> {}

export type Kinds = { readonly [K in ItemKind]: VppKind<PayloadOf<K>> };
