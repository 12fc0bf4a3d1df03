/** The kinds of a dataplane, each written for its own items, found by payload and by key. */
import { NfvError } from '../errors.js';
import { isOfKind, splitKey, type ItemKind, type Payload, type PayloadOf } from '../model/item.js';
import type { Step } from './dataplane.js';

/** A key without its kind: of `mac/7/02:00:00:00:00:01` it is `['7', '02:00:00:00:00:01']`. */
export type Key = readonly string[];

/** What was found in the place of an item. */
export type Sight<P extends Payload> =
  /** It is ours; as `Observed`. */
  | { readonly payload: P; readonly defects: readonly string[] }
  /** Something foreign stands there. */
  | NfvError
  /** Nothing. */
  | undefined;

/** With what a dataplane's kinds work: to note what to read, to see it, to change something. */
export interface Means {
  readonly reading: readonly unknown[];
  readonly seeing: readonly unknown[];
  readonly doing: readonly unknown[];
}

/** What can be done with a kind of item. Fields that the dataplane does not keep are as in `wanted`. */
export interface KindOperations<P extends Payload, M extends Means> {
  /** Notes what has to be read to observe it. */
  reads(rest: Key, wanted: P | undefined, ...means: M['reading']): void;
  observe(rest: Key, wanted: P | undefined, ...means: M['seeing']): Sight<P>;
  /** The keys of all that is ours, when everything has been read. */
  list(...means: M['seeing']): Iterable<string>;
  /** What the promises of these bring is of no use. */
  create(payload: P, ...means: M['doing']): Promise<unknown>;
  /** Makes it as wanted, whatever is wrong with it, short of what `mustRecreate` tells. */
  update(payload: P, from: P, ...means: M['doing']): Promise<unknown>;
  remove(from: P, ...means: M['doing']): Promise<unknown>;
}

/** A kind for any payload: one of another kind is an error of ours. */
export type AnyKind<M extends Means> = KindOperations<Payload, M>;

/** Those that a dataplane can do. */
type Kinds<M extends Means> = { readonly [K in ItemKind]?: KindOperations<PayloadOf<K>, M> };

export class KindTable<M extends Means> {
  readonly #kinds: Readonly<Record<ItemKind, AnyKind<M> | undefined>>;

  constructor(kinds: Kinds<M>) {
    this.#kinds = {
      vtep: forAny('vtep', kinds.vtep),
      bridge_domain: forAny('bridge_domain', kinds.bridge_domain),
      tunnel: forAny('tunnel', kinds.tunnel),
      flood_member: forAny('flood_member', kinds.flood_member),
      mac_entry: forAny('mac_entry', kinds.mac_entry),
      neighbor_entry: forAny('neighbor_entry', kinds.neighbor_entry),
      port: forAny('port', kinds.port),
      xconnect: forAny('xconnect', kinds.xconnect),
      vrf: forAny('vrf', kinds.vrf),
      gateway_interface: forAny('gateway_interface', kinds.gateway_interface),
      gateway_neighbor: forAny('gateway_neighbor', kinds.gateway_neighbor),
      route: forAny('route', kinds.route),
      provider_port: forAny('provider_port', kinds.provider_port),
    };
  }

  get all(): readonly AnyKind<M>[] {
    return Object.values(this.#kinds).filter((kind) => kind !== undefined);
  }

  /** @throws NfvError ITEM_UNSUPPORTED */
  of({ kind }: Payload): AnyKind<M> {
    const found = this.#kinds[kind];
    if (found !== undefined) return found;
    throw new NfvError('ITEM_UNSUPPORTED', `this dataplane has no ${kind}`);
  }

  /** The kind that a key is of, and the rest of it; undefined: none that the dataplane can do. */
  at(key: string): readonly [AnyKind<M> | undefined, Key] {
    const [kind, rest] = splitKey(key);
    return [kind && this.#kinds[kind], rest];
  }

  carryOut(step: Step, ...means: M['doing']): Promise<unknown> {
    const { payload } = step.op === 'delete' ? step.from : step.item;
    const kind = this.of(payload);
    switch (step.op) {
      case 'create':
        return kind.create(payload, ...means);
      case 'update':
        return kind.update(payload, step.from.payload, ...means);
      case 'delete':
        return kind.remove(payload, ...means);
    }
  }
}

function forAny<K extends ItemKind, M extends Means>(
  name: K,
  kind: KindOperations<PayloadOf<K>, M> | undefined,
): AnyKind<M> | undefined {
  if (kind === undefined) return undefined;
  const own = (payload: Payload): PayloadOf<K> => {
    if (isOfKind(payload, name)) return payload;
    throw new NfvError('INTERNAL', `a ${payload.kind} where a ${name} was expected`);
  };
  const ownOrNone = (payload: Payload | undefined): PayloadOf<K> | undefined =>
    payload && own(payload);
  return {
    reads: (rest, wanted, ...means) => {
      kind.reads(rest, ownOrNone(wanted), ...means);
    },
    observe: (rest, wanted, ...means) => kind.observe(rest, ownOrNone(wanted), ...means),
    list: (...means) => kind.list(...means),
    create: (payload, ...means) => kind.create(own(payload), ...means),
    update: (payload, from, ...means) => kind.update(own(payload), own(from), ...means),
    remove: (from, ...means) => kind.remove(own(from), ...means),
  };
}
