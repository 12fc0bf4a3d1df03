/** From resources to manifests: what `-o yaml` and `-o json` show. */
import type { Resource } from '../../model/api.js';
import type { Endpoint, EndpointSpec } from '../../model/endpoint.js';
import type { HostProfileResource, HostProfileSpec } from '../../model/host-profile.js';
import { profileHash } from '../../model/host/offer.js';
import type { Nve, NveSpec } from '../../model/nve.js';
import type { Labels, Meta } from '../../model/resource.js';
import type { Router, RouterSpec } from '../../model/router.js';
import type { Subnet, SubnetSpec } from '../../model/subnet.js';
import type { VirtualNetwork, VirtualNetworkSpec } from '../../model/virtual-network.js';
import { optionalText } from './optional-text.js';
import { portManifest } from './port.js';
import { API_VERSION, type ResourceManifest } from './schema.js';

/** Everything: what a user sets, and what the NVA says of it. */
export function toManifest(resource: Resource): ResourceManifest {
  const bare = toBareManifest(resource);
  const metadata = { ...bare.metadata, ...metaManifest(resource.meta) };
  const status = statusOf(resource);
  return { ...bare, metadata, ...(status === undefined ? {} : { status }) };
}

/** A resource, or what is wanted of one. */
export type BareResource =
  | Pick<VirtualNetwork, 'kind' | 'id' | 'spec'>
  | Pick<Nve, 'kind' | 'id' | 'spec'>
  | Pick<Subnet, 'kind' | 'id' | 'spec'>
  | Pick<Router, 'kind' | 'id' | 'spec'>
  | Pick<Endpoint, 'kind' | 'id' | 'spec'>
  | Pick<HostProfileResource, 'kind' | 'id' | 'spec'>;

/** Only what a user sets: what `diff` compares. */
export function toBareManifest(resource: BareResource): ResourceManifest {
  const { id } = resource;
  switch (resource.kind) {
    case 'VirtualNetwork':
      return {
        apiVersion: API_VERSION,
        kind: resource.kind,
        metadata: metadataOf(id, resource.spec.labels),
        spec: networkSpec(resource.spec),
      };
    case 'Nve':
      return {
        apiVersion: API_VERSION,
        kind: resource.kind,
        metadata: metadataOf(id, resource.spec.labels),
        spec: nveSpec(resource.spec),
      };
    case 'Subnet':
      return {
        apiVersion: API_VERSION,
        kind: resource.kind,
        metadata: metadataOf(id, resource.spec.labels),
        spec: subnetSpec(resource.spec),
      };
    case 'Router':
      return {
        apiVersion: API_VERSION,
        kind: resource.kind,
        metadata: metadataOf(id, resource.spec.labels),
        spec: routerSpec(resource.spec),
      };
    case 'Endpoint':
      return {
        apiVersion: API_VERSION,
        kind: resource.kind,
        metadata: metadataOf(id, resource.spec.labels),
        spec: endpointSpec(resource.spec),
      };
    case 'HostProfile':
      return {
        apiVersion: API_VERSION,
        kind: resource.kind,
        metadata: metadataOf(id, resource.spec.labels),
        spec: hostProfileSpec(resource.spec),
      };
  }
}

function metadataOf(
  name: string,
  labels: Labels,
): { name: string; labels?: Record<string, string> } {
  return Object.keys(labels).length === 0 ? { name } : { name, labels: { ...labels } };
}

function metaManifest({ etag, revision, createTime, updateTime }: Meta): Meta {
  return { etag, revision, createTime, updateTime };
}

type SpecOf<K extends ResourceManifest['kind']> = Extract<ResourceManifest, { kind: K }>['spec'];

function networkSpec(spec: VirtualNetworkSpec): SpecOf<'VirtualNetwork'> {
  return {
    ...optionalText('displayName', spec.displayName),
    tenant: spec.tenant,
    // 0 until the NVA has chosen one.
    ...(spec.vni === 0 ? {} : { vni: spec.vni }),
    encapsulation: spec.encapsulation,
    mtu: spec.mtu,
    bumMode: spec.bumMode,
    ...optionalText('bumGroup', spec.bumGroup),
    learning: spec.learning,
    arpSuppression: spec.arpSuppression,
    prefixes: [...spec.prefixes],
    underlayFamily: spec.underlayFamily,
    driftPolicy: spec.driftPolicy,
    ...(spec.provider && { provider: { ...spec.provider } }),
  };
}

function nveSpec(spec: NveSpec): SpecOf<'Nve'> {
  return {
    ...optionalText('displayName', spec.displayName),
    vtepAddresses: [...spec.vtepAddresses],
  };
}

/** An empty gateway is none; one that is left out would be the first address. */
function subnetSpec(spec: SubnetSpec): SpecOf<'Subnet'> {
  return {
    ...optionalText('displayName', spec.displayName),
    network: spec.network,
    prefix: spec.prefix,
    gateway: spec.gateway,
    pools: spec.pools.map(({ first, last }) => ({ first, last })),
  };
}

function routerSpec(spec: RouterSpec): SpecOf<'Router'> {
  return {
    ...optionalText('displayName', spec.displayName),
    tenant: spec.tenant,
    // 0 until the NVA has chosen one.
    ...(spec.vrfId === 0 ? {} : { vrfId: spec.vrfId }),
    gatewayMac: spec.gatewayMac,
    subnets: [...spec.subnets],
    routes: spec.routes.map(({ prefix, nextHops, drop }) =>
      drop
        ? { prefix, drop }
        : { prefix, nextHops: nextHops.map(({ address, weight }) => ({ address, weight })) },
    ),
    exits: spec.exits.map(({ subnet, gateways }) => ({
      subnet,
      gateways: gateways.map(({ nve, address }) => ({ nve, address })),
    })),
    // 0 without exits, and until the NVA has chosen one.
    ...(spec.transitVni === 0 ? {} : { transitVni: spec.transitVni }),
  };
}

function endpointSpec(spec: EndpointSpec): SpecOf<'Endpoint'> {
  return {
    ...optionalText('displayName', spec.displayName),
    network: spec.network,
    nve: spec.nve,
    port: portManifest(spec.port),
    ...optionalText('mac', spec.mac),
    ips: [...spec.ips],
    subnets: [...spec.subnets],
    ...(spec.allowedAddresses.length === 0
      ? {}
      : {
          allowedAddresses: spec.allowedAddresses.map(({ ip, mac }) => ({
            ip,
            ...optionalText('mac', mac),
          })),
        }),
    adminState: spec.adminState,
  };
}

function hostProfileSpec(spec: HostProfileSpec): SpecOf<'HostProfile'> {
  return {
    ...optionalText('displayName', spec.displayName),
    profile: spec.profile,
    nves: [...spec.nves],
    nveLabels: { ...spec.nveLabels },
  };
}

/** Undefined: the NVA says no more of it than a user has. */
function statusOf(resource: Resource): object | undefined {
  switch (resource.kind) {
    case 'VirtualNetwork':
      return {
        effectiveMtu: resource.effectiveMtu,
        ...(resource.duplicates.length === 0 ? {} : { duplicates: resource.duplicates }),
      };
    case 'Nve':
      return { ...resource.status, nodeUuid: resource.spec.nodeUuid };
    case 'Subnet':
    case 'Router':
      return undefined;
    case 'HostProfile':
      return { ...resource.status, profileHash: profileHash(resource.spec.profile) };
    case 'Endpoint':
      return resource.status;
  }
}
