/**
 * The northbound API as one caller may use it. What belongs to another's tenant is, to who may not read
 * it, as if it did not exist.
 */
import { NfvError } from '../errors.js';
import type { Caller, Grant, Role } from '../model/access-policy.js';
import type {
  Call,
  CreateRequest,
  DeleteRequest,
  ListRequest,
  ListResult,
  NvaApi,
  Resource,
  ResourceApi,
  UpdateRequest,
  WaitAppliedRequest,
  WaitAppliedResult,
  WatchEvent,
  WatchRequest,
} from '../model/api.js';
import type { Endpoint, EndpointSpec } from '../model/endpoint.js';
import { formatName, type Collection } from '../model/names.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../model/trace.js';

/** Whose a resource is: a tenant, nobody (an NVE), or of one that there is no more. */
type Owner = { readonly tenant: string } | 'nobody' | 'unknown';

const WRITERS: readonly Role[] = ['admin', 'operator', 'tenant'];
/** Attempts to change what somebody else changes too. */
const MAX_ATTEMPTS = 5;

export function isUnlimited({ grants }: Caller): boolean {
  return grants.some(({ role, tenants }) => role === 'admin' && tenants === undefined);
}

/** What a caller may, in one place. */
class Rights {
  constructor(private readonly caller: Caller) {}

  reads(owner: Owner): boolean {
    return this.caller.grants.some((grant) => covers(grant, owner));
  }

  writes(owner: Owner): boolean {
    return this.#writing(owner).length > 0;
  }

  /** @throws NfvError ACCESS_DENIED for a kind of port that no grant for the tenant has */
  checkPort(owner: Owner, { port }: Pick<EndpointSpec, 'port'>): void {
    const allowed = this.#writing(owner).some(({ ports }) => ports?.has(port.kind) !== false);
    if (!allowed) throw this.denied(`give an endpoint a ${port.kind} port`);
  }

  denied(what: string): NfvError {
    return new NfvError('ACCESS_DENIED', `${this.caller.who} may not ${what}`);
  }

  #writing(owner: Owner): Grant[] {
    return this.caller.grants.filter(
      (grant) =>
        covers(grant, owner) &&
        (owner === 'nobody' ? grant.role === 'admin' : WRITERS.includes(grant.role)),
    );
  }
}

function covers({ tenants }: Grant, owner: Owner): boolean {
  if (tenants === undefined) return true;
  return typeof owner === 'object' && tenants.has(owner.tenant);
}

/** How the owner of a resource of one kind is found. */
interface Ownership<Spec> {
  readonly collection: Collection;
  ownerOf(spec: Spec, call: Call): Promise<Owner>;
  /** What else of a new or changed specification needs a right. */
  check(spec: Partial<Spec>, owner: Owner): void;
}

class GuardedResources<
  Spec extends object,
  R extends { readonly id: string; readonly spec: Spec },
> implements ResourceApi<Spec, R> {
  constructor(
    private readonly api: ResourceApi<Spec, R>,
    private readonly rights: Rights,
    private readonly of: Ownership<Spec>,
  ) {}

  async create(request: CreateRequest<Spec>, call: Call): Promise<R> {
    const owner = await this.of.ownerOf(request.spec, call);
    if (!this.rights.writes(owner)) throw this.#denied('create', owner);
    this.of.check(request.spec, owner);
    return this.api.create(request, call);
  }

  async get(id: string, call: Call): Promise<R> {
    const resource = await this.api.get(id, call);
    if (this.rights.reads(await this.of.ownerOf(resource.spec, call))) return resource;
    throw this.#absent(id);
  }

  async list(request: ListRequest, call: Call): Promise<ListResult<R>> {
    const page = await this.api.list(request, call);
    const resources: R[] = [];
    for (const resource of page.resources) {
      const owner = await this.of.ownerOf(resource.spec, call);
      if (this.rights.reads(owner)) resources.push(resource);
    }
    return { ...page, resources };
  }

  async update(request: UpdateRequest<Spec>, call: Call): Promise<R> {
    return this.#asItWas(request.id, request.etag, call, (etag, owner) => {
      this.of.check(request.changes, owner);
      return this.api.update({ ...request, etag }, call);
    });
  }

  async delete(request: DeleteRequest, call: Call): Promise<void> {
    try {
      await this.#asItWas(request.id, request.etag, call, (etag) =>
        this.api.delete({ ...request, etag }, call),
      );
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (error.code !== 'NOT_FOUND') throw error;
    }
  }

  /**
   * Changes just that resource whose owner was looked at: by then another one may have its name.
   * @throws NfvError ACCESS_DENIED, or NOT_FOUND for who may not even read it
   */
  async #asItWas<T>(
    id: string,
    etag: string,
    call: Call,
    change: (etag: string, owner: Owner) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const { spec, meta } = await this.#current(id, call);
      const owner = await this.of.ownerOf(spec, call);
      if (!this.rights.reads(owner)) throw this.#absent(id);
      if (!this.rights.writes(owner)) throw this.#denied('change', owner);
      try {
        return await change(etag === '' ? meta.etag : etag, owner);
      } catch (thrown) {
        const error = NfvError.from(thrown);
        const again = error.code === 'ETAG_MISMATCH' && etag === '' && attempt < MAX_ATTEMPTS;
        if (!again) throw error;
      }
    }
  }

  async #current(id: string, call: Call): Promise<R & Pick<Resource, 'meta'>> {
    const resource = await this.api.get(id, call);
    if (hasMeta(resource)) return resource;
    throw new NfvError('INTERNAL', `${formatName(this.of.collection, id)} has no etag`);
  }

  #absent(id: string): NfvError {
    return new NfvError('NOT_FOUND', `${formatName(this.of.collection, id)} does not exist`);
  }

  #denied(verb: string, owner: Owner): NfvError {
    const whose = typeof owner === 'object' ? ` of tenant ${owner.tenant}` : '';
    return this.rights.denied(`${verb} ${this.of.collection}${whose}`);
  }
}

function hasMeta<R extends object>(resource: R): resource is R & Pick<Resource, 'meta'> {
  return 'meta' in resource;
}

/** The API with the rights of one caller. */
export class GuardedNva implements NvaApi {
  readonly virtualNetworks: NvaApi['virtualNetworks'];
  readonly nves: NvaApi['nves'];
  readonly endpoints: NvaApi['endpoints'];
  readonly subnets: NvaApi['subnets'];
  readonly routers: NvaApi['routers'];
  readonly hostProfiles: NvaApi['hostProfiles'];
  readonly #rights: Rights;

  constructor(
    private readonly api: NvaApi,
    caller: Caller,
  ) {
    const rights = new Rights(caller);
    this.#rights = rights;
    const ofTenant = (spec: { readonly tenant: string }): Promise<Owner> =>
      Promise.resolve({ tenant: spec.tenant });
    const ofNetwork = (spec: { readonly network: string }, call: Call): Promise<Owner> =>
      this.#ownerOfNetwork(spec.network, call);
    const check = (): void => undefined;
    this.virtualNetworks = new GuardedResources(api.virtualNetworks, rights, {
      ...{ collection: 'virtualNetworks', ownerOf: ofTenant, check },
    });
    this.routers = new GuardedResources(api.routers, rights, {
      ...{ collection: 'routers', ownerOf: ofTenant, check },
    });
    this.nves = new GuardedResources(api.nves, rights, {
      ...{ collection: 'nves', ownerOf: () => Promise.resolve('nobody'), check },
    });
    this.hostProfiles = new GuardedResources(api.hostProfiles, rights, {
      ...{ collection: 'hostProfiles', ownerOf: () => Promise.resolve('nobody'), check },
    });
    this.subnets = new GuardedResources(api.subnets, rights, {
      ...{ collection: 'subnets', ownerOf: ofNetwork, check },
    });
    this.endpoints = new GuardedResources<EndpointSpec, Endpoint>(api.endpoints, rights, {
      ...{ collection: 'endpoints', ownerOf: ofNetwork },
      check(spec, owner) {
        if (spec.port !== undefined) rights.checkPort(owner, { port: spec.port });
      },
    });
  }

  async *watch(request: WatchRequest, call: Call): AsyncGenerator<WatchEvent> {
    // A network that goes is gone for what was in it too.
    const tenants = new Map<string, Owner>();
    for await (const event of this.api.watch(request, call)) {
      if (event.type === 'SYNCED') yield event;
      else if (this.#rights.reads(await this.#ownerOf(event.resource, tenants, call))) yield event;
    }
  }

  waitApplied(request: WaitAppliedRequest, call: Call): Promise<WaitAppliedResult> {
    return this.api.waitApplied(request, call);
  }

  async trace(request: TraceRequest, call: Call): Promise<TraceResult> {
    await this.endpoints.get(request.from, call);
    await this.endpoints.get(request.to, call);
    return this.api.trace(request, call);
  }

  async readCounters(
    endpoints: readonly string[],
    call: Call,
  ): Promise<readonly EndpointCounters[]> {
    for (const id of endpoints) await this.endpoints.get(id, call);
    return this.api.readCounters(endpoints, call);
  }

  async #ownerOf(resource: Resource, tenants: Map<string, Owner>, call: Call): Promise<Owner> {
    switch (resource.kind) {
      case 'VirtualNetwork':
        tenants.set(resource.id, { tenant: resource.spec.tenant });
        return { tenant: resource.spec.tenant };
      case 'Router':
        return { tenant: resource.spec.tenant };
      case 'Nve':
      case 'HostProfile':
        return 'nobody';
      case 'Endpoint':
      case 'Subnet': {
        const { network } = resource.spec;
        const owner = tenants.get(network) ?? (await this.#ownerOfNetwork(network, call));
        tenants.set(network, owner);
        return owner;
      }
    }
  }

  /** That there is no such network is told by who looks for it next. */
  async #ownerOfNetwork(id: string, call: Call): Promise<Owner> {
    try {
      return { tenant: (await this.api.virtualNetworks.get(id, call)).spec.tenant };
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (error.code === 'NOT_FOUND') return 'unknown';
      throw error;
    }
  }
}
