/** The kinds with their types, for verbs that make or change resources. */
import type { NvaApi, Resource, ResourceApi, ResourceKind } from '../../model/api.js';
import { NEW_ENDPOINT, type Endpoint, type EndpointSpec } from '../../model/endpoint.js';
import { NEW_NVE, type Nve, type NveSpec } from '../../model/nve.js';
import { NEW_ROUTER, type Router, type RouterSpec } from '../../model/router.js';
import { NEW_SUBNET, type Subnet, type SubnetSpec } from '../../model/subnet.js';
import {
  NEW_VIRTUAL_NETWORK,
  type VirtualNetwork,
  type VirtualNetworkSpec,
} from '../../model/virtual-network.js';
import { ENDPOINT_FLAGS } from './endpoint-flags.js';
import type { FlagSet } from './flag-set.js';
import { NETWORK_FLAGS } from './network-flags.js';
import { NVE_FLAGS } from './nve-flags.js';
import { ROUTER_FLAGS } from './router-flags.js';
import { SUBNET_FLAGS } from './subnet-flags.js';

export interface Editable<Spec, R extends Resource & { readonly spec: Spec }> {
  readonly kind: ResourceKind;
  readonly flags: FlagSet<Spec>;
  /** What a new one is like where no flag says otherwise. */
  readonly fresh: Spec;
  readonly api: (nva: NvaApi) => ResourceApi<Spec, R>;
}

export const NETWORKS: Editable<VirtualNetworkSpec, VirtualNetwork> = {
  kind: 'VirtualNetwork',
  flags: NETWORK_FLAGS,
  fresh: NEW_VIRTUAL_NETWORK,
  api: (nva) => nva.virtualNetworks,
};

export const NVES: Editable<NveSpec, Nve> = {
  kind: 'Nve',
  flags: NVE_FLAGS,
  fresh: NEW_NVE,
  api: (nva) => nva.nves,
};

export const SUBNETS: Editable<SubnetSpec, Subnet> = {
  kind: 'Subnet',
  flags: SUBNET_FLAGS,
  fresh: NEW_SUBNET,
  api: (nva) => nva.subnets,
};

export const ROUTERS: Editable<RouterSpec, Router> = {
  kind: 'Router',
  flags: ROUTER_FLAGS,
  fresh: NEW_ROUTER,
  api: (nva) => nva.routers,
};

export const ENDPOINTS: Editable<EndpointSpec, Endpoint> = {
  kind: 'Endpoint',
  flags: ENDPOINT_FLAGS,
  fresh: NEW_ENDPOINT,
  api: (nva) => nva.endpoints,
};
