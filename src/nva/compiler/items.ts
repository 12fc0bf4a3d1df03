/** The items of one NVE for one network, piece by piece. Pure. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.js';
import type { EndpointSpec } from '../../model/endpoint.js';
import { withPrefixLength } from '../../model/endpoint.js';
import { dependenciesOf, keyOf, type Item, type Payload } from '../../model/item.js';
import type { NveSpec } from '../../model/nve.js';
import type { NetworkView } from './inputs.js';

/** An item whose version is worked out when it is first asked for. */
class CompiledItem implements Item {
  readonly key: string;
  readonly dependsOn: readonly string[];
  #version: string | undefined;

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
  });
}

/** What member `nve` has because of another member's VTEP. */
export function* peerItems(view: NetworkView, nve: string, peer: string): Generator<Item> {
  const local = view.members.get(nve);
  const remote = view.members.get(peer);
  if (local === undefined || remote === undefined || nve === peer) return;
  const { vni, bumMode } = view.spec;
  yield new CompiledItem({ kind: 'tunnel', vni, remote, local });
  if (bumMode === 'HEAD_END') yield new CompiledItem({ kind: 'flood_member', vni, remote });
}

/** What member `nve` has because of one endpoint, its own or another's. */
export function* endpointItems(
  view: NetworkView,
  nve: string,
  id: string,
  endpoint: EndpointSpec,
): Generator<Item> {
  const vtep = view.members.get(endpoint.nve);
  if (!view.members.has(nve) || vtep === undefined) return;
  const { vni, arpSuppression, prefixes } = view.spec;
  const { mac } = endpoint;
  const isLocal = endpoint.nve === nve;
  if (isLocal) {
    yield new CompiledItem({
      kind: 'port',
      endpoint: id,
      vni,
      mac,
      addresses: endpoint.ips.map((ip) => withPrefixLength(ip, prefixes)),
      adminUp: endpoint.adminState === 'UP',
      mtu: view.mtu,
      port: endpoint.port,
    });
  }
  // An endpoint that is down is where nobody can reach it.
  if (endpoint.adminState === 'DOWN') return;
  yield new CompiledItem({
    kind: 'mac_entry',
    vni,
    mac,
    via: isLocal ? { kind: 'endpoint', endpoint: id } : { kind: 'remote', vtep },
  });
  if (!arpSuppression) return;
  for (const ip of endpoint.ips) yield new CompiledItem({ kind: 'neighbor_entry', vni, ip, mac });
}
