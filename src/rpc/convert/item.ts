import { NfvError } from '../../errors.js';
import { checkItem, type Item, type MacVia, type Payload } from '../../model/item.js';
import type { Item as Wire, Item__Output as WireOut } from '../gen/nfv/v1/Item.js';
import type { MacEntryItem__Output } from '../gen/nfv/v1/MacEntryItem.js';
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
    const { arp_suppression, bum_group, ...rest } = wire.bridge_domain;
    return {
      kind: 'bridge_domain',
      ...rest,
      arpSuppression: arp_suppression,
      bumGroup: bum_group,
    };
  }
  if (wire.tunnel) return { kind: 'tunnel', ...wire.tunnel };
  if (wire.flood_member) return { kind: 'flood_member', ...wire.flood_member };
  if (wire.mac_entry) {
    const { vni, mac } = wire.mac_entry;
    return { kind: 'mac_entry', vni, mac, via: viaFromWire(wire.key, wire.mac_entry) };
  }
  if (wire.neighbor_entry) return { kind: 'neighbor_entry', ...wire.neighbor_entry };
  if (wire.port) {
    const { endpoint, vni, mac, addresses, admin_up, mtu, port } = wire.port;
    return {
      kind: 'port',
      endpoint,
      vni,
      mac,
      addresses,
      adminUp: admin_up,
      mtu,
      port: portFromWire(`${wire.key}.port`, port),
    };
  }
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
      return {
        bridge_domain: {
          network: p.network,
          vni: p.vni,
          vtep: p.vtep,
          learn: p.learn,
          flood: p.flood,
          arp_suppression: p.arpSuppression,
          mtu: p.mtu,
          bum_group: p.bumGroup,
        },
      };
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
      return { neighbor_entry: { vni: p.vni, ip: p.ip, mac: p.mac } };
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
        },
      };
  }
}
