/**
 * Where things are in the store. One letter says what a key holds:
 * r = a resource's specification, s = its status, i = an index that makes something unique or
 * countable, g = a generation that changes with a set of endpoints, q = an answered request, c = the claim of a
 * replica to an NVE's session, h = a change that was made (changes/record.ts), w = a change that waits for its
 * confirmation (changes/pending.ts), d = an NVE that was found dead (liveness/withdrawals.ts), m = moves of an
 * address (mobility/records.ts), v = the endpoint that has a virtual address (mobility/holders.ts).
 */
import { COLLECTIONS, type Collection } from '../model/names.js';

export const ROOT = '/nfvd/';
export const SPECS = `${ROOT}r/`;
export const STATUSES = `${ROOT}s/`;
export const REQUESTS = `${ROOT}q/`;
export const CHANGES = `${ROOT}h/`;
/** Then an id of the change's own. */
export const PENDING = `${ROOT}w/p/`;
/** Then the network's id and the address. */
export const MOVES = `${ROOT}m/`;
/** Then the network's id and the allowed address that some endpoint has. */
export const HOLDERS = `${ROOT}v/`;
/** Then the NVE's id. */
export const SESSIONS = `${ROOT}c/`;
/** Then the NVE's id. */
export const WITHDRAWALS = `${ROOT}d/`;

export const specsOf = (collection: Collection): string => `${SPECS}${collection}/`;
export const specKey = (collection: Collection, id: string): string =>
  `${specsOf(collection)}${id}`;
export const statusesOf = (collection: Collection): string => `${STATUSES}${collection}/`;
export const statusKey = (collection: Collection, id: string): string =>
  `${statusesOf(collection)}${id}`;

/** The replica that has the NVE's session. */
export const sessionKey = (nve: string): string => `${SESSIONS}${nve}`;

/** The NVE was found dead, and nobody else sends to it. */
export const withdrawalKey = (nve: string): string => `${WITHDRAWALS}${nve}`;

/** Stands for a resource that a change deletes that is not confirmed. */
export const tombstoneKey = (collection: Collection, id: string): string =>
  `${ROOT}w/r/${collection}/${id}`;

/** How often an address of a network has moved. */
export const movesKey = (network: string, address: string): string =>
  `${MOVES}${network}/${address}`;

/** Who has an allowed address of a network. */
export const holdersOf = (network: string): string => `${HOLDERS}${network}/`;
export const holderKey = (network: string, ip: string): string => `${holdersOf(network)}${ip}`;

/** The VNI's network, or the router whose transit has it. */
export const vniKey = (vni: number): string => `${ROOT}i/vni/${vni}`;
/** One for each VLAN of an uplink that a network is, 0 among them: then there is no other. */
export const providersOf = (uplink: string): string => `${ROOT}i/provider/${uplink}/`;
/** Written with every network that comes to the uplink or leaves it. */
export const providerGenerationKey = (uplink: string): string => `${ROOT}g/provider/${uplink}`;
/** The VTEP address's NVE. */
export const vtepKey = (address: string): string => `${ROOT}i/vtep/${address}`;
/** The endpoint, or router, that has a MAC in a network. */
export const macKey = (network: string, mac: string): string => `${ROOT}i/mac/${network}/${mac}`;
/** The endpoint, subnet or router that has an IP address in a network. */
export const ipKey = (network: string, ip: string): string => `${ROOT}i/ip/${network}/${ip}`;
/** One for each endpoint that may have an address of a network, an IP address or the MAC that goes with it. */
export const allowedOf = (network: string, address: string): string =>
  `${ROOT}i/allowed/${network}/${address}/`;
/** The endpoint that has an interface of an NVE's host, or of a namespace there. */
export const interfaceKey = (nve: string, netns: string, name: string): string =>
  `${ROOT}i/if/${nve}/${netns}/${name}`;
/** One for each endpoint of a network. */
export const networkEndpointsOf = (network: string): string => `${ROOT}i/vn-ep/${network}/`;
/** One for each endpoint on an NVE. */
export const nveEndpointsOf = (nve: string): string => `${ROOT}i/nve-ep/${nve}/`;

/** One for each router that an NVE is a gateway of. */
export const nveRoutersOf = (nve: string): string => `${ROOT}i/nve-router/${nve}/`;

/** One for each subnet of a network. */
export const networkSubnetsOf = (network: string): string => `${ROOT}i/vn-subnet/${network}/`;
/** The router that a subnet is attached to, or an exit of. */
export const subnetRouterKey = (subnet: string): string => `${ROOT}i/subnet-router/${subnet}`;
/** The router that has subnets of a network, or exits there. */
export const networkRouterKey = (network: string): string => `${ROOT}i/vn-router/${network}`;
/** The router that has tables of this id. */
export const vrfKey = (id: number): string => `${ROOT}i/vrf/${id}`;

/** Written with every change of a subnet of the network. */
export const subnetsGenerationKey = (network: string): string => `${ROOT}g/vn-subnets/${network}`;
/** Written with every change of an endpoint of the network. */
export const networkGenerationKey = (network: string): string => `${ROOT}g/vn/${network}`;
/** Written with every change of what endpoints of the network may have. */
export const allowedGenerationKey = (network: string): string => `${ROOT}g/vn-allowed/${network}`;
/** Written whenever an allowed address of the network comes to an endpoint. */
export const holdersGenerationKey = (network: string): string => `${ROOT}g/vn-holders/${network}`;
/** Written with every change of an endpoint on the NVE, and when it becomes a router's gateway or ceases to be one. */
export const nveGenerationKey = (nve: string): string => `${ROOT}g/nve/${nve}`;

/**
 * The generation that changes whenever a key of the prefix comes or goes.
 * @param prefix networkEndpointsOf, nveEndpointsOf, nveRoutersOf, networkSubnetsOf or providersOf of something
 */
export function generationOf(prefix: string): string | undefined {
  const [, index = '', id = ''] = /^\/nfvd\/i\/([a-z-]+)\/([^/]+)\/$/.exec(prefix) ?? [];
  switch (index) {
    case 'vn-ep':
      return networkGenerationKey(id);
    case 'nve-ep':
    case 'nve-router':
      return nveGenerationKey(id);
    case 'provider':
      return providerGenerationKey(id);
    case 'vn-subnet':
      return subnetsGenerationKey(id);
    default:
      return undefined;
  }
}
/** Written with every new or deleted resource of a tenant, where there are quotas. */
export const quotaGenerationKey = (tenant: string, collection: Collection): string =>
  `${ROOT}g/quota/${tenant}/${collection}`;

/** A UUID is the same in either case (RFC 9562 §4). */
export const requestKey = (requestId: string): string => `${REQUESTS}${requestId.toLowerCase()}`;

/** Which resource a key of SPECS or STATUSES is about; undefined for other keys. */
export function parseResourceKey(
  key: string,
):
  | { readonly part: 'spec' | 'status'; readonly collection: Collection; readonly id: string }
  | undefined {
  const part = key.startsWith(SPECS) ? 'spec' : key.startsWith(STATUSES) ? 'status' : undefined;
  if (part === undefined) return undefined;
  const [name = '', id = ''] = key.slice(SPECS.length).split('/');
  const collection = COLLECTIONS.find((known) => known === name);
  return collection && { part, collection, id };
}
