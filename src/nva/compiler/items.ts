/** The items of one NVE for one network, piece by piece. Pure. */
import { macOfAllowed } from '../../model/allowed-address.js';
import { canonicalJson } from '../../model/canonical.js';
import { withPrefixLength } from '../../model/endpoint.js';
import {
  dependenciesOf,
  keyOf,
  type Item,
  type Payload,
  type TunnelItem,
} from '../../model/item.js';
import { homeOf, placeAt, type Place, type PlacedEndpoint } from '../../model/migration.js';
import type { NveSpec } from '../../model/nve.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
import { isLost, type NetworkView } from './inputs.js';
import { sha256 } from '../../model/sha256.js';
import { digestPart } from '../../model/southbound.js';

/** An item whose version, and part of a digest, are worked out when they are first asked for. */
export class CompiledItem<P extends Payload = Payload> implements Item {
  readonly key: string;
  #version: string | undefined;
  #digestPart: bigint | undefined;

  constructor(readonly payload: P) {
    this.key = keyOf(payload);
  }

  get dependsOn(): readonly string[] {
    return dependenciesOf(this.payload);
  }

  /**
   * 72 bits of SHA-256 over the content; the same in every process. Content of which there is much has its
   * fields in the order of the alphabet, which costs the least.
   */
  get version(): string {
    return (this.#version ??= sha256(canonicalJson(this.payload), 'base64url').slice(0, 12));
  }

  get digestPart(): bigint {
    return (this.#digestPart ??= digestPart(this.key, this.version));
  }
}

/** An NVE has all its VTEP addresses as items, used or not: a missing one shows before it hurts. */
export function* vtepItems(spec: NveSpec): Generator<Item> {
  for (const address of spec.vtepAddresses) yield new CompiledItem({ kind: 'vtep', address });
}

/** What member `nve` has of the network whatever its endpoints. */
export function* domainItems(view: NetworkView, nve: string): Generator<Item> {
  const local = view.members.get(nve);
  if (local === undefined) return;
  const { spec } = view;
  yield new CompiledItem({
    kind: 'bridge_domain',
    network: view.id,
    vni: spec.vni,
    vtep: local,
    learn: spec.learning,
    flood: spec.bumMode !== 'NONE',
    arpSuppression: spec.arpSuppression,
    mtu: view.mtu,
    bumGroup: spec.bumGroup,
    ...(spec.driftPolicy === 'DEFAULT' ? {} : { driftPolicy: spec.driftPolicy }),
  });
  if (spec.provider === undefined) return;
  const { vni } = spec;
  yield new CompiledItem({ kind: 'provider_port', vni, ...spec.provider, mtu: view.mtu });
}

/** To another member; undefined: there is none, or nobody is to send there. */
export function tunnelItem(
  view: NetworkView,
  nve: string,
  peer: string,
): CompiledItem<TunnelItem> | undefined {
  const local = view.members.get(nve);
  const remote = view.members.get(peer);
  if (local === undefined || remote === undefined || nve === peer) return undefined;
  if (isLost(view, nve, peer) || view.spec.provider !== undefined) return undefined;
  return new CompiledItem({ kind: 'tunnel', local, remote, vni: view.spec.vni });
}

const NONE: readonly Item[] = [];

/** The items that members have because of other members' VTEPs. */
export class PeerItems {
  /** By VTEP address: each is the same for all other members. */
  readonly #floods = new WeakMap<VirtualNetworkSpec, Map<string, Item>>();

  /** What member `nve` has because of another member's VTEP. */
  of(view: NetworkView, nve: string, peer: string): readonly Item[] {
    const tunnel = tunnelItem(view, nve, peer);
    if (tunnel === undefined) return NONE;
    const isFlooded = view.spec.bumMode === 'HEAD_END';
    return isFlooded ? [tunnel, this.#floodTo(view, tunnel.payload.remote)] : [tunnel];
  }

  #floodTo({ spec, members }: NetworkView, remote: string): Item {
    let known = this.#floods.get(spec);
    // Those of members that have gone are in it too, up to as many.
    if (known === undefined || known.size > 2 * members.size) {
      known = new Map();
      this.#floods.set(spec, known);
    }
    const item =
      known.get(remote) ?? new CompiledItem({ kind: 'flood_member', remote, vni: spec.vni });
    known.set(remote, item);
    return item;
  }
}

/** What the NVEs of a network have in common because of one endpoint. */
interface Shared {
  readonly vni: number;
  readonly vtep: string;
  readonly arpSuppression: boolean;
  readonly neighbors: readonly Item[];
  /** All that those have that do not deliver to the endpoint themselves. */
  readonly remote: readonly Item[];
}

/**
 * The items that members have because of endpoints. What they have in common is made once, however
 * many they are: with it go the hashes, most of the cost of a start with all NVEs.
 */
export class EndpointItems {
  readonly #shared = new WeakMap<PlacedEndpoint, Shared>();

  /** What member `nve` has because of one endpoint, its own or another's. */
  of(view: NetworkView, nve: string, id: string, endpoint: PlacedEndpoint): readonly Item[] {
    if (!view.members.has(nve) || !view.members.has(homeOf(endpoint))) return NONE;
    const here = placeAt(endpoint, nve);
    if (here === undefined) return this.elsewhere(view, endpoint);
    return [portItem(view, id, endpoint, here), ...this.#addressesAt(view, id, endpoint, here)];
  }

  /** What every member has because of an endpoint that it is no place of. */
  elsewhere(view: NetworkView, endpoint: PlacedEndpoint): readonly Item[] {
    return view.withdrawn.has(homeOf(endpoint)) ? NONE : this.ofAddresses(view, endpoint);
  }

  /** What leads to an endpoint's addresses. */
  ofAddresses(view: NetworkView, endpoint: PlacedEndpoint): readonly Item[] {
    return this.#sharedOf(view, endpoint)?.remote ?? NONE;
  }

  /** Where a place of the endpoint finds its addresses. */
  #addressesAt(
    view: NetworkView,
    id: string,
    endpoint: PlacedEndpoint,
    { nve, delivers }: Place,
  ): readonly Item[] {
    const home = homeOf(endpoint);
    if (!delivers && isLost(view, nve, home)) return NONE;
    const shared = this.#sharedOf(view, endpoint);
    if (shared === undefined) return NONE;
    return delivers ? [...localMacItems(view, id, endpoint), ...shared.neighbors] : shared.remote;
  }

  /** undefined: nothing. */
  #sharedOf({ spec, members }: NetworkView, endpoint: PlacedEndpoint): Shared | undefined {
    const vtep = members.get(homeOf(endpoint));
    // Where it is, the physical network learns, and each bridge domain in it.
    if (vtep === undefined || spec.provider !== undefined) return undefined;
    // An endpoint that is down is where nobody can reach it.
    if (endpoint.adminState === 'DOWN') return undefined;
    const { vni, arpSuppression } = spec;
    const { mac, ips, held = [] } = endpoint;
    const via = { kind: 'remote', vtep } as const;
    const known = this.#shared.get(endpoint);
    if (known?.vni === vni && known.vtep === vtep && known.arpSuppression === arpSuppression) {
      return known;
    }
    const neighbors = arpSuppression
      ? [
          ...ips.map((ip) => new CompiledItem({ ip, kind: 'neighbor_entry', mac, vni })),
          ...held.map((each) => {
            return new CompiledItem({ kind: 'neighbor_entry', vni, ...each, announce: true });
          }),
        ]
      : [];
    const there = [mac, ...virtualMacsOf(endpoint)].map(
      (each) => new CompiledItem({ kind: 'mac_entry', mac: each, via, vni }),
    );
    const made = { vni, vtep, arpSuppression, neighbors, remote: [...there, ...neighbors] };
    this.#shared.set(endpoint, made);
    return made;
  }
}

function portItem(
  view: NetworkView,
  id: string,
  { mac, ips, allowedAddresses }: PlacedEndpoint,
  { port, up }: Place,
): Item {
  const { prefixes } = view;
  const { vni } = view.spec;
  return new CompiledItem({
    kind: 'port',
    endpoint: id,
    vni,
    mac,
    addresses: ips.map((ip) => withPrefixLength(ip, prefixes)),
    adminUp: up,
    mtu: view.mtu,
    port,
    ...(allowedAddresses.length === 0
      ? {}
      : {
          allowedAddresses: allowedAddresses.map((each) => {
            return { ip: each.ip, mac: macOfAllowed(each, mac) };
          }),
        }),
  });
}

function localMacItems({ spec }: NetworkView, id: string, endpoint: PlacedEndpoint): Item[] {
  const via = { kind: 'endpoint', endpoint: id } as const;
  return [endpoint.mac, ...virtualMacsOf(endpoint)].map(
    (mac) => new CompiledItem({ kind: 'mac_entry', mac, via, vni: spec.vni }),
  );
}

/** Those that it has now, beside its own. */
function virtualMacsOf({ mac: own, held = [] }: PlacedEndpoint): string[] {
  return [...new Set(held.map(({ mac }) => mac))].filter((mac) => mac !== own);
}
