/** What the reconcile engine needs of a dataplane. */
import type { NfvError } from '../errors.js';
import type { AddressSighting } from '../model/allowed-address.js';
import type { Item, ItemKind, Payload, PortItem } from '../model/item.js';
import type { DataplaneStatus } from '../model/dataplane-status.js';
import type { Capabilities, Underlay } from '../model/nve.js';
import type { PortCounters, Reach, UnderlayPath } from '../model/query.js';

/** One object as it was read back. */
export interface Observed {
  readonly key: string;
  /**
   * The object in the terms of an item; fields that this dataplane cannot read back, or that do
   * not exist in it, are as in the wanted item.
   */
  readonly payload: Payload;
  /**
   * What is wrong with it beyond the payload's fields, for people: a helper object missing, a
   * link down. Not empty: it must be updated even if the payload is equal.
   */
  readonly defects: readonly string[];
}

export interface Observation {
  /** Only objects that are ours. */
  readonly objects: ReadonlyMap<string, Observed>;
  /** FOREIGN_OBJECT, by the key of the wanted item whose place something has that is not ours. */
  readonly obstacles: ReadonlyMap<string, NfvError>;
}

export type Scope =
  /** Everything that is ours, wanted or not. */
  | { readonly kind: 'all' }
  /** These keys only. */
  | { readonly kind: 'keys'; readonly keys: ReadonlySet<string> };

export type Step =
  | { readonly op: 'create'; readonly key: string; readonly item: Item }
  | {
      readonly op: 'update';
      readonly key: string;
      readonly item: Item;
      readonly from: Observed;
      /** For people, e.g. "mtu 1400, not 1450". */
      readonly differences: readonly string[];
    }
  | { readonly op: 'delete'; readonly key: string; readonly from: Observed };

/** Undefined: done. */
export type StepResult = NfvError | undefined;

/** Carries out a step, and may look how long that takes. */
export type AroundStep = <T>(step: Step, run: () => Promise<T>) => Promise<T>;

/** Is told what became of a step, by its place in the call. */
export type ResultListener = (at: number, result: StepResult) => void;

/** What the engine needs to know of a kind; declared as data by the dataplane. */
export interface KindTraits<P extends Payload = Payload> {
  /**
   * Position in make-before-break order: creations go up the ranks, removals down. An item's
   * dependencies have lower ranks.
   */
  readonly rank: number;
  /** Names and values of what differs, for people; empty: equal. */
  differences(wanted: P, observed: P): readonly string[];
  /** The difference cannot be mended in place: delete and create. */
  mustRecreate(wanted: P, observed: P): boolean;
  /**
   * Names of host resources that only one item can have, of any kind: `interface nfv-a`. An item
   * that takes one is made after the item that has it has given it up.
   */
  claims?(payload: P): readonly string[];
  /**
   * An object of this kind stays behind when what it depends on is deleted to be made again, and
   * an update puts it right: a bridge's port. Without it, it is deleted first and made again.
   */
  readonly outlivesDependencies?: boolean;
}

export type TraitsTable = { readonly [K in ItemKind]?: KindTraits<Extract<Payload, { kind: K }>> };

export type Change =
  /** The keys of what may have changed. */
  | ReadonlySet<string>
  /** These are to be made otherwise, though their items are the same: what is found of them is no drift. */
  | { readonly otherwise: ReadonlySet<string> }
  | 'unknown'
  /** It cannot be reached, and may have nothing when it can be again. */
  | 'lost'
  /** The dataplane has started again: what it had is gone, and there is nothing to be gathered. */
  | 'restarted';

/** Which MAC an address in a network has now. */
export interface Announcement {
  readonly vni: number;
  readonly ip: string;
  readonly mac: string;
  /** It is a router's (RFC 4861 §4.4); absent: a guest's. */
  readonly isRouter?: true;
}

/** Virtual addresses of guests, which move from one to another without the NVA's doing. */
export interface AddressWatch {
  /** From now on these ports, and no others, are looked at for their allowed addresses. */
  watch(ports: readonly PortItem[]): void;
  /** Asks the guests at these of them what they have now: who has an address answers, and is seen. */
  ask(ports: readonly PortItem[]): void;
  /** Calls back with what was seen, each time it is seen. */
  onSeen(listener: (seen: AddressSighting) => void): void;
  /** Tells the guests here which MAC an address has now, where they might not hear it. */
  announce(what: Announcement): Promise<void>;
}

export interface Dataplane {
  /** The kinds this dataplane can do; an item of another kind fails with ITEM_UNSUPPORTED. */
  readonly traits: TraitsTable;
  /**
   * Waves of a phase may overlap: a step waits only for what it depends on. For a dataplane whose ranks
   * say nothing that the dependencies do not.
   */
  readonly overlapsWaves?: boolean;
  /** What it can do; of one that is out of reach what is known of it, which may be nothing. */
  capabilities(signal: AbortSignal): Promise<Capabilities>;
  /** Calls back with how we stand with it, at once and whenever that changes. */
  onStatus(listener: (status: DataplaneStatus) => void): void;
  /** Addresses of the host that can be a VTEP's. */
  underlays(signal: AbortSignal): Promise<readonly Underlay[]>;
  /**
   * Reads objects back. `wanted` has the items of the keys in scope that are wanted: it is needed
   * for what cannot be read back.
   * @throws NfvError when nothing can be read; never a partial answer.
   */
  observe(
    scope: Scope,
    wanted: ReadonlyMap<string, Item>,
    signal: AbortSignal,
  ): Promise<Observation>;
  /**
   * Carries out steps which do not depend on each other, pipelined; more may come before they have
   * ended. A create that half succeeds is undone. Every step is idempotent.
   * @param onResult is told of steps as they end: what waits for them goes on, and who waits for the
   *   call sees that it gets on. Results that it is not told come with the answer.
   * @returns the results in the steps' order.
   */
  apply(
    steps: readonly Step[],
    signal: AbortSignal,
    onResult?: ResultListener,
  ): Promise<readonly StepResult[]>;
  /**
   * Calls back when something of ours may have changed behind our back. May call too often, must not
   * call for what `apply` does itself if it can tell.
   */
  onChange(listener: (what: Change) => void): void;
  /**
   * What ports have counted; those that are not there are left out.
   * @throws NfvError when nothing can be read
   */
  counters(keys: readonly string[], signal: AbortSignal): Promise<readonly PortCounters[]>;
  /** Whether other VTEPs answer over the underlay, one for each path. Absent: it cannot ask them. */
  reach?(paths: readonly UnderlayPath[], signal: AbortSignal): Promise<readonly Reach[]>;
  /**
   * Looks for addresses at ports, and tells guests of those that have moved. Absent: it can do neither. Whether all of
   * that is so now the capabilities say (`seesAddresses`).
   */
  readonly addressWatch?: AddressWatch;
  close(): Promise<void>;
}
