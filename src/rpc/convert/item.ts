import { NfvError } from '../../errors.js';
import {
  checkItem,
  type BridgeDomainItem,
  type Item,
  type MacVia,
  type NeighborEntryItem,
  type Payload,
  type PortItem,
} from '../../model/item.js';
import type { AllowedAddress } from '../../model/allowed-address.js';
import type { Item as Wire, Item__Output as WireOut } from '../gen/nfv/v1/Item.js';
import type { BridgeDomainItem as BridgeDomainWire } from '../gen/nfv/v1/BridgeDomainItem.js';
import type {
  NeighborEntryItem as NeighborWire,
  NeighborEntryItem__Output,
} from '../gen/nfv/v1/NeighborEntryItem.js';
import type { MacEntryItem__Output } from '../gen/nfv/v1/MacEntryItem.js';
import { routeFromWire, routeToWire } from './route.js';
import { ITEM_DRIFT_POLICIES } from './virtual-network.js';
import { portFromWire, portToWire } from './port.js';

/** @throws NfvError ITEM_INVALID; ITEM_UNSUPPORTED for a kind that is newer than this program. */
export function itemFromWire(wire: WireOut): Item {
  return checkItem({
    key: wire.key,
    version: wire.version,
    dependsOn: wire.depends_on,
    payload: payloadFromWire(wire),
  });
}

function payloadFromWire(wire: WireOut): Payload {
  if (wire.vtep) return { kind: 'vtep', address: wire.vtep.address };
  if (wire.bridge_domain) {
    const { arp_suppression, bum_group, drift_policy, ...rest } = wire.bridge_domain;
    return {
      kind: 'bridge_domain',
      ...rest,
      arpSuppression: arp_suppression,
      bumGroup: bum_group,
      ...(drift_policy === 'DRIFT_POLICY_UNSPECIFIED'
        ? {}
        : { driftPolicy: ITEM_DRIFT_POLICIES.fromWire(`${wire.key}.drift_policy`, drift_policy) }),
    };
  }
  if (wire.tunnel) return { kind: 'tunnel', ...wire.tunnel };
  if (wire.flood_member) return { kind: 'flood_member', ...wire.flood_member };
  if (wire.mac_entry) {
    const { vni, mac } = wire.mac_entry;
    return { kind: 'mac_entry', vni, mac, via: viaFromWire(wire.key, wire.mac_entry) };
  }
  if (wire.neighbor_entry) return neighborFromWire(wire.neighbor_entry);
  if (wire.port) {
    const { endpoint, vni, mac, addresses, admin_up, mtu, port, allowed_addresses } = wire.port;
    return {
      kind: 'port',
      endpoint,
      vni,
      mac,
      addresses,
      adminUp: admin_up,
      mtu,
      port: portFromWire(`${wire.key}.port`, port),
      ...allowedFromWire(allowed_addresses),
    };
  }
  if (wire.xconnect) return { kind: 'xconnect', ...wire.xconnect };
  if (wire.vrf) return { kind: 'vrf', ...wire.vrf };
  if (wire.gateway_interface) return { kind: 'gateway_interface', ...wire.gateway_interface };
  if (wire.gateway_neighbor) return { kind: 'gateway_neighbor', ...wire.gateway_neighbor };
  if (wire.provider_port) return { kind: 'provider_port', ...wire.provider_port };
  if (wire.route) return routeFromWire(wire.key, wire.route);
  throw new NfvError(
    'ITEM_UNSUPPORTED',
    `${wire.key}: a kind of item that this agent does not know`,
  );
}

function viaFromWire(key: string, wire: MacEntryItem__Output): MacVia {
  if (wire.via === 'remote') return { kind: 'remote', vtep: wire.remote ?? '' };
  if (wire.via === 'endpoint') return { kind: 'endpoint', endpoint: wire.endpoint ?? '' };
  throw new NfvError('ITEM_INVALID', `${key}: neither a remote VTEP nor an endpoint`);
}

export function itemToWire(item: Item): Wire {
  return {
    key: item.key,
    version: item.version,
    depends_on: [...item.dependsOn],
    ...payloadToWire(item.payload),
  };
}

function payloadToWire(p: Payload): Wire {
  switch (p.kind) {
    case 'vtep':
      return { vtep: { address: p.address } };
    case 'bridge_domain':
      return { bridge_domain: bridgeDomainToWire(p) };
    case 'tunnel':
      return { tunnel: { vni: p.vni, remote: p.remote, local: p.local } };
    case 'flood_member':
      return { flood_member: { vni: p.vni, remote: p.remote } };
    case 'mac_entry':
      return {
        mac_entry: {
          vni: p.vni,
          mac: p.mac,
          ...(p.via.kind === 'remote' ? { remote: p.via.vtep } : { endpoint: p.via.endpoint }),
        },
      };
    case 'neighbor_entry':
      return { neighbor_entry: neighborToWire(p) };
    case 'port':
      return {
        port: {
          endpoint: p.endpoint,
          vni: p.vni,
          mac: p.mac,
          addresses: [...p.addresses],
          admin_up: p.adminUp,
          mtu: p.mtu,
          port: portToWire(p.port),
          allowed_addresses: allowedToWire(p),
        },
      };
    case 'xconnect':
      return { xconnect: { a: p.a, b: p.b } };
    case 'vrf':
      return { vrf: { id: p.id, name: p.name } };
    case 'gateway_interface': {
      const { vrf, vni, mac, addresses, mtu } = p;
      return { gateway_interface: { vrf, vni, mac, addresses: [...addresses], mtu } };
    }
    case 'gateway_neighbor':
      return { gateway_neighbor: { vrf: p.vrf, vni: p.vni, ip: p.ip, mac: p.mac } };
    case 'provider_port': {
      const { vni, uplink, vlan, mtu } = p;
      return { provider_port: { vni, uplink, vlan, mtu } };
    }
    case 'route':
      return { route: routeToWire(p) };
  }
}

function bridgeDomainToWire(p: BridgeDomainItem): BridgeDomainWire {
  return {
    network: p.network,
    vni: p.vni,
    vtep: p.vtep,
    learn: p.learn,
    flood: p.flood,
    arp_suppression: p.arpSuppression,
    mtu: p.mtu,
    bum_group: p.bumGroup,
    drift_policy:
      p.driftPolicy === undefined
        ? 'DRIFT_POLICY_UNSPECIFIED'
        : ITEM_DRIFT_POLICIES.toWire(p.driftPolicy),
  };
}

function neighborFromWire({ announce, ...entry }: NeighborEntryItem__Output): NeighborEntryItem {
  return { kind: 'neighbor_entry', ...entry, ...(announce ? { announce } : {}) };
}

function neighborToWire({ vni, ip, mac, announce = false }: NeighborFields): NeighborWire {
  return { vni, ip, mac, announce };
}

type NeighborFields = Omit<NeighborEntryItem, 'announce'> & { readonly announce?: boolean };

function allowedFromWire(
  allowedAddresses: readonly AllowedAddress[],
): Pick<PortItem, 'allowedAddresses'> {
  return allowedAddresses.length === 0 ? {} : { allowedAddresses };
}

function allowedToWire({ allowedAddresses = [] }: PortItem): AllowedAddress[] {
  return [...allowedAddresses];
}
