/** The northbound API for callers who may not all do the same. */
import { NfvError } from '../../errors.js';
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
} from '../../model/api.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../../model/trace.js';
import { GuardedNva } from './access.js';
import type { GuardableNva } from './guardable.js';
import { isUnlimited } from './rights.js';

/** Each call with the rights of its caller. A call without one is this process's own. */
export class GuardingNva implements NvaApi {
  readonly virtualNetworks: NvaApi['virtualNetworks'];
  readonly nves: NvaApi['nves'];
  readonly endpoints: NvaApi['endpoints'];
  readonly subnets: NvaApi['subnets'];
  readonly routers: NvaApi['routers'];
  readonly hostProfiles: NvaApi['hostProfiles'];
  /** It looks at each caller's rights by itself. */
  readonly changes: NvaApi['changes'];
  readonly migrations: NvaApi['migrations'];
  readonly duplicates: NvaApi['duplicates'];

  readonly observation: NvaApi['observation'];

  constructor(private readonly api: GuardableNva) {
    this.changes = api.changes;
    this.observation = {
      statistics: async (call) => await this.#for(call).observation.statistics(call),
      events: (request, call) => this.#for(call).observation.events(request, call),
    };
    this.virtualNetworks = new Dispatch((call) => this.#for(call).virtualNetworks);
    this.nves = new Dispatch((call) => this.#for(call).nves);
    this.endpoints = new Dispatch((call) => this.#for(call).endpoints);
    this.subnets = new Dispatch((call) => this.#for(call).subnets);
    this.routers = new Dispatch((call) => this.#for(call).routers);
    this.hostProfiles = new Dispatch((call) => this.#for(call).hostProfiles);
    this.duplicates = {
      clear: async (request, call) => await this.#for(call).duplicates.clear(request, call),
    };
    this.migrations = {
      migrate: async (request, call) => await this.#for(call).migrations.migrate(request, call),
      finish: async (request, call) => await this.#for(call).migrations.finish(request, call),
      cancel: async (request, call) => await this.#for(call).migrations.cancel(request, call),
    };
  }

  async *watch(request: WatchRequest, call: Call): AsyncGenerator<WatchEvent> {
    yield* this.#for(call).watch(request, call);
  }

  async waitApplied(request: WaitAppliedRequest, call: Call): Promise<WaitAppliedResult> {
    return await this.#for(call).waitApplied(request, call);
  }

  async trace(request: TraceRequest, call: Call): Promise<TraceResult> {
    return await this.#for(call).trace(request, call);
  }

  async readCounters(
    endpoints: readonly string[],
    call: Call,
  ): Promise<readonly EndpointCounters[]> {
    return await this.#for(call).readCounters(endpoints, call);
  }

  /** @throws NfvError ACCESS_DENIED for who may do nothing at all, and so not even ask */
  #for({ caller }: Call): NvaApi {
    if (caller === undefined || isUnlimited(caller)) return this.api;
    if (caller.grants.length > 0) return new GuardedNva(this.api, caller);
    throw new NfvError('ACCESS_DENIED', `${caller.who} has no rights here`);
  }
}

class Dispatch<Spec, R> implements ResourceApi<Spec, R> {
  constructor(private readonly apiFor: (call: Call) => ResourceApi<Spec, R>) {}

  async create(request: CreateRequest<Spec>, call: Call): Promise<R> {
    return await this.apiFor(call).create(request, call);
  }

  async get(id: string, call: Call): Promise<R> {
    return await this.apiFor(call).get(id, call);
  }

  async list(request: ListRequest, call: Call): Promise<ListResult<R>> {
    return await this.apiFor(call).list(request, call);
  }

  async update(request: UpdateRequest<Spec>, call: Call): Promise<R> {
    return await this.apiFor(call).update(request, call);
  }

  async delete(request: DeleteRequest, call: Call): Promise<void> {
    await this.apiFor(call).delete(request, call);
  }
}
