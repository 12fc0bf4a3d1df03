/** What the compiler compiles: specifications, and of an NVE what its agent found on the host. */
import type { PlacedEndpoint } from '../../model/migration.js';
import type { RouterSpec } from '../../model/router.js';
import type { SubnetSpec } from '../../model/subnet.js';
import type { NveSpec, ProviderUplink, Underlay } from '../../model/nve.js';
import { vtepOf } from '../../model/nve.js';
import {
  MAX_MTU,
  MIN_MTU,
  vxlanOverhead,
  type VirtualNetworkSpec,
} from '../../model/virtual-network.js';

/** What an NVE's agent found on its host. */
export interface NveFacts {
  readonly underlays: readonly Underlay[];
  /** Absent, as empty: none. */
  readonly providers?: readonly ProviderUplink[];
}

export interface NveInput extends NveFacts {
  readonly spec: NveSpec;
  /** It was found dead: the others are not to send to it. Its own configuration stays. */
  readonly withdrawn: boolean;
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
  /** The NVEs that take part in the network, and the VTEP address of each; empty with a provider. */
  readonly members: ReadonlyMap<string, string>;
  /** Those of them that were found dead. */
  readonly withdrawn: ReadonlySet<string>;
  /** The addresses that are found at those, and at which of them. */
  readonly lost: ReadonlyMap<string, string>;
}

/** Whether `nve` is not to send to `other`; it is never lost to itself. */
export function isLost(view: NetworkView, nve: string, other: string): boolean {
  return nve !== other && view.withdrawn.has(other);
}

/** Ethernet's, where an agent has not said anything yet. */
const DEFAULT_UNDERLAY_MTU = 1500;

/**
 * @param subnets those of the network
 * @param members the NVEs that take part in the network
 * @param addressesAt those of the network's endpoints that are looked for at an NVE
 */
export function viewOf(
  id: string,
  spec: VirtualNetworkSpec,
  subnets: readonly SubnetSpec[],
  members: Iterable<readonly [string, NveInput]>,
  addressesAt: (nve: string) => Iterable<string>,
): NetworkView {
  const vteps = new Map<string, string>();
  const withdrawn = new Set<string>();
  const lost = new Map<string, string>();
  const overhead = spec.provider === undefined ? vxlanOverhead(spec.underlayFamily) : 0;
  let carriedMtu = Number.POSITIVE_INFINITY;
  for (const [nve, input] of members) {
    const vtep = spec.provider === undefined ? vtepOf(input.spec, spec.underlayFamily) : '';
    if (vtep === undefined) continue;
    vteps.set(nve, vtep);
    if (input.withdrawn) {
      withdrawn.add(nve);
      for (const address of addressesAt(nve)) lost.set(address, nve);
    }
    const linkMtu = linkMtuOf(spec, vtep, input);
    // One that carries no network at all is no reason to break it for the others.
    if (linkMtu - overhead >= MIN_MTU) carriedMtu = Math.min(carriedMtu, linkMtu);
  }
  const derived = (carriedMtu === Infinity ? DEFAULT_UNDERLAY_MTU : carriedMtu) - overhead;
  const prefixes =
    subnets.length === 0
      ? spec.prefixes
      : [...new Set([...spec.prefixes, ...subnets.map(({ prefix }) => prefix)])].sort();
  const mtu = spec.mtu === 0 ? derived : spec.mtu;
  return { id, spec, mtu, prefixes, members: vteps, withdrawn, lost };
}

/** Bytes that the link carries which an NVE's frames leave the host by. */
function linkMtuOf(
  { provider }: VirtualNetworkSpec,
  vtep: string,
  { underlays, providers = [] }: NveFacts,
): number {
  const found =
    provider === undefined
      ? underlays.find((each) => each.address === vtep)
      : providers.find(({ name, mtu }) => name === provider.uplink && mtu !== 0);
  return Math.min(found?.mtu ?? DEFAULT_UNDERLAY_MTU, MAX_MTU);
}
