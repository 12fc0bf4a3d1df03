/** The items of one NVE for one network, piece by piece. Pure. */
import { createHash } from 'node:crypto';
import { macOfAllowed } from '../../model/allowed-address.js';
import { canonicalJson } from '../../model/canonical.js';
import { withPrefixLength } from '../../model/endpoint.js';
import { dependenciesOf, keyOf, type Item, type Payload } from '../../model/item.js';
import { homeOf, placeAt, type Place, type PlacedEndpoint } from '../../model/migration.js';
import type { NveSpec } from '../../model/nve.js';
import { isLost, type NetworkView } from './inputs.js';
import { digestPart } from '../../model/southbound.js';

/** An item whose version, and part of a digest, are worked out when they are first asked for. */
export class CompiledItem implements Item {
  readonly key: string;
  readonly dependsOn: readonly string[];
  #version: string | undefined;
  #digestPart: bigint | undefined;

  constructor(readonly payload: Payload) {
    this.key = keyOf(payload);
    this.dependsOn = dependenciesOf(payload);
  }

  /** 72 bits of SHA-256 over the content; the same in every process. */
  get version(): string {
    return (this.#version ??= createHash('sha256')
      .update(canonicalJson(this.payload))
      .digest('base64url')
      .slice(0, 12));
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
}

/** What member `nve` has because of another member's VTEP. */
export function* peerItems(view: NetworkView, nve: string, peer: string): Generator<Item> {
  const local = view.members.get(nve);
  const remote = view.members.get(peer);
  if (local === undefined || remote === undefined || nve === peer) return;
  if (isLost(view, nve, peer)) return;
  const { vni, bumMode } = view.spec;
  yield new CompiledItem({ kind: 'tunnel', vni, remote, local });
  if (bumMode === 'HEAD_END') yield new CompiledItem({ kind: 'flood_member', vni, remote });
}

/** What the NVEs of a network have in common because of one endpoint. */
interface Shared {
  readonly vni: number;
  readonly vtep: string;
  readonly arpSuppression: boolean;
  /** What those have that do not deliver to the endpoint themselves. */
  readonly mac: Item;
  readonly neighbors: readonly Item[];
  /** Of the virtual MACs that the endpoint has now. */
  readonly virtualMacs: readonly Item[];
}

/**
 * The items that members have because of endpoints. What they have in common is made once, however
 * many they are: with it go the hashes, most of the cost of a start with all NVEs.
 */
export class EndpointItems {
  readonly #shared = new WeakMap<PlacedEndpoint, Shared>();

  /** What member `nve` has because of one endpoint, its own or another's. */
  *of(view: NetworkView, nve: string, id: string, endpoint: PlacedEndpoint): Generator<Item> {
    const vtep = view.members.get(homeOf(endpoint));
    if (!view.members.has(nve) || vtep === undefined) return;
    const here = placeAt(endpoint, nve);
    if (here !== undefined) yield portItem(view, id, endpoint, here);
    // An endpoint that is down is where nobody can reach it.
    if (endpoint.adminState === 'DOWN') return;
    if (here?.delivers !== true && isLost(view, nve, homeOf(endpoint))) return;
    const shared = this.#sharedOf(view, vtep, endpoint);
    if (here?.delivers === true) yield* localMacItems(view, id, endpoint);
    else yield* [shared.mac, ...shared.virtualMacs];
    yield* shared.neighbors;
  }

  #sharedOf({ spec }: NetworkView, vtep: string, endpoint: PlacedEndpoint): Shared {
    const { vni, arpSuppression } = spec;
    const { mac, ips, held = [] } = endpoint;
    const via = { kind: 'remote', vtep } as const;
    const known = this.#shared.get(endpoint);
    if (known?.vni === vni && known.vtep === vtep && known.arpSuppression === arpSuppression) {
      return known;
    }
    const made = {
      vni,
      vtep,
      arpSuppression,
      mac: new CompiledItem({ kind: 'mac_entry', vni, mac, via }),
      neighbors: arpSuppression
        ? [
            ...ips.map((ip) => new CompiledItem({ kind: 'neighbor_entry', vni, ip, mac })),
            ...held.map((each) => {
              return new CompiledItem({ kind: 'neighbor_entry', vni, ...each, announce: true });
            }),
          ]
        : [],
      virtualMacs: virtualMacsOf(endpoint).map((virtual) => {
        return new CompiledItem({ kind: 'mac_entry', vni, mac: virtual, via });
      }),
    };
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
    (mac) => new CompiledItem({ kind: 'mac_entry', vni: spec.vni, mac, via }),
  );
}

/** Those that it has now, beside its own. */
function virtualMacsOf({ mac: own, held = [] }: PlacedEndpoint): string[] {
  return [...new Set(held.map(({ mac }) => mac))].filter((mac) => mac !== own);
}
