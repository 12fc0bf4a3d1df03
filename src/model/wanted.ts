/** What has to be done so that the NVA has what somebody wants. What is left open stays as it is. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { EndpointSpec } from './endpoint.js';
import type { HostProfileResource, HostProfileSpec } from './host-profile.js';
import { keepingMigration, type PlacedEndpoint } from './migration.js';
import type { Nve, NveSpec } from './nve.js';
import type { Router, RouterSpec } from './router.js';
import { subnetHolds, type Subnet, type SubnetSpec } from './subnet.js';
import type { VirtualNetwork, VirtualNetworkSpec } from './virtual-network.js';

export type Plan<Spec> =
  | { readonly action: 'create'; readonly spec: Spec }
  | { readonly action: 'update'; readonly changes: Partial<Spec>; readonly spec: Spec }
  | { readonly action: 'none'; readonly spec: Spec };

/** A network without a VNI keeps the one it has. `spec` is what it will be like. */
export function planNetwork(
  wanted: VirtualNetworkSpec,
  live: Pick<VirtualNetwork, 'spec'> | undefined,
): Plan<VirtualNetworkSpec> {
  const vni = wanted.vni === 0 ? (live?.spec.vni ?? 0) : wanted.vni;
  return plan({ ...wanted, vni }, live?.spec);
}

/** The identity that an agent has bound stays. */
export function planNve(wanted: NveSpec, live: Pick<Nve, 'spec'> | undefined): Plan<NveSpec> {
  return plan({ ...wanted, nodeUuid: live?.spec.nodeUuid ?? '' }, live?.spec);
}

/** What a manifest leaves out of a subnet is known without the NVA. */
export function planSubnet(
  wanted: SubnetSpec,
  live: Pick<Subnet, 'spec'> | undefined,
): Plan<SubnetSpec> {
  return plan(wanted, live?.spec);
}

/** A router without an id for its tables, or a VNI for its transit, keeps the one it has. */
export function planRouter(
  wanted: RouterSpec,
  live: Pick<Router, 'spec'> | undefined,
): Plan<RouterSpec> {
  const vrfId = wanted.vrfId === 0 ? (live?.spec.vrfId ?? 0) : wanted.vrfId;
  const kept = wanted.exits.length === 0 ? 0 : (live?.spec.transitVni ?? 0);
  const transitVni = wanted.transitVni === 0 ? kept : wanted.transitVni;
  return plan({ ...wanted, vrfId, transitVni }, live?.spec);
}

/**
 * An endpoint without a MAC keeps the one it has, and in a subnet of which it names no address, the
 * address that it has there. Its migration stays. `subnets` are those it names, as far as they exist.
 */
export function planEndpoint(
  wanted: EndpointSpec,
  live: { readonly spec: PlacedEndpoint } | undefined,
  subnets: readonly SubnetSpec[],
): Plan<PlacedEndpoint> {
  const spec = keepingMigration(wanted, live?.spec);
  if (live === undefined) return plan(spec, undefined);
  const mac = wanted.mac === '' ? live.spec.mac : wanted.mac;
  const ips = [...wanted.ips, ...keptIps(wanted.ips, live.spec.ips, subnets)];
  return plan({ ...spec, mac, ips }, live.spec);
}

/** In the order in which the endpoint has them. */
function keptIps(
  wanted: readonly string[],
  live: readonly string[],
  subnets: readonly SubnetSpec[],
): string[] {
  const open = subnets.filter((subnet) => !wanted.some((ip) => subnetHolds(subnet, ip)));
  const kept = new Set(open.map((subnet) => live.find((ip) => subnetHolds(subnet, ip))));
  return live.filter((ip) => kept.has(ip));
}

export function planHostProfile(
  wanted: HostProfileSpec,
  live: Pick<HostProfileResource, 'spec'> | undefined,
): Plan<HostProfileSpec> {
  return plan(wanted, live?.spec);
}

function plan<Spec extends object>(wanted: Spec, live: Spec | undefined): Plan<Spec> {
  if (live === undefined) return { action: 'create', spec: wanted };
  const changes = changesBetween(live, wanted);
  const changed = Object.keys(changes).length > 0;
  return changed ? { action: 'update', changes, spec: wanted } : { action: 'none', spec: wanted };
}

function changesBetween<Spec extends object>(live: Spec, wanted: Spec): Partial<Spec> {
  const changes: Partial<Spec> = {};
  for (const field in wanted) {
    if (!isDeepStrictEqual(wanted[field], live[field])) changes[field] = wanted[field];
  }
  return changes;
}
