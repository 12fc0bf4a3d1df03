/**
 * The northbound API as one caller may use it. What belongs to another's tenant is, to who may not read
 * it, as if it did not exist.
 */
import { NfvError } from '../../errors.js';
import type { Caller } from '../../model/access-policy.js';
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
} from '../../model/api.js';
import { endpointSubnets, type Endpoint, type EndpointSpec } from '../../model/endpoint.js';
import { formatName, type Collection } from '../../model/names.js';
import { subnetsNamed } from '../../model/router.js';
import type { NamedSubnet } from '../../model/subnet.js';
import {
  MAX_COUNTED,
  type EndpointCounters,
  type TraceRequest,
  type TraceResult,
} from '../../model/trace.js';
import type { VirtualNetwork, VirtualNetworkSpec } from '../../model/virtual-network.js';
import { notFound } from '../resources/references.js';
import type { GuardableNva, GuardableResources } from './guardable.js';
import { guardedMigrations } from './guarded-migrations.js';
import { GuardedObservation } from './guarded-observation.js';
import { GuardedWatch } from './guarded-watch.js';
import { PastOwners } from './past-owners.js';
import { Rights, type Owner } from './rights.js';

/** Attempts to change what somebody else changes too. */
const MAX_ATTEMPTS = 5;

/** How the owner of a resource of one kind is found. */
interface Ownership<Spec> {
  readonly collection: Collection;
  /** @param revision as it was then: what it belonged to may be another's by now; undefined: as it is */
  ownerOf(spec: Spec, call: Call, revision?: number): Promise<Owner>;
  /** What else of a new or changed specification needs a right. */
  check?(spec: Partial<Spec>, owner: Owner, call: Call): Promise<void>;
  /** What a new one would belong to cannot be read: as if it did not exist. */
  absentOwner?(spec: Spec): NfvError;
}

class GuardedResources<
  Spec extends object,
  R extends { readonly id: string; readonly spec: Spec },
> implements ResourceApi<Spec, R> {
  constructor(
    private readonly api: GuardableResources<Spec, R>,
    private readonly rights: Rights,
    private readonly of: Ownership<Spec>,
  ) {}

  async create(request: CreateRequest<Spec>, call: Call): Promise<R> {
    const owner = await this.of.ownerOf(request.spec, call);
    if (!this.rights.reads(owner) && this.of.absentOwner !== undefined) {
      throw this.of.absentOwner(request.spec);
    }
    if (!this.rights.writes(owner)) throw this.#denied('create', owner);
    await this.of.check?.(request.spec, owner, call);
    return this.api.create(request, call);
  }

  async get(id: string, call: Call): Promise<R> {
    const resource = await this.api.get(id, call);
    if (this.rights.reads(await this.of.ownerOf(resource.spec, call))) return resource;
    throw this.#absent(id);
  }

  async list(request: ListRequest, call: Call): Promise<ListResult<R>> {
    if (this.rights.readsAll) return this.api.list(request, call);
    const mayRead = async (spec: Spec, revision: number): Promise<boolean> =>
      this.rights.reads(await this.of.ownerOf(spec, call, revision));
    return this.api.listReadable(request, mayRead, call);
  }

  async update(request: UpdateRequest<Spec>, call: Call): Promise<R> {
    return this.asItWas(request.id, request.etag, call, async (etag, owner) => {
      await this.of.check?.(request.changes, owner, call);
      return this.api.update({ ...request, etag }, call);
    });
  }

  async delete(request: DeleteRequest, call: Call): Promise<void> {
    try {
      await this.asItWas(request.id, request.etag, call, (etag) =>
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
  async asItWas<T>(
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
  /** It looks at each caller's rights by itself. */
  readonly changes: NvaApi['changes'];
  readonly migrations: NvaApi['migrations'];
  readonly duplicates: NvaApi['duplicates'];
  readonly observation: NvaApi['observation'];
  readonly #rights: Rights;
  readonly #past: PastOwners;

  constructor(
    private readonly api: GuardableNva,
    caller: Caller,
  ) {
    const rights = new Rights(caller);
    this.#rights = rights;
    this.#past = new PastOwners(api.virtualNetworks);
    this.changes = api.changes;
    this.observation = new GuardedObservation(api.observation, rights);
    const ofTenant = (spec: { readonly tenant: string }): Promise<Owner> =>
      Promise.resolve({ tenant: spec.tenant });
    const ofNetwork: Ownership<{ readonly network: string }>['ownerOf'] = ({ network }, ...when) =>
      this.#ownerOfNetwork(network, ...when);
    const networks = new GuardedResources<VirtualNetworkSpec, VirtualNetwork>(
      api.virtualNetworks,
      rights,
      {
        ...{ collection: 'virtualNetworks', ownerOf: ofTenant },
        check({ provider }, owner) {
          if (provider !== undefined) rights.checkProvider(owner);
          return Promise.resolve();
        },
      },
    );
    this.virtualNetworks = networks;
    this.duplicates = {
      clear: (request, call) =>
        networks.asItWas(request.id, request.etag, call, (etag) =>
          api.duplicates.clear({ ...request, etag }, call),
        ),
    };
    this.routers = new GuardedResources(api.routers, rights, {
      ...{ collection: 'routers', ownerOf: ofTenant },
      check: async (spec, _owner, call) => {
        // A router joins networks: who writes it has to write each of them.
        for (const { id, owner } of await this.#subnetsRead(subnetsNamed(spec), call)) {
          rights.checkRouting(id, owner);
        }
      },
    });
    this.nves = new GuardedResources(api.nves, rights, {
      ...{ collection: 'nves', ownerOf: () => Promise.resolve('nobody') },
    });
    this.hostProfiles = new GuardedResources(api.hostProfiles, rights, {
      ...{ collection: 'hostProfiles', ownerOf: () => Promise.resolve('nobody') },
    });
    this.subnets = new GuardedResources(api.subnets, rights, {
      ...{ collection: 'subnets', ownerOf: ofNetwork },
      absentOwner: ({ network }) => notFound('subnet.network', 'virtualNetworks', network),
    });
    const endpoints = new GuardedResources<EndpointSpec, Endpoint>(api.endpoints, rights, {
      ...{ collection: 'endpoints', ownerOf: ofNetwork },
      absentOwner: ({ network }) => notFound('endpoint.network', 'virtualNetworks', network),
      check: async ({ port, subnets = [] }, owner, call) => {
        if (port !== undefined) rights.checkPort(owner, { port });
        await this.#subnetsRead(endpointSubnets(subnets), call);
      },
    });
    this.endpoints = endpoints;
    this.migrations = guardedMigrations(api.migrations, rights, endpoints);
  }

  async *watch(request: WatchRequest, call: Call): AsyncGenerator<WatchEvent> {
    if (this.#rights.readsAll) {
      yield* this.api.watch(request, call);
      return;
    }
    const guard = new GuardedWatch(this.#rights, this.api, request);
    for await (const batch of this.api.watchBatches(request, call)) yield* guard.told(batch);
  }

  /** Who may not read NVEs is told which ones lag, as endpoints name them, and no more. */
  async waitApplied(request: WaitAppliedRequest, call: Call): Promise<WaitAppliedResult> {
    const result = await this.api.waitApplied(request, call);
    if (this.#rights.reads('nobody')) return result;
    const reason = 'it has not applied all it should';
    const laggards = result.laggards.map((each) => ({ ...each, reason, failures: [] }));
    return { ...result, laggards };
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
    // Of more the API itself will have none.
    for (const id of endpoints.slice(0, MAX_COUNTED)) {
      call.signal.throwIfAborted();
      await this.endpoints.get(id, call);
    }
    return this.api.readCounters(endpoints, call);
  }

  /**
   * Whose the subnets are that are named. One that may not be read, and one that there is not, are refused alike, and
   * before anything else is: nobody learns by another fault which of the two it is.
   * @throws NfvError REFERENCE_NOT_FOUND
   */
  async #subnetsRead(
    named: readonly NamedSubnet[],
    call: Call,
  ): Promise<{ readonly id: string; readonly owner: Owner }[]> {
    const owners = [];
    for (const { field, id } of named) {
      const subnet = await found(this.api.subnets.get(id, call));
      const owner = subnet ? await this.#ownerOfNetwork(subnet.spec.network, call) : 'unknown';
      if (!this.#rights.reads(owner)) throw notFound(field, 'subnets', id);
      owners.push({ id, owner });
    }
    return owners;
  }

  /** That there is no such network is told by who looks for it next. */
  async #ownerOfNetwork(id: string, call: Call, revision?: number): Promise<Owner> {
    if (revision !== undefined) return this.#past.ofNetwork(id, revision);
    const network = await this.#network(id, call);
    return network === undefined ? 'unknown' : { tenant: network.spec.tenant };
  }

  #network(id: string, call: Call): Promise<VirtualNetwork | undefined> {
    return found(this.api.virtualNetworks.get(id, call));
  }
}

async function found<R>(resource: Promise<R>): Promise<R | undefined> {
  try {
    return await resource;
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
