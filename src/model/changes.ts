/** Changes of many resources at once, what they would do, and those that were made. */
import type { Endpoint } from './endpoint.js';
import type { HostProfileResource } from './host-profile.js';
import type { ItemKind } from './item.js';
import { formatName, type Collection } from './names.js';
import type { Nve } from './nve.js';
import type { Router } from './router.js';
import type { Subnet } from './subnet.js';
import type { VirtualNetwork } from './virtual-network.js';

/** A resource as far as a user says what it is like. */
export type Specified =
  | Pick<VirtualNetwork, 'kind' | 'id' | 'spec'>
  | Pick<Nve, 'kind' | 'id' | 'spec'>
  | Pick<Subnet, 'kind' | 'id' | 'spec'>
  | Pick<Router, 'kind' | 'id' | 'spec'>
  | Pick<Endpoint, 'kind' | 'id' | 'spec'>
  | Pick<HostProfileResource, 'kind' | 'id' | 'spec'>;

export type Kind = Specified['kind'];

export const COLLECTION_OF = {
  VirtualNetwork: 'virtualNetworks',
  Nve: 'nves',
  Subnet: 'subnets',
  Router: 'routers',
  Endpoint: 'endpoints',
  HostProfile: 'hostProfiles',
} as const satisfies Record<Kind, Collection>;

export const KIND_OF = {
  virtualNetworks: 'VirtualNetwork',
  nves: 'Nve',
  subnets: 'Subnet',
  routers: 'Router',
  endpoints: 'Endpoint',
  hostProfiles: 'HostProfile',
} as const satisfies Record<Collection, Kind>;

/** One wish: a resource is to be like this, or not to be. */
export type Wanted = (
  { readonly put: Specified } | { readonly delete: { readonly kind: Kind; readonly id: string } }
) & {
  /** Empty: whatever the current one is. */
  readonly etag: string;
};

/** `endpoints/web`. */
export function nameOfWanted(wanted: Wanted): string {
  const { kind, id } = 'put' in wanted ? wanted.put : wanted.delete;
  return formatName(COLLECTION_OF[kind], id);
}

/** Resources in one plan. */
export const MAX_WANTED = 10_000;

export type PlanRequest =
  | { readonly wanted: readonly Wanted[] }
  /** Everything that the caller may change is to be as it was at this revision. */
  | { readonly rollbackTo: number };

export const RESOURCE_VERBS = ['CREATE', 'UPDATE', 'REPLACE', 'DELETE'] as const;
/** REPLACE: deleted and created anew in one step, because a field differs that cannot be changed. */
export type ResourceVerb = (typeof RESOURCE_VERBS)[number];

/** What becomes of one resource, allocations made. */
export interface ResourceChange {
  readonly verb: ResourceVerb;
  readonly kind: Kind;
  readonly id: string;
  readonly before?: Specified;
  readonly after?: Specified;
}

/** Items of one NVE that a plan shows; there may be more. */
export const MAX_SHOWN_ITEMS = 100;
/** NVEs that a plan shows. */
export const MAX_SHOWN_NVES = 1000;
/** Items that a plan shows of all NVEs together. */
export const MAX_SHOWN_TOTAL = 10_000;

export const ITEM_ACTIONS = ['ADD', 'CHANGE', 'REMOVE'] as const;
export type ItemAction = (typeof ITEM_ACTIONS)[number];

export interface PlannedItem {
  readonly key: string;
  readonly kind: ItemKind;
  readonly action: ItemAction;
}

/** What one NVE would be sent. */
export interface NveEffect {
  readonly nve: string;
  readonly upserts: number;
  readonly removes: number;
  /** The first of them, in order of the keys; none for who may not read NVEs. */
  readonly items: readonly PlannedItem[];
}

export interface Plan {
  /** Names the effect: two plans with the same hash do the same. */
  readonly hash: string;
  /** What it was made from. */
  readonly revision: number;
  /** In the order in which they would be made; none: there is nothing to do. */
  readonly changes: readonly ResourceChange[];
  /** In order of the ids. */
  readonly nves: readonly NveEffect[];
  /** How many NVEs there are in all. */
  readonly nveCount: number;
}

export interface ApplyRequest {
  /** What the plan was made of. */
  readonly plan: PlanRequest;
  readonly hash: string;
  /** UUID of AIP-155; empty: none. */
  readonly requestId: string;
  /** Milliseconds; 0: it needs no confirmation. */
  readonly confirmWithinMs: number;
}

export const MIN_CONFIRM_MS = 1000;
export const MAX_CONFIRM_MS = 24 * 3_600_000;

export interface Applied {
  /** The change's; the current one if there was nothing to do. */
  readonly revision: number;
  readonly changes: readonly ResourceChange[];
  /** RFC 3339; empty: it needs no confirmation. */
  readonly confirmBefore: string;
}

export const CHANGE_VERBS = [
  'CREATE',
  'UPDATE',
  'DELETE',
  'APPLY',
  'ROLLBACK',
  'CONFIRM',
  'UNDO',
] as const;
export type ChangeVerb = (typeof CHANGE_VERBS)[number];

/** Something that was changed. */
export interface Change {
  /** `REVISION`, or `REVISION-N` where a copied store has several at one revision. */
  readonly id: string;
  readonly revision: number;
  readonly time: string;
  readonly who: string;
  readonly verb: ChangeVerb;
  /** The revision that was gone back to, confirmed or undone; 0: of none. */
  readonly target: number;
  readonly changes: readonly ResourceChange[];
  /** RFC 3339: when it is undone unless it is confirmed; empty: it is not waiting. */
  readonly confirmBefore: string;
}

export interface ListChangesRequest {
  /** 1-1000; 0: 100. */
  readonly pageSize: number;
  readonly pageToken: string;
  /** AIP-160: revision, time, who, verb, names, pending; empty: all. */
  readonly filter: string;
}

export interface ListChangesResult {
  /** The newest first. */
  readonly changes: readonly Change[];
  readonly nextPageToken: string;
  /** The revision that all pages show. */
  readonly revision: number;
  /** What was before cannot be told, nor gone back to. */
  readonly oldestRevision: number;
}

export interface ConfirmRequest {
  /** Of the change; 0: the only one that the caller has waiting. */
  readonly revision: number;
  /** Undo it now instead. */
  readonly undo: boolean;
}
