/** What the compiler compiles: specifications, and of an NVE what its agent found on the host. */
import type { PlacedEndpoint } from '../../model/migration.js';
import type { RouterSpec } from '../../model/router.js';
import type { SubnetSpec } from '../../model/subnet.js';
import type { NveSpec, Underlay } from '../../model/nve.js';
import { vtepOf } from '../../model/nve.js';
import { vxlanOverhead, type VirtualNetworkSpec } from '../../model/virtual-network.js';

export interface NveInput {
  readonly spec: NveSpec;
  readonly underlays: readonly Underlay[];
}

/** One change of what is compiled; `undefined` is "does not exist". */
export type Change =
  | {
      readonly kind: 'VirtualNetwork';
      readonly id: string;
      readonly after: VirtualNetworkSpec | undefined;
    }
  | { readonly kind: 'Nve'; readonly id: string; readonly after: NveInput | undefined }
  | { readonly kind: 'Endpoint'; readonly id: string; readonly after: PlacedEndpoint | undefined }
  | { readonly kind: 'Subnet'; readonly id: string; readonly after: SubnetSpec | undefined }
  | { readonly kind: 'Router'; readonly id: string; readonly after: RouterSpec | undefined };

/** A virtual network as its NVEs see it. Two equal views give equal items. */
export interface NetworkView {
  readonly id: string;
  readonly spec: VirtualNetworkSpec;
  /** Inner MTU in force. */
  readonly mtu: number;
  /** Those of the network itself and of its subnets. */
  readonly prefixes: readonly string[];
  /** The NVEs that take part in the network, and the VTEP address of each. */
  readonly members: ReadonlyMap<string, string>;
}

/** Ethernet's, where an agent has not said anything yet. */
const DEFAULT_UNDERLAY_MTU = 1500;

/**
 * @param subnets those of the network
 * @param members the NVEs that take part in the network
 */
export function viewOf(
  id: string,
  spec: VirtualNetworkSpec,
  subnets: readonly SubnetSpec[],
  members: Iterable<readonly [string, NveInput]>,
): NetworkView {
  const vteps = new Map<string, string>();
  let underlayMtu = Number.POSITIVE_INFINITY;
  for (const [nve, input] of members) {
    const vtep = vtepOf(input.spec, spec.underlayFamily);
    if (vtep === undefined) continue;
    vteps.set(nve, vtep);
    const underlay = input.underlays.find((u) => u.address === vtep);
    underlayMtu = Math.min(underlayMtu, underlay?.mtu ?? DEFAULT_UNDERLAY_MTU);
  }
  const derived =
    (vteps.size === 0 ? DEFAULT_UNDERLAY_MTU : underlayMtu) - vxlanOverhead(spec.underlayFamily);
  const prefixes =
    subnets.length === 0
      ? spec.prefixes
      : [...new Set([...spec.prefixes, ...subnets.map(({ prefix }) => prefix)])].sort();
  return { id, spec, mtu: spec.mtu === 0 ? derived : spec.mtu, prefixes, members: vteps };
}
