/** The messages between an NVE and the NVA: proto/nfv/v1/nve_session_service.proto. */
import type { NfvError } from '../errors.js';
import type { ToldSighting } from './allowed-address.js';
import type { HostStatus, OfferedProfile } from './host/offer.js';
import type { Item } from './item.js';
import type { DataplaneStatus } from './dataplane-status.js';
import type { Capabilities, Drift, Underlay } from './nve.js';
import type { TraceContext } from './origin.js';
import type { Query, QueryReply } from './query.js';
import { sha256 } from './sha256.js';

/** The only version of the protocol so far. */
export const PROTOCOL_VERSION = 1;

/** Deltas that may be without a reply. */
export const MAX_IN_FLIGHT = 4;
/** Upserts and removes in one delta, entries in one report. */
export const MAX_ENTRIES = 1000;
/** Drifts in one report, the newest; of older ones that were not sent only the number is told. */
export const MAX_DRIFTS = 100;

/** Which store a configuration comes from, and which process's reign over it. */
export interface Epoch {
  readonly storeId: string;
  /** Grows whenever another NVA process takes over. */
  readonly number: number;
}

export interface Hello {
  readonly kind: 'hello';
  readonly protocolVersions: readonly number[];
  readonly nve: string;
  readonly nodeUuid: string;
  readonly agentVersion: string;
  readonly capabilities: Capabilities;
  readonly underlays: readonly Underlay[];
  /** Of what it last stored; storeId is empty if nothing. */
  readonly epoch: Epoch;
  readonly revision: number;
  readonly digest: string;
  readonly itemCount: number;
  /** It stores host profiles, and says what becomes of them. */
  readonly takesHostOffers: boolean;
  /** It answers REACH queries. */
  readonly probesUnderlay: boolean;
}

export interface HeldItems {
  readonly kind: 'held_items';
  readonly entries: readonly { readonly key: string; readonly version: string }[];
  readonly last: boolean;
}

export interface DeltaReply {
  readonly kind: 'delta_reply';
  readonly sequence: number;
  /** Absent: stored durably. Present: refused as a whole. `code` is of the error table. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** What became of one version of an item; an empty version is its removal. */
export interface ItemReport {
  readonly key: string;
  readonly version: string;
  /** Absent: read back as wanted. */
  readonly failure?: { readonly code: string; readonly message: string };
}

export interface ItemReports {
  readonly kind: 'item_reports';
  readonly epoch: number;
  readonly entries: readonly ItemReport[];
  /** Everything up to here has been tried: what is not reported failed is applied. */
  readonly settledRevision: number;
}

export interface DriftReports {
  readonly kind: 'drift_reports';
  readonly drifts: readonly Drift[];
  readonly total: number;
  /** Items that are not as wanted now, and are left alone. */
  readonly leftAlone: number;
}

/** Allowed addresses that were seen at the NVE's ports. */
export interface AddressSightings {
  readonly kind: 'address_sightings';
  readonly sightings: readonly ToldSighting[];
}

export interface UnderlayReport {
  readonly kind: 'underlay_report';
  readonly underlays: readonly Underlay[];
}

/** How the agent stands with its dataplane, and what that can do. */
export interface DataplaneReport {
  readonly kind: 'dataplane_report';
  readonly status: DataplaneStatus;
  readonly capabilities: Capabilities;
}

/** What became of the host profile that was offered last. */
export interface HostReport {
  readonly kind: 'host_report';
  readonly status: HostStatus;
}

export type FromNve =
  | Hello
  | HeldItems
  | DeltaReply
  | ItemReports
  | DriftReports
  | UnderlayReport
  | AddressSightings
  | DataplaneReport
  | HostReport
  | QueryReply;

export interface Welcome {
  readonly kind: 'welcome';
  readonly protocolVersion: number;
  readonly epoch: Epoch;
  readonly revision: number;
  readonly sendHeldItems: boolean;
  readonly maxInFlight: number;
}

export interface Delta {
  readonly kind: 'delta';
  readonly sequence: number;
  readonly epoch: number;
  /** The revision the NVE's configuration has once all deltas up to this one are stored. */
  readonly revision: number;
  readonly upserts: readonly Item[];
  readonly removes: readonly string[];
  /** With this one stored the NVE holds all it should. */
  readonly complete: boolean;
  /** The calls that it comes from, the newest last; for logs and traces only. Absent: none is known. */
  readonly traces?: readonly TraceContext[];
}

/** A delta that holds something it must not; it is answered with the error, nothing is stored. */
export interface BadDelta {
  readonly kind: 'bad_delta';
  readonly sequence: number;
  readonly complete: boolean;
  readonly error: NfvError;
}

/** The host profile that the NVA has for the NVE's host. */
export interface HostOffer {
  readonly kind: 'host_offer';
  readonly offer: OfferedProfile;
}

export type FromNva = Welcome | Delta | Query | HostOffer;
export type ReceivedFromNva = FromNva | BadDelta;

/**
 * The digest of a set of items: XOR of the first 8 bytes of SHA-256(key, 0, version) of each,
 * 16 hex digits. Independent of order, so that either end can keep it up as items change.
 */
export class Digest {
  #sum = 0n;

  /** Adds an item that is not in the set, or takes out one that is. */
  toggle(key: string, version: string): void {
    this.#sum ^= digestPart(key, version);
  }

  /** The same, with the item's part where it is known already. */
  toggleItem({ key, version, digestPart: known }: Omit<Item, 'payload' | 'dependsOn'>): void {
    this.#sum ^= known ?? digestPart(key, version);
  }

  /** Adds a set that has nothing in common with this one, or takes out a part of it. */
  toggleSet(other: Digest): void {
    this.#sum ^= other.#sum;
  }

  get text(): string {
    return this.#sum.toString(16).padStart(16, '0');
  }
}

/** What an item adds to a digest: 64 bits of a hash, which costs more than all else of the digest. */
export function digestPart(key: string, version: string): bigint {
  return BigInt(`0x${sha256(`${key}\0${version}`, 'hex').slice(0, 16)}`);
}
