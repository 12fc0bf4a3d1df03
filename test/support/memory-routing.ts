/** Subnets and routers of the NVA in memory, and the addresses that endpoints get of subnets. */
import { invalidFields, NfvError } from '../../src/errors.js';
import { addressAt } from '../../src/model/address-numbers.js';
import type { Endpoint, EndpointSpec } from '../../src/model/endpoint.js';
import { checkRouter, type Router, type RouterSpec } from '../../src/model/router.js';
import {
  checkSubnet,
  overlap,
  poolSpans,
  subnetHolds,
  type Subnet,
  type SubnetSpec,
} from '../../src/model/subnet.js';
import type { VirtualNetwork } from '../../src/model/virtual-network.js';
import type { Rules } from './memory-collection.js';
import { inUse, missing } from './memory-refusals.js';

interface Found<R> {
  readonly all: readonly R[];
  find(id: string): R | undefined;
}

/** What the rules look at. */
export interface RoutedNva {
  readonly virtualNetworks: Found<VirtualNetwork>;
  readonly endpoints: Found<Endpoint>;
  readonly subnets: Found<Subnet>;
  readonly routers: Found<Router>;
}

export function subnetRules(nva: RoutedNva): Rules<SubnetSpec, Subnet> {
  return {
    kind: 'Subnet',
    collection: 'subnets',
    field: 'subnet',
    immutable: ['network', 'prefix'],
    check: (id, spec) => checkedSubnet(nva, id, spec),
    make: (id, spec, meta) => ({ kind: 'Subnet', id, spec, meta }),
    checkDelete: ({ id, spec }) => {
      const router = nva.routers.all.find((each) => each.spec.subnets.includes(id));
      if (router !== undefined) throw needed(id, `is a subnet of routers/${router.id}`);
      const isUsed = nva.endpoints.all.some(
        (each) =>
          each.spec.network === spec.network && each.spec.ips.some((ip) => subnetHolds(spec, ip)),
      );
      if (isUsed) throw needed(id, 'has endpoints');
    },
  };
}

function checkedSubnet(nva: RoutedNva, id: string, given: SubnetSpec): SubnetSpec {
  const spec = checkSubnet(given);
  const { network, prefix, gateway } = spec;
  if (nva.virtualNetworks.find(network) === undefined) {
    throw missing('subnet.network', `virtualNetworks/${network}`);
  }
  const other = nva.subnets.all.find(
    (each) => each.id !== id && each.spec.network === network && overlap(each.spec.prefix, prefix),
  );
  if (other !== undefined) {
    const reason = `overlaps with subnets/${other.id}, ${other.spec.prefix}`;
    const remedy = 'give a prefix that no other subnet of the network has';
    throw invalidFields([{ field: 'subnet.prefix', value: prefix, reason, remedy }]);
  }
  const user = nva.endpoints.all.find(
    (each) => each.spec.network === network && each.spec.ips.includes(gateway),
  );
  if (user !== undefined) {
    throw inUse('IP_IN_USE', 'subnet.gateway', gateway, `endpoints/${user.id}`);
  }
  return spec;
}

export function routerRules(nva: RoutedNva): Rules<RouterSpec, Router> {
  return {
    kind: 'Router',
    collection: 'routers',
    field: 'router',
    immutable: ['tenant', 'vrfId'],
    check: (id, spec) => checkedRouter(nva, id, spec),
    make: (id, spec, meta) => ({ kind: 'Router', id, spec, meta }),
    checkDelete: () => undefined,
  };
}

function checkedRouter(nva: RoutedNva, id: string, given: RouterSpec): RouterSpec {
  const spec = checkRouter(given);
  const others = nva.routers.all.filter((each) => each.id !== id);
  for (const [i, subnet] of spec.subnets.entries()) {
    const field = `router.subnets[${i}]`;
    const name = `subnets/${subnet}`;
    if (nva.subnets.find(subnet) === undefined) throw missing(field, name);
    const owner = others.find((each) => each.spec.subnets.includes(subnet));
    if (owner !== undefined) throw inUse('RESOURCE_IN_USE', field, name, `routers/${owner.id}`);
  }
  const user = others.find((each) => each.spec.vrfId === spec.vrfId);
  if (user !== undefined) {
    throw inUse('VRF_IN_USE', 'router.vrf_id', spec.vrfId, `routers/${user.id}`);
  }
  const taken = new Set(others.map((each) => each.spec.vrfId));
  let { vrfId } = spec;
  for (let free = 10_000; vrfId === 0; free++) if (!taken.has(free)) vrfId = free;
  return { ...spec, vrfId };
}

/** The prefixes in which a network's endpoints may have addresses; none: anywhere. */
export function allowedPrefixes(nva: RoutedNva, network: string): readonly string[] {
  const { prefixes } = nva.virtualNetworks.find(network)?.spec ?? { prefixes: [] };
  const subnets = nva.subnets.all.filter(({ spec }) => spec.network === network);
  return prefixes.length === 0 ? [] : [...prefixes, ...subnets.map(({ spec }) => spec.prefix)];
}

/** With an address in each of the endpoint's subnets. */
export function withAddresses(nva: RoutedNva, id: string, spec: EndpointSpec): EndpointSpec {
  const ips = [...spec.ips];
  for (const [i, name] of spec.subnets.entries()) {
    const subnet = nva.subnets.find(name);
    if (subnet?.spec.network !== spec.network) {
      throw missing(`endpoint.subnets[${i}]`, `subnets/${name}`);
    }
    if (!ips.some((ip) => subnetHolds(subnet.spec, ip))) ips.push(freeAddress(nva, id, subnet));
  }
  return { ...spec, ips };
}

function freeAddress(nva: RoutedNva, id: string, { id: name, spec }: Subnet): string {
  const family = spec.prefix.includes(':') ? 'IPV6' : 'IPV4';
  const others = nva.endpoints.all.filter(
    (each) => each.id !== id && each.spec.network === spec.network,
  );
  const taken = new Set([spec.gateway, ...others.flatMap((each) => each.spec.ips)]);
  for (const { first, last } of poolSpans(spec)) {
    for (let number = first; number <= last; number++) {
      const address = addressAt(family, number);
      if (!taken.has(address)) return address;
    }
  }
  throw new NfvError('ADDRESSES_EXHAUSTED', `subnets/${name} has no free address`);
}

function needed(id: string, why: string): NfvError {
  return new NfvError('RESOURCE_IN_USE', `subnets/${id} ${why}`);
}
