import type { NfvError } from '../../errors.js';
import type { ItemKind, Payload, PayloadOf } from '../../model/item.js';
import type { KindTraits } from '../../reconcile/dataplane.js';
import type { Context } from './context.js';
import type { View } from './view.js';
import type { Wants } from './wants.js';

/** What was found in the place of an item. */
export type Sight<P extends Payload> =
  /** It is ours; as `Observed` of the reconcile room. */
  | { readonly payload: P; readonly defects: readonly string[] }
  /** Something foreign stands there. */
  | NfvError
  /** Nothing. */
  | undefined;

/**
 * A kind of item in VPP. `rest` is its key without the kind: of `mac/7/02:00:00:00:00:01` it is
 * `['7', '02:00:00:00:00:01']`. Fields that VPP does not keep are as in `wanted`.
 */
export interface VppKind<P extends Payload> extends KindTraits<P> {
  /** Notes what has to be read to observe it. */
  reads(rest: Key, wanted: P | undefined, wants: Wants): void;
  observe(rest: Key, wanted: P | undefined, view: View): Sight<P>;
  /** The keys of all that is ours, when everything has been read. */
  list(view: View): Iterable<string>;
  create(payload: P, context: Context): Promise<void>;
  /** Makes it as wanted, whatever is wrong with it, short of what `mustRecreate` tells. */
  update(payload: P, from: P, context: Context): Promise<void>;
  remove(from: P, context: Context): Promise<void>;
}

export type Key = readonly string[];

export type Kinds = { readonly [K in ItemKind]: VppKind<PayloadOf<K>> };
