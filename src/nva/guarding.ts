/** The northbound API for callers who may not all do the same. */
import type {
  Call,
  CreateRequest,
  DeleteRequest,
  ListRequest,
  ListResult,
  NvaApi,
  ResourceApi,
  UpdateRequest,
  WaitAppliedRequest,
  WaitAppliedResult,
  WatchEvent,
  WatchRequest,
} from '../model/api.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../model/trace.js';
import { GuardedNva, isUnlimited } from './access.js';

/** Each call with the rights of its caller. A call without one is this process's own. */
export class GuardingNva implements NvaApi {
  readonly virtualNetworks: NvaApi['virtualNetworks'];
  readonly nves: NvaApi['nves'];
  readonly endpoints: NvaApi['endpoints'];
  readonly subnets: NvaApi['subnets'];
  readonly routers: NvaApi['routers'];
  readonly hostProfiles: NvaApi['hostProfiles'];

  constructor(private readonly api: NvaApi) {
    this.virtualNetworks = new Dispatch((call) => this.#for(call).virtualNetworks);
    this.nves = new Dispatch((call) => this.#for(call).nves);
    this.endpoints = new Dispatch((call) => this.#for(call).endpoints);
    this.subnets = new Dispatch((call) => this.#for(call).subnets);
    this.routers = new Dispatch((call) => this.#for(call).routers);
    this.hostProfiles = new Dispatch((call) => this.#for(call).hostProfiles);
  }

  watch(request: WatchRequest, call: Call): AsyncIterable<WatchEvent> {
    return this.#for(call).watch(request, call);
  }

  waitApplied(request: WaitAppliedRequest, call: Call): Promise<WaitAppliedResult> {
    return this.#for(call).waitApplied(request, call);
  }

  trace(request: TraceRequest, call: Call): Promise<TraceResult> {
    return this.#for(call).trace(request, call);
  }

  readCounters(endpoints: readonly string[], call: Call): Promise<readonly EndpointCounters[]> {
    return this.#for(call).readCounters(endpoints, call);
  }

  #for({ caller }: Call): NvaApi {
    return caller === undefined || isUnlimited(caller)
      ? this.api
      : new GuardedNva(this.api, caller);
  }
}

class Dispatch<Spec, R> implements ResourceApi<Spec, R> {
  constructor(private readonly apiFor: (call: Call) => ResourceApi<Spec, R>) {}

  create(request: CreateRequest<Spec>, call: Call): Promise<R> {
    return this.apiFor(call).create(request, call);
  }

  get(id: string, call: Call): Promise<R> {
    return this.apiFor(call).get(id, call);
  }

  list(request: ListRequest, call: Call): Promise<ListResult<R>> {
    return this.apiFor(call).list(request, call);
  }

  update(request: UpdateRequest<Spec>, call: Call): Promise<R> {
    return this.apiFor(call).update(request, call);
  }

  delete(request: DeleteRequest, call: Call): Promise<void> {
    return this.apiFor(call).delete(request, call);
  }
}
