/** The NVA's collections of resources, with their rules. */
import { randomInt } from 'node:crypto';
import type { Clock } from '../../model/clock.js';
import type { DuplicatesApi } from '../../model/api.js';
import { DEFAULT_DUPLICATE_LIMITS, type DuplicateLimits } from '../../model/duplicates.js';
import type { Endpoint } from '../../model/endpoint.js';
import type { HostProfileResource, HostProfileSpec } from '../../model/host-profile.js';
import type { PlacedEndpoint } from '../../model/migration.js';
import type { Nve, NveSpec } from '../../model/nve.js';
import type { Router, RouterSpec } from '../../model/router.js';
import type { Subnet, SubnetSpec } from '../../model/subnet.js';
import type { VirtualNetwork, VirtualNetworkSpec } from '../../model/virtual-network.js';
import type { Store } from '../../store/store.js';
import type { Reads } from '../reads.js';
import { AddressAllocator } from './address-allocator.js';
import type { Catalog } from '../catalog.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import { endpointRules, type EndpointDeps } from './endpoints.js';
import { hostProfileRules } from './host-profiles.js';
import { Duplicates } from '../mobility/clear.js';
import { mobilityRules } from '../mobility/moves.js';
import { canRoute, nveRules } from './nves.js';
import type { Quotas } from './quotas.js';
import type { ResourceRules } from './resource-rules.js';
import { Resources } from './resources.js';
import { routerRules } from './routers.js';
import { subnetRules } from './subnets.js';
import { virtualNetworkRules } from './virtual-networks.js';
import { VniAllocator } from './vni-allocator.js';
import { watched, type Watched } from '../watch.js';

export interface Collections {
  readonly virtualNetworks: Resources<VirtualNetworkSpec, VirtualNetwork>;
  readonly nves: Resources<NveSpec, Nve>;
  readonly endpoints: Resources<PlacedEndpoint, Endpoint>;
  readonly subnets: Resources<SubnetSpec, Subnet>;
  readonly routers: Resources<RouterSpec, Router>;
  readonly hostProfiles: Resources<HostProfileSpec, HostProfileResource>;
  readonly duplicates: DuplicatesApi;
  readonly watched: readonly Watched[];
}

export interface CollectionDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** Of VNIs, those of routers' transits too, and of the ids of routers' tables. */
  readonly vniRange: { readonly min: number; readonly max: number };
  readonly catalog: Catalog;
  readonly index: CompileIndex;
  readonly quotas: Quotas;
  readonly duplicates?: DuplicateLimits;
}

export interface RuleDeps extends Pick<EndpointDeps, 'takeAddress' | 'takeMac'> {
  readonly store: Reads;
  readonly index: CompileIndex;
  /** Milliseconds since the epoch. */
  now(): number;
  /** When an address moves too often; by default as the RFCs say. */
  readonly duplicates: DuplicateLimits | undefined;
  takeVni(): number | Promise<number>;
  takeVrf(): number | Promise<number>;
}

export interface Rules {
  readonly networks: ResourceRules<VirtualNetworkSpec, VirtualNetwork>;
  readonly nves: ResourceRules<NveSpec, Nve>;
  readonly endpoints: ResourceRules<PlacedEndpoint, Endpoint>;
  readonly subnets: ResourceRules<SubnetSpec, Subnet>;
  readonly routers: ResourceRules<RouterSpec, Router>;
  readonly hostProfiles: ResourceRules<HostProfileSpec, HostProfileResource>;
}

export function makeRules(deps: RuleDeps): Rules {
  const { store, index, duplicates: limits = DEFAULT_DUPLICATE_LIMITS } = deps;
  const mobility = mobilityRules({ store, limits, now: () => deps.now() });
  return {
    networks: virtualNetworkRules({
      store,
      takeVni: () => deps.takeVni(),
      effectiveMtu: (id) => index.effectiveMtu(id),
    }),
    nves: nveRules(store),
    endpoints: { ...endpointRules(deps), ...mobility },
    subnets: subnetRules(store),
    routers: routerRules({
      store,
      takeVrf: () => deps.takeVrf(),
      takeVni: () => deps.takeVni(),
      canRoute: (of) => canRoute(store, index.nvesOf(of)),
    }),
    hostProfiles: hostProfileRules(store),
  };
}

export function makeCollections(deps: CollectionDeps): Collections {
  const { store, clock, catalog, index, quotas } = deps;
  const ofTenant = (spec: { readonly tenant: string }): Promise<string> =>
    Promise.resolve(spec.tenant);
  const ofNetwork = (spec: { readonly network: string }): Promise<string | undefined> =>
    quotas.tenantOfNetwork(spec);
  const { min, max } = deps.vniRange;
  // Replicas that begin at one would take the same from each other.
  const first = store.peers === undefined ? min : randomInt(min, max + 1);
  const vnis = new VniAllocator(min, max, (vni) => catalog.vniUsed(vni), first);
  const vrfs = new VniAllocator(min, max, (id) => catalog.vrfUsed(id), first);
  const addresses = new AddressAllocator((network, ip) => catalog.addressUsed(network, ip));
  const { networks, nves, endpoints, subnets, routers, hostProfiles } = makeRules({
    store,
    index,
    takeVni: () => vnis.take(),
    takeVrf: () => vrfs.take(),
    takeAddress: (id, spec) => addresses.take(id, spec),
    now: () => clock.now(),
    duplicates: deps.duplicates,
  });
  const virtualNetworks = new Resources(
    store,
    clock,
    quotas.around('virtualNetworks', networks, ofTenant),
  );
  return {
    virtualNetworks,
    duplicates: new Duplicates(store, virtualNetworks),
    nves: new Resources(store, clock, nves),
    endpoints: new Resources(store, clock, quotas.around('endpoints', endpoints, ofNetwork)),
    subnets: new Resources(store, clock, quotas.around('subnets', subnets, ofNetwork)),
    routers: new Resources(store, clock, quotas.around('routers', routers, ofTenant)),
    hostProfiles: new Resources(store, clock, hostProfiles),
    watched: [
      watched(store, networks),
      watched(store, nves),
      watched(store, endpoints),
      watched(store, subnets),
      watched(store, routers),
      watched(store, hostProfiles),
    ],
  };
}
