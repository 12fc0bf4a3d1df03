/**
 * The northbound API in domain terms. The NVA implements it; over the wire, the client of
 * `rpc/nva-client` is another implementation: what holds of one holds of the other.
 */
import type { Caller } from './access-policy.js';
import type {
  Applied,
  ApplyRequest,
  Change,
  ConfirmRequest,
  ListChangesRequest,
  ListChangesResult,
  Plan,
  PlanRequest,
} from './changes.js';
import type { Endpoint, EndpointSpec } from './endpoint.js';
import type { HostProfileResource, HostProfileSpec } from './host-profile.js';
import type { ClearDuplicatesRequest } from './duplicates.js';
import type { CancelRequest, FinishRequest, MigrateRequest } from './migration-requests.js';
import type { ItemFailure, Nve, NveSpec } from './nve.js';
import type { EventsRequest, NvaEvent, NvaStatistics } from './observation.js';
import type { Origin } from './origin.js';
import type { Router, RouterSpec } from './router.js';
import type { Subnet, SubnetSpec } from './subnet.js';
import type { EndpointCounters, TraceRequest, TraceResult } from './trace.js';
import type { VirtualNetwork, VirtualNetworkSpec } from './virtual-network.js';

/** Who calls, and how long the answer is waited for. */
export interface Call {
  /** Aborts when the caller has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Absent: somebody who may do all. */
  readonly caller?: Caller;
  /** Absent: nobody's call. */
  readonly origin?: Origin;
  /** When the caller will have stopped waiting, in milliseconds since 1970. Absent: it has not said. */
  readonly deadline?: number;
}

export interface CreateRequest<Spec> {
  readonly id: string;
  readonly spec: Spec;
  /** UUID of AIP-155; empty: none. */
  readonly requestId: string;
  readonly validateOnly: boolean;
}

export interface ListRequest {
  /** 1-1000; 0: 100. */
  readonly pageSize: number;
  readonly pageToken: string;
  /** AIP-160; empty: all. */
  readonly filter: string;
}

export interface ListResult<Resource> {
  /** Ordered by id. */
  readonly resources: readonly Resource[];
  /** Empty: the last page. */
  readonly nextPageToken: string;
  /** The revision that all pages show. */
  readonly revision: number;
}

export interface UpdateRequest<Spec> {
  readonly id: string;
  /** The fields to change, and to what. */
  readonly changes: Partial<Spec>;
  /** Empty: whatever the current one is. */
  readonly etag: string;
  readonly validateOnly: boolean;
}

export interface DeleteRequest {
  readonly id: string;
  /** Empty: whatever the current one is. */
  readonly etag: string;
  readonly validateOnly: boolean;
}

/** The standard methods (AIP-131 to 135) on one collection. Every error is an NfvError. */
export interface ResourceApi<Spec, Resource> {
  /** @throws ALREADY_EXISTS, INVALID_FIELD, REQUEST_ID_REUSED and those of the resource. */
  create(request: CreateRequest<Spec>, call: Call): Promise<Resource>;
  /** @throws NOT_FOUND */
  get(id: string, call: Call): Promise<Resource>;
  list(request: ListRequest, call: Call): Promise<ListResult<Resource>>;
  /** @throws NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD and those of the resource. */
  update(request: UpdateRequest<Spec>, call: Call): Promise<Resource>;
  /** Success also when there is nothing to delete. @throws RESOURCE_IN_USE, ETAG_MISMATCH */
  delete(request: DeleteRequest, call: Call): Promise<void>;
}

export type Resource = VirtualNetwork | Nve | Endpoint | Subnet | Router | HostProfileResource;
export type ResourceKind = Resource['kind'];

export interface WatchRequest {
  /** Empty: all. */
  readonly kinds: readonly ResourceKind[];
  readonly filter: string;
  /** Changes after this revision; 0: a snapshot first. */
  readonly startRevision: number;
}

export type WatchEvent =
  | { readonly type: 'PUT' | 'DELETED'; readonly revision: number; readonly resource: Resource }
  | { readonly type: 'SYNCED'; readonly revision: number };

export interface WaitAppliedRequest {
  /** 0: the latest. */
  readonly revision: number;
  /** Milliseconds, at most 10 minutes. */
  readonly timeoutMs: number;
}

/** An NVE that has not applied all it should. */
export interface Laggard {
  readonly nve: string;
  /** NVE_DISCONNECTED, NVE_PENDING, that of the first failed item, or why its dataplane does not answer. */
  readonly code: string;
  readonly reason: string;
  readonly appliedRevision: number;
  readonly failures: readonly ItemFailure[];
}

export interface WaitAppliedResult {
  readonly applied: boolean;
  readonly revision: number;
  /** Ordered by NVE. */
  readonly laggards: readonly Laggard[];
}

/** Changes of many resources at once, and the history of all. Every error is an NfvError. */
export interface ChangesApi {
  /** Writes nothing. @throws INVALID_FIELD and those of the resources, all at once; REVISION_COMPACTED */
  plan(request: PlanRequest, call: Call): Promise<Plan>;
  /** All or nothing. @throws PLAN_CHANGED, PLAN_TOO_LARGE, CONFIRMATION_PENDING, REQUEST_ID_REUSED */
  apply(request: ApplyRequest, call: Call): Promise<Applied>;
  /** @returns the revision of the confirmation, or of the undoing. @throws NOT_FOUND */
  confirm(request: ConfirmRequest, call: Call): Promise<{ readonly revision: number }>;
  /** @throws INVALID_FILTER, INVALID_PAGE_TOKEN */
  list(request: ListChangesRequest, call: Call): Promise<ListChangesResult>;
  /** @throws NOT_FOUND, REVISION_COMPACTED */
  get(id: string, call: Call): Promise<Change>;
}

export interface MigrationApi {
  /**
   * @throws NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD, REQUEST_ID_REUSED, ENDPOINT_MIGRATING,
   *   REFERENCE_NOT_FOUND, NVE_LACKS_CAPABILITY, PORT_IN_USE
   */
  migrate(request: MigrateRequest, call: Call): Promise<Endpoint>;
  /** @throws NOT_FOUND, ETAG_MISMATCH, NO_MIGRATION */
  finish(request: FinishRequest, call: Call): Promise<Endpoint>;
  /** @throws NOT_FOUND, ETAG_MISMATCH, NO_MIGRATION */
  cancel(request: CancelRequest, call: Call): Promise<Endpoint>;
}

export interface DuplicatesApi {
  /** What is not frozen is no error. @throws NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD */
  clear(request: ClearDuplicatesRequest, call: Call): Promise<VirtualNetwork>;
}

export interface ObservationApi {
  /** @throws ACCESS_DENIED */
  statistics(call: Call): Promise<NvaStatistics>;
  /** The newest 10,000 of this replica, the oldest first. Ends without an error when the call's signal aborts. */
  events(request: EventsRequest, call: Call): AsyncIterable<NvaEvent>;
}

export interface NvaApi {
  readonly observation: ObservationApi;
  readonly virtualNetworks: ResourceApi<VirtualNetworkSpec, VirtualNetwork>;
  readonly nves: ResourceApi<NveSpec, Nve>;
  readonly endpoints: ResourceApi<EndpointSpec, Endpoint>;
  readonly subnets: ResourceApi<SubnetSpec, Subnet>;
  readonly routers: ResourceApi<RouterSpec, Router>;
  readonly hostProfiles: ResourceApi<HostProfileSpec, HostProfileResource>;
  readonly changes: ChangesApi;
  readonly migrations: MigrationApi;
  readonly duplicates: DuplicatesApi;
  /**
   * Ends without an error when the call's signal aborts.
   * @throws REVISION_COMPACTED, REVISION_IN_FUTURE, INVALID_FILTER
   */
  watch(request: WatchRequest, call: Call): AsyncIterable<WatchEvent>;
  /** Lagging NVEs are an answer, not an error. @throws REVISION_IN_FUTURE */
  waitApplied(request: WaitAppliedRequest, call: Call): Promise<WaitAppliedResult>;
  /** A broken way is an answer, not an error. @throws NOT_FOUND */
  trace(request: TraceRequest, call: Call): Promise<TraceResult>;
  /**
   * Of 1-1,000 endpoints, in their order; an NVE that cannot tell is an answer.
   * @throws NOT_FOUND, INVALID_FIELD
   */
  readCounters(endpoints: readonly string[], call: Call): Promise<readonly EndpointCounters[]>;
}
