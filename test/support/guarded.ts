/** Two tenants with one of everything each, for tests of who may do what. */
import type { Caller, Grant, Role } from '../../src/model/access-policy.js';
import type { Call, NvaApi, ResourceApi } from '../../src/model/api.js';
import type { EndpointSpec, Port, PortKind } from '../../src/model/endpoint.js';
import { NEW_HOST_PROFILE, type HostProfileSpec } from '../../src/model/host-profile.js';
import type { Collection } from '../../src/model/names.js';
import { MemoryNva } from './memory-nva.js';
import { CALL } from './nva-server.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from './specs.js';

export const TAP: Port = {
  kind: 'tap',
  interface: '',
  ownerUid: 0,
  multiQueue: false,
  vnetHdr: false,
};
export const NEW = { requestId: '', validateOnly: false };

export function grant(role: Role, tenants?: readonly string[], ports?: readonly PortKind[]): Grant {
  return { role, tenants: tenants && new Set(tenants), ports: ports && new Set(ports) };
}

/** A call of somebody with these grants. */
export function callWith(...grants: readonly Grant[]): Call {
  const caller: Caller = { who: 'user/alice', grants };
  return { ...CALL, caller };
}

export function tapIn(network: string, fields: Partial<EndpointSpec> = {}): EndpointSpec {
  return endpointSpec({ network, nve: 'host-a', port: TAP, mac: '', ...fields });
}

function hostProfile(): HostProfileSpec {
  const profile = 'hugepages:\n  - { size: 2M, node: 0, pages: 64 }\n';
  return { ...NEW_HOST_PROFILE, profile };
}

/** The standard methods on the resources of one kind, whichever it is. */
export interface Verbs {
  get(id: string, call: Call): Promise<{ readonly id: string }>;
  ids(call: Call): Promise<string[]>;
  /** Another one, `ID-new`, of the same owner. */
  create(owner: string, call: Call): Promise<{ readonly id: string }>;
  update(id: string, call: Call): Promise<{ readonly id: string }>;
  delete(id: string, call: Call): Promise<void>;
}

function verbsOf<Spec extends { readonly labels: object }, R extends { readonly id: string }>(
  api: ResourceApi<Spec, R>,
  another: (owner: string) => Spec,
  changes: Partial<Spec>,
): Verbs {
  return {
    get: (id, call) => api.get(id, call),
    async ids(call) {
      const { resources } = await api.list({ pageSize: 0, pageToken: '', filter: '' }, call);
      return resources.map(({ id }) => id);
    },
    create: (owner, call) => api.create({ ...NEW, id: `${owner}-new`, spec: another(owner) }, call),
    update: (id, call) => api.update({ id, changes, etag: '', validateOnly: false }, call),
    delete: (id, call) => api.delete({ id, etag: '', validateOnly: false }, call),
  };
}

const LABELLED = { labels: { changed: 'yes' } };

export function verbs(api: NvaApi): Record<Collection, Verbs> {
  return {
    virtualNetworks: verbsOf(api.virtualNetworks, (tenant) => networkSpec({ tenant }), LABELLED),
    nves: verbsOf(api.nves, () => nveSpec(['192.0.2.99']), LABELLED),
    endpoints: verbsOf(api.endpoints, (network) => tapIn(network), LABELLED),
    subnets: verbsOf(
      api.subnets,
      (network) => subnetSpec({ network, prefix: '10.9.0.0/24', gateway: '10.9.0.1' }),
      LABELLED,
    ),
    routers: verbsOf(api.routers, (tenant) => routerSpec({ tenant, vrfId: 0 }), LABELLED),
    hostProfiles: verbsOf(api.hostProfiles, hostProfile, LABELLED),
  };
}

/** Tenants `blue` and `red`, each with one resource of each kind, all of its own name. */
export async function twoTenants(nva: MemoryNva = new MemoryNva()): Promise<MemoryNva> {
  await nva.nves.create({ ...NEW, id: 'host-a', spec: nveSpec(['192.0.2.1']) });
  await nva.hostProfiles.create({ ...NEW, id: 'host-a', spec: hostProfile() });
  for (const id of ['blue', 'red']) {
    await nva.virtualNetworks.create({ ...NEW, id, spec: networkSpec({ tenant: id }) });
    await nva.subnets.create({ ...NEW, id, spec: subnetSpec({ network: id }) });
    const router = routerSpec({ tenant: id, vrfId: 0, subnets: [id] });
    await nva.routers.create({ ...NEW, id, spec: router });
    await nva.endpoints.create({ ...NEW, id, spec: tapIn(id) });
  }
  return nva;
}
