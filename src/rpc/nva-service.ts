/** NvaApi as the handlers of nfv.v1.NvaService. */
import { NfvError, invalidField } from '../errors.js';
import type {
  CreateRequest,
  DeleteRequest,
  ListRequest,
  ListResult,
  NvaApi,
  ResourceKind,
  UpdateRequest,
  WatchEvent,
  WatchRequest,
} from '../model/api.js';
import { requireName, type Collection } from '../model/names.js';
import { changesHandlers } from './changes-service.js';
import {
  EnumTable,
  fieldsToChange,
  fromInteger,
  pick,
  type WireRequest,
} from './convert/common.js';
import { ENDPOINT } from './convert/endpoint.js';
import { HOST_PROFILE } from './convert/host-profile.js';
import { failureToWire, NVE } from './convert/nve.js';
import { ROUTER } from './convert/router.js';
import { SUBNET } from './convert/subnet.js';
import { countersToWire, traceToWire } from './convert/trace.js';
import { VIRTUAL_NETWORK } from './convert/virtual-network.js';
import type { NvaServiceHandlers } from './gen/nfv/v1/NvaService.js';
import type { WatchRequest__Output } from './gen/nfv/v1/WatchRequest.js';
import type { WatchResponse } from './gen/nfv/v1/WatchResponse.js';
import type { HandlerFactory } from './handlers.js';
import { duplicatesHandlers } from './duplicates-service.js';
import { migrationHandlers } from './migration-service.js';
import { observationHandlers } from './observation-service.js';

export const RESOURCE_KINDS = new EnumTable<
  ResourceKind,
  | 'RESOURCE_KIND_VIRTUAL_NETWORK'
  | 'RESOURCE_KIND_NVE'
  | 'RESOURCE_KIND_ENDPOINT'
  | 'RESOURCE_KIND_HOST_PROFILE'
  | 'RESOURCE_KIND_SUBNET'
  | 'RESOURCE_KIND_ROUTER'
>(['VirtualNetwork', 'Nve', 'Endpoint', 'HostProfile', 'Subnet', 'Router'], {
  VirtualNetwork: 'RESOURCE_KIND_VIRTUAL_NETWORK',
  Nve: 'RESOURCE_KIND_NVE',
  Endpoint: 'RESOURCE_KIND_ENDPOINT',
  HostProfile: 'RESOURCE_KIND_HOST_PROFILE',
  Subnet: 'RESOURCE_KIND_SUBNET',
  Router: 'RESOURCE_KIND_ROUTER',
});

const MAX_TIMEOUT_MS = 600_000;

export function nvaServiceHandlers(api: NvaApi, make: HandlerFactory): NvaServiceHandlers {
  return {
    ...virtualNetworkHandlers(api, make),
    ...nveHandlers(api, make),
    ...endpointHandlers(api, make),
    ...subnetHandlers(api, make),
    ...routerHandlers(api, make),
    ...hostProfileHandlers(api, make),
    ...changesHandlers(api.changes, make),
    ...migrationHandlers(api.migrations, make),
    ...duplicatesHandlers(api.duplicates, make),
    ...observationHandlers(api.observation, make),
    Watch: make.serverStream(async function* (request, call) {
      for await (const event of api.watch(watchFromWire(request), call)) yield eventToWire(event);
    }),
    Trace: make.unary(async (r, call) =>
      traceToWire(
        await api.trace(
          {
            from: requireName('endpoints', r.from),
            to: requireName('endpoints', r.to),
            reportedOnly: r.reported_only,
          },
          call,
        ),
      ),
    ),
    ReadCounters: make.unary(async (r, call) => {
      const ids = r.endpoints.map((name) => requireName('endpoints', name));
      return { counters: (await api.readCounters(ids, call)).map(countersToWire) };
    }),
    WaitApplied: make.unary(async (request, call) => {
      const result = await api.waitApplied(
        {
          revision: fromInteger('revision', request.revision),
          timeoutMs: timeoutFromWire(request.timeout),
        },
        call,
      );
      return {
        applied: result.applied,
        revision: result.revision,
        laggards: result.laggards.map((laggard) => ({
          nve: `nves/${laggard.nve}`,
          code: laggard.code,
          reason: laggard.reason,
          applied_revision: laggard.appliedRevision,
          failures: laggard.failures.map(failureToWire),
        })),
      };
    }),
  };
}

type Methods<One extends string, Many extends string> = {
  readonly [
    M in `${'Create' | 'Get' | 'Update' | 'Delete'}${One}` | `List${Many}`
  ]: NvaServiceHandlers[M];
};

function virtualNetworkHandlers(
  { virtualNetworks: api }: NvaApi,
  make: HandlerFactory,
): Methods<'VirtualNetwork', 'VirtualNetworks'> {
  return {
    CreateVirtualNetwork: make.unary(async (r, call) => {
      const wire = required('virtual_network', r.virtual_network);
      return VIRTUAL_NETWORK.toWire(
        await api.create(createFromWire(VIRTUAL_NETWORK, r.virtual_network_id, wire, r), call),
      );
    }),
    GetVirtualNetwork: make.unary(async (r, call) =>
      VIRTUAL_NETWORK.toWire(await api.get(requireName(VIRTUAL_NETWORK.collection, r.name), call)),
    ),
    ListVirtualNetworks: make.unary(async (r, call) => {
      const page = await api.list(listFromWire(r), call);
      return { virtual_networks: page.resources.map(VIRTUAL_NETWORK.toWire), ...pageToWire(page) };
    }),
    UpdateVirtualNetwork: make.unary(async (r, call) => {
      const wire = required('virtual_network', r.virtual_network);
      return VIRTUAL_NETWORK.toWire(
        await api.update(updateFromWire(VIRTUAL_NETWORK, wire, r), call),
      );
    }),
    DeleteVirtualNetwork: make.unary(async (r, call) => {
      await api.delete(deleteFromWire(VIRTUAL_NETWORK.collection, r), call);
      return {};
    }),
  };
}

function nveHandlers({ nves: api }: NvaApi, make: HandlerFactory): Methods<'Nve', 'Nves'> {
  return {
    CreateNve: make.unary(async (r, call) => {
      const wire = required('nve', r.nve);
      return NVE.toWire(await api.create(createFromWire(NVE, r.nve_id, wire, r), call));
    }),
    GetNve: make.unary(async (r, call) =>
      NVE.toWire(await api.get(requireName(NVE.collection, r.name), call)),
    ),
    ListNves: make.unary(async (r, call) => {
      const page = await api.list(listFromWire(r), call);
      return { nves: page.resources.map(NVE.toWire), ...pageToWire(page) };
    }),
    UpdateNve: make.unary(async (r, call) => {
      const wire = required('nve', r.nve);
      return NVE.toWire(await api.update(updateFromWire(NVE, wire, r), call));
    }),
    DeleteNve: make.unary(async (r, call) => {
      await api.delete(deleteFromWire(NVE.collection, r), call);
      return {};
    }),
  };
}

function endpointHandlers(
  { endpoints: api }: NvaApi,
  make: HandlerFactory,
): Methods<'Endpoint', 'Endpoints'> {
  return {
    CreateEndpoint: make.unary(async (r, call) => {
      const wire = required('endpoint', r.endpoint);
      return ENDPOINT.toWire(
        await api.create(createFromWire(ENDPOINT, r.endpoint_id, wire, r), call),
      );
    }),
    GetEndpoint: make.unary(async (r, call) =>
      ENDPOINT.toWire(await api.get(requireName(ENDPOINT.collection, r.name), call)),
    ),
    ListEndpoints: make.unary(async (r, call) => {
      const page = await api.list(listFromWire(r), call);
      return { endpoints: page.resources.map(ENDPOINT.toWire), ...pageToWire(page) };
    }),
    UpdateEndpoint: make.unary(async (r, call) => {
      const wire = required('endpoint', r.endpoint);
      return ENDPOINT.toWire(await api.update(updateFromWire(ENDPOINT, wire, r), call));
    }),
    DeleteEndpoint: make.unary(async (r, call) => {
      await api.delete(deleteFromWire(ENDPOINT.collection, r), call);
      return {};
    }),
  };
}

function subnetHandlers(
  { subnets: api }: NvaApi,
  make: HandlerFactory,
): Methods<'Subnet', 'Subnets'> {
  return {
    CreateSubnet: make.unary(async (r, call) => {
      const wire = required('subnet', r.subnet);
      return SUBNET.toWire(await api.create(createFromWire(SUBNET, r.subnet_id, wire, r), call));
    }),
    GetSubnet: make.unary(async (r, call) =>
      SUBNET.toWire(await api.get(requireName(SUBNET.collection, r.name), call)),
    ),
    ListSubnets: make.unary(async (r, call) => {
      const page = await api.list(listFromWire(r), call);
      return { subnets: page.resources.map(SUBNET.toWire), ...pageToWire(page) };
    }),
    UpdateSubnet: make.unary(async (r, call) => {
      const wire = required('subnet', r.subnet);
      return SUBNET.toWire(await api.update(updateFromWire(SUBNET, wire, r), call));
    }),
    DeleteSubnet: make.unary(async (r, call) => {
      await api.delete(deleteFromWire(SUBNET.collection, r), call);
      return {};
    }),
  };
}

function routerHandlers(
  { routers: api }: NvaApi,
  make: HandlerFactory,
): Methods<'Router', 'Routers'> {
  return {
    CreateRouter: make.unary(async (r, call) => {
      const wire = required('router', r.router);
      return ROUTER.toWire(await api.create(createFromWire(ROUTER, r.router_id, wire, r), call));
    }),
    GetRouter: make.unary(async (r, call) =>
      ROUTER.toWire(await api.get(requireName(ROUTER.collection, r.name), call)),
    ),
    ListRouters: make.unary(async (r, call) => {
      const page = await api.list(listFromWire(r), call);
      return { routers: page.resources.map(ROUTER.toWire), ...pageToWire(page) };
    }),
    UpdateRouter: make.unary(async (r, call) => {
      const wire = required('router', r.router);
      return ROUTER.toWire(await api.update(updateFromWire(ROUTER, wire, r), call));
    }),
    DeleteRouter: make.unary(async (r, call) => {
      await api.delete(deleteFromWire(ROUTER.collection, r), call);
      return {};
    }),
  };
}

function hostProfileHandlers(
  { hostProfiles: api }: NvaApi,
  make: HandlerFactory,
): Methods<'HostProfile', 'HostProfiles'> {
  return {
    CreateHostProfile: make.unary(async (r, call) => {
      const wire = required('host_profile', r.host_profile);
      return HOST_PROFILE.toWire(
        await api.create(createFromWire(HOST_PROFILE, r.host_profile_id, wire, r), call),
      );
    }),
    GetHostProfile: make.unary(async (r, call) =>
      HOST_PROFILE.toWire(await api.get(requireName(HOST_PROFILE.collection, r.name), call)),
    ),
    ListHostProfiles: make.unary(async (r, call) => {
      const page = await api.list(listFromWire(r), call);
      return { host_profiles: page.resources.map(HOST_PROFILE.toWire), ...pageToWire(page) };
    }),
    UpdateHostProfile: make.unary(async (r, call) => {
      const wire = required('host_profile', r.host_profile);
      return HOST_PROFILE.toWire(await api.update(updateFromWire(HOST_PROFILE, wire, r), call));
    }),
    DeleteHostProfile: make.unary(async (r, call) => {
      await api.delete(deleteFromWire(HOST_PROFILE.collection, r), call);
      return {};
    }),
  };
}

function required<T>(field: string, message: T | null): T {
  if (message !== null) return message;
  throw invalidField(field, '', 'missing', 'give it');
}

function createFromWire<Spec, WireOut>(
  type: WireRequest<Spec, WireOut>,
  id: string,
  wire: WireOut,
  r: { readonly request_id: string; readonly validate_only: boolean },
): CreateRequest<Spec> {
  return {
    id,
    spec: type.specFromWire(wire, Object.values(type.fields)),
    requestId: r.request_id,
    validateOnly: r.validate_only,
  };
}

function updateFromWire<Spec extends object, WireOut extends { name: string; etag: string }>(
  type: WireRequest<Spec, WireOut>,
  wire: WireOut,
  r: {
    readonly update_mask: { readonly paths: readonly string[] } | null;
    readonly validate_only: boolean;
  },
): UpdateRequest<Spec> {
  const fields = fieldsToChange(type, wire, r.update_mask);
  return {
    id: requireName(type.collection, wire.name),
    changes: pick(type.specFromWire(wire, fields), fields),
    etag: wire.etag,
    validateOnly: r.validate_only,
  };
}

function pageToWire(page: ListResult<unknown>): { next_page_token: string; revision: number } {
  return { next_page_token: page.nextPageToken, revision: page.revision };
}

function listFromWire(r: {
  readonly page_size: number;
  readonly page_token: string;
  readonly filter: string;
}): ListRequest {
  return { pageSize: r.page_size, pageToken: r.page_token, filter: r.filter };
}

function deleteFromWire(
  collection: Collection,
  r: { readonly name: string; readonly etag: string; readonly validate_only: boolean },
): DeleteRequest {
  return { id: requireName(collection, r.name), etag: r.etag, validateOnly: r.validate_only };
}

function watchFromWire(r: WatchRequest__Output): WatchRequest {
  return {
    kinds: RESOURCE_KINDS.someFromWire('kinds', r.kinds),
    filter: r.filter,
    startRevision: fromInteger('start_revision', r.start_revision),
  };
}

function timeoutFromWire(d: { readonly seconds: number; readonly nanos: number } | null): number {
  const ms = d === null ? 0 : d.seconds * 1000 + d.nanos / 1_000_000;
  if (ms >= 0 && ms <= MAX_TIMEOUT_MS) return ms;
  throw invalidField('timeout', `${ms} ms`, 'out of range', 'give 0 to 10 minutes');
}

function eventToWire(event: WatchEvent): WatchResponse {
  if (event.type === 'SYNCED') return { type: 'TYPE_SYNCED', revision: event.revision };
  const type = event.type === 'PUT' ? 'TYPE_PUT' : 'TYPE_DELETED';
  const { resource, revision } = event;
  switch (resource.kind) {
    case 'VirtualNetwork':
      return { type, revision, virtual_network: VIRTUAL_NETWORK.toWire(resource) };
    case 'Nve':
      return { type, revision, nve: NVE.toWire(resource) };
    case 'Endpoint':
      return { type, revision, endpoint: ENDPOINT.toWire(resource) };
    case 'Subnet':
      return { type, revision, subnet: SUBNET.toWire(resource) };
    case 'Router':
      return { type, revision, router: ROUTER.toWire(resource) };
    case 'HostProfile':
      return { type, revision, host_profile: HOST_PROFILE.toWire(resource) };
    default:
      throw new NfvError('INTERNAL', 'a resource of no known kind');
  }
}
