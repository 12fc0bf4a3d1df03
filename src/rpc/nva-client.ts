/** NvaApi over the wire. */
import { NfvError } from '../errors.js';
import type {
  Call,
  NvaApi,
  ResourceApi,
  WaitAppliedRequest,
  WaitAppliedResult,
  WatchEvent,
  WatchRequest,
} from '../model/api.js';
import { NEW_ENDPOINT, type Endpoint, type EndpointSpec } from '../model/endpoint.js';
import {
  NEW_HOST_PROFILE,
  type HostProfileResource,
  type HostProfileSpec,
} from '../model/host-profile.js';
import type { ObservationApi } from '../model/api.js';
import type { TraceContext } from '../model/origin.js';
import { formatName, requireName } from '../model/names.js';
import { NEW_NVE, type Nve, type NveSpec } from '../model/nve.js';
import { NEW_ROUTER, type Router, type RouterSpec } from '../model/router.js';
import { NEW_SUBNET, type Subnet, type SubnetSpec } from '../model/subnet.js';
import {
  NEW_VIRTUAL_NETWORK,
  type VirtualNetwork,
  type VirtualNetworkSpec,
} from '../model/virtual-network.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../model/trace.js';
import { formatTarget, type Address } from './address.js';
import { ChangesClient } from './changes-client.js';
import { fromInteger } from './convert/common.js';
import { ENDPOINT } from './convert/endpoint.js';
import { HOST_PROFILE } from './convert/host-profile.js';
import { failureFromWire, NVE } from './convert/nve.js';
import { ROUTER } from './convert/router.js';
import { SUBNET } from './convert/subnet.js';
import { countersFromWire, traceFromWire } from './convert/trace.js';
import { VIRTUAL_NETWORK } from './convert/virtual-network.js';
import type { ListEndpointsResponse__Output } from './gen/nfv/v1/ListEndpointsResponse.js';
import type { ListHostProfilesResponse__Output } from './gen/nfv/v1/ListHostProfilesResponse.js';
import type { ListNvesResponse__Output } from './gen/nfv/v1/ListNvesResponse.js';
import type { ListRoutersResponse__Output } from './gen/nfv/v1/ListRoutersResponse.js';
import type { ListSubnetsResponse__Output } from './gen/nfv/v1/ListSubnetsResponse.js';
import type { ListVirtualNetworksResponse__Output } from './gen/nfv/v1/ListVirtualNetworksResponse.js';
import type { NvaServiceClient } from './gen/nfv/v1/NvaService.js';
import type { ReadCountersResponse__Output } from './gen/nfv/v1/ReadCountersResponse.js';
import type { TraceResponse__Output } from './gen/nfv/v1/TraceResponse.js';
import type { WaitAppliedResponse__Output } from './gen/nfv/v1/WaitAppliedResponse.js';
import type { WatchResponse__Output } from './gen/nfv/v1/WatchResponse.js';
import { loadProtos } from './load.js';
import { DuplicatesClient } from './duplicates-service.js';
import { MigrationClient } from './migration-service.js';
import { RESOURCE_KINDS } from './nva-service.js';
import { ObservationClient } from './observation-client.js';
import { received } from './received.js';
import { ResourceClient } from './resource-client.js';
import { StatusCodec } from './status.js';
import { readTls } from './tls-files.js';
import type { TlsFiles } from './tls-material.js';
import { CHANNEL_OPTIONS, credentialsToNva } from './tls.js';
import { Unary } from './unary.js';

export interface NvaClientOptions {
  readonly address: Address;
  readonly tls?: TlsFiles;
  /** How long a unary call may take, in milliseconds. WaitApplied takes its own timeout more. */
  readonly timeoutMs: number;
  /** The span that its calls are made in. */
  readonly trace?: TraceContext;
}

export class NvaClient implements NvaApi {
  readonly virtualNetworks: ResourceApi<VirtualNetworkSpec, VirtualNetwork>;
  readonly nves: ResourceApi<NveSpec, Nve>;
  readonly endpoints: ResourceApi<EndpointSpec, Endpoint>;
  readonly subnets: ResourceApi<SubnetSpec, Subnet>;
  readonly routers: ResourceApi<RouterSpec, Router>;
  readonly hostProfiles: ResourceApi<HostProfileSpec, HostProfileResource>;
  readonly changes: ChangesClient;
  readonly migrations: MigrationClient;
  readonly duplicates: DuplicatesClient;
  readonly observation: ObservationApi;
  readonly #client: NvaServiceClient;
  readonly #unary: Unary;

  /** Connects at the first call. @throws NfvError FILE_UNREADABLE */
  constructor(options: NvaClientOptions) {
    const { protos } = loadProtos();
    const target = formatTarget(options.address);
    this.#client = new protos.nfv.v1.NvaService(
      target,
      credentialsToNva(options.tls && readTls(options.tls)),
      {
        ...CHANNEL_OPTIONS,
      },
    );
    this.#unary = new Unary(new StatusCodec(protos), target, options.timeoutMs, options.trace);
    this.virtualNetworks = virtualNetworks(this.#client, this.#unary);
    this.nves = nves(this.#client, this.#unary);
    this.endpoints = endpoints(this.#client, this.#unary);
    this.subnets = subnets(this.#client, this.#unary);
    this.routers = routers(this.#client, this.#unary);
    this.hostProfiles = hostProfiles(this.#client, this.#unary);
    this.changes = new ChangesClient(this.#client, this.#unary);
    this.migrations = new MigrationClient(this.#client, this.#unary);
    this.duplicates = new DuplicatesClient(this.#client, this.#unary);
    this.observation = new ObservationClient(this.#client, this.#unary);
  }

  async *watch(request: WatchRequest, { signal }: Call): AsyncGenerator<WatchEvent> {
    const wire = {
      kinds: request.kinds.map((kind) => RESOURCE_KINDS.toWire(kind)),
      filter: request.filter,
      start_revision: request.startRevision,
    };
    const stream = this.#client.Watch(wire, this.#unary.metadata());
    for await (const message of received(stream, this.#unary, signal)) yield eventFromWire(message);
  }

  async waitApplied(request: WaitAppliedRequest, call: Call): Promise<WaitAppliedResult> {
    const seconds = Math.floor(request.timeoutMs / 1000);
    const nanos = Math.round((request.timeoutMs - seconds * 1000) * 1_000_000);
    const response = await this.#unary.call<WaitAppliedResponse__Output>(
      call,
      (...rest) =>
        this.#client.WaitApplied(
          { revision: request.revision, timeout: { seconds, nanos } },
          ...rest,
        ),
      request.timeoutMs,
    );
    return {
      applied: response.applied,
      revision: fromInteger('revision', response.revision),
      laggards: response.laggards.map((laggard) => ({
        nve: requireName('nves', laggard.nve),
        code: laggard.code,
        reason: laggard.reason,
        appliedRevision: fromInteger('applied_revision', laggard.applied_revision),
        failures: laggard.failures.map(failureFromWire),
      })),
    };
  }

  async trace({ from, to, reportedOnly }: TraceRequest, call: Call): Promise<TraceResult> {
    const request = {
      from: formatName('endpoints', from),
      to: formatName('endpoints', to),
      reported_only: reportedOnly,
    };
    const response = await this.#unary.call<TraceResponse__Output>(call, (...rest) =>
      this.#client.Trace(request, ...rest),
    );
    return traceFromWire(response);
  }

  async readCounters(
    endpoints: readonly string[],
    call: Call,
  ): Promise<readonly EndpointCounters[]> {
    const request = { endpoints: endpoints.map((id) => formatName('endpoints', id)) };
    const { counters } = await this.#unary.call<ReadCountersResponse__Output>(call, (...rest) =>
      this.#client.ReadCounters(request, ...rest),
    );
    return counters.map(countersFromWire);
  }

  close(): void {
    this.#client.close();
  }
}

function eventFromWire(wire: WatchResponse__Output): WatchEvent {
  const revision = fromInteger('revision', wire.revision);
  if (wire.type === 'TYPE_SYNCED') return { type: 'SYNCED', revision };
  const type = wire.type === 'TYPE_DELETED' ? 'DELETED' : 'PUT';
  if (wire.virtual_network) {
    return { type, revision, resource: VIRTUAL_NETWORK.fromWire(wire.virtual_network) };
  }
  if (wire.nve) return { type, revision, resource: NVE.fromWire(wire.nve) };
  if (wire.endpoint) return { type, revision, resource: ENDPOINT.fromWire(wire.endpoint) };
  if (wire.subnet) return { type, revision, resource: SUBNET.fromWire(wire.subnet) };
  if (wire.router) return { type, revision, resource: ROUTER.fromWire(wire.router) };
  if (wire.host_profile) {
    return { type, revision, resource: HOST_PROFILE.fromWire(wire.host_profile) };
  }
  throw new NfvError('PROTOCOL_VERSION', 'the NVA sent an event that this client does not know');
}

function virtualNetworks(
  client: NvaServiceClient,
  unary: Unary,
): ResourceApi<VirtualNetworkSpec, VirtualNetwork> {
  return new ResourceClient(
    VIRTUAL_NETWORK,
    NEW_VIRTUAL_NETWORK,
    {
      create:
        ({ id, resource, ...rest }) =>
        (...args) =>
          client.CreateVirtualNetwork(
            { ...rest, virtual_network_id: id, virtual_network: resource },
            ...args,
          ),
      get:
        (request) =>
        (...args) =>
          client.GetVirtualNetwork(request, ...args),
      list:
        (request) =>
        (...args) =>
          client.ListVirtualNetworks(request, ...args),
      page: (page: ListVirtualNetworksResponse__Output) => ({
        resources: page.virtual_networks,
        page,
      }),
      update:
        ({ resource, ...rest }) =>
        (...args) =>
          client.UpdateVirtualNetwork({ ...rest, virtual_network: resource }, ...args),
      delete:
        (request) =>
        (...args) =>
          client.DeleteVirtualNetwork(request, ...args),
    },
    unary,
  );
}

function nves(client: NvaServiceClient, unary: Unary): ResourceApi<NveSpec, Nve> {
  return new ResourceClient(
    NVE,
    NEW_NVE,
    {
      create:
        ({ id, resource, ...rest }) =>
        (...args) =>
          client.CreateNve({ ...rest, nve_id: id, nve: resource }, ...args),
      get:
        (request) =>
        (...args) =>
          client.GetNve(request, ...args),
      list:
        (request) =>
        (...args) =>
          client.ListNves(request, ...args),
      page: (page: ListNvesResponse__Output) => ({ resources: page.nves, page }),
      update:
        ({ resource, ...rest }) =>
        (...args) =>
          client.UpdateNve({ ...rest, nve: resource }, ...args),
      delete:
        (request) =>
        (...args) =>
          client.DeleteNve(request, ...args),
    },
    unary,
  );
}

function endpoints(client: NvaServiceClient, unary: Unary): ResourceApi<EndpointSpec, Endpoint> {
  return new ResourceClient(
    ENDPOINT,
    NEW_ENDPOINT,
    {
      create:
        ({ id, resource, ...rest }) =>
        (...args) =>
          client.CreateEndpoint({ ...rest, endpoint_id: id, endpoint: resource }, ...args),
      get:
        (request) =>
        (...args) =>
          client.GetEndpoint(request, ...args),
      list:
        (request) =>
        (...args) =>
          client.ListEndpoints(request, ...args),
      page: (page: ListEndpointsResponse__Output) => ({ resources: page.endpoints, page }),
      update:
        ({ resource, ...rest }) =>
        (...args) =>
          client.UpdateEndpoint({ ...rest, endpoint: resource }, ...args),
      delete:
        (request) =>
        (...args) =>
          client.DeleteEndpoint(request, ...args),
    },
    unary,
  );
}

function subnets(client: NvaServiceClient, unary: Unary): ResourceApi<SubnetSpec, Subnet> {
  return new ResourceClient(
    SUBNET,
    NEW_SUBNET,
    {
      create:
        ({ id, resource, ...rest }) =>
        (...args) =>
          client.CreateSubnet({ ...rest, subnet_id: id, subnet: resource }, ...args),
      get:
        (request) =>
        (...args) =>
          client.GetSubnet(request, ...args),
      list:
        (request) =>
        (...args) =>
          client.ListSubnets(request, ...args),
      page: (page: ListSubnetsResponse__Output) => ({ resources: page.subnets, page }),
      update:
        ({ resource, ...rest }) =>
        (...args) =>
          client.UpdateSubnet({ ...rest, subnet: resource }, ...args),
      delete:
        (request) =>
        (...args) =>
          client.DeleteSubnet(request, ...args),
    },
    unary,
  );
}

function routers(client: NvaServiceClient, unary: Unary): ResourceApi<RouterSpec, Router> {
  return new ResourceClient(
    ROUTER,
    NEW_ROUTER,
    {
      create:
        ({ id, resource, ...rest }) =>
        (...args) =>
          client.CreateRouter({ ...rest, router_id: id, router: resource }, ...args),
      get:
        (request) =>
        (...args) =>
          client.GetRouter(request, ...args),
      list:
        (request) =>
        (...args) =>
          client.ListRouters(request, ...args),
      page: (page: ListRoutersResponse__Output) => ({ resources: page.routers, page }),
      update:
        ({ resource, ...rest }) =>
        (...args) =>
          client.UpdateRouter({ ...rest, router: resource }, ...args),
      delete:
        (request) =>
        (...args) =>
          client.DeleteRouter(request, ...args),
    },
    unary,
  );
}

function hostProfiles(
  client: NvaServiceClient,
  unary: Unary,
): ResourceApi<HostProfileSpec, HostProfileResource> {
  return new ResourceClient(
    HOST_PROFILE,
    NEW_HOST_PROFILE,
    {
      create:
        ({ id, resource, ...rest }) =>
        (...args) =>
          client.CreateHostProfile(
            { ...rest, host_profile_id: id, host_profile: resource },
            ...args,
          ),
      get:
        (request) =>
        (...args) =>
          client.GetHostProfile(request, ...args),
      list:
        (request) =>
        (...args) =>
          client.ListHostProfiles(request, ...args),
      page: (page: ListHostProfilesResponse__Output) => ({ resources: page.host_profiles, page }),
      update:
        ({ resource, ...rest }) =>
        (...args) =>
          client.UpdateHostProfile({ ...rest, host_profile: resource }, ...args),
      delete:
        (request) =>
        (...args) =>
          client.DeleteHostProfile(request, ...args),
    },
    unary,
  );
}
