/** Items for tests of the kernel's dataplane, with what a test does not care about filled in. */
import type {
  BridgeDomainItem,
  FloodMemberItem,
  MacEntryItem,
  NeighborEntryItem,
  PortItem,
  ProviderPortItem,
  TunnelItem,
  VtepItem,
} from '../../src/model/item.js';

export const vtepItem = (address: string): VtepItem => ({ kind: 'vtep', address });

export const domain = (vni: number, vtep: string, more: Partial<BridgeDomainItem> = {}) =>
  ({
    kind: 'bridge_domain',
    network: `net-${vni}`,
    vni,
    vtep,
    learn: false,
    flood: true,
    arpSuppression: true,
    mtu: 1400,
    bumGroup: '',
    ...more,
  }) satisfies BridgeDomainItem;

export const tunnelTo = (vni: number, remote: string, local: string): TunnelItem => ({
  kind: 'tunnel',
  vni,
  remote,
  local,
});

export const floodTo = (vni: number, remote: string): FloodMemberItem => ({
  kind: 'flood_member',
  vni,
  remote,
});

export const macAt = (vni: number, mac: string, vtep: string): MacEntryItem => ({
  kind: 'mac_entry',
  vni,
  mac,
  via: { kind: 'remote', vtep },
});

export const macOf = (vni: number, mac: string, endpoint: string): MacEntryItem => ({
  kind: 'mac_entry',
  vni,
  mac,
  via: { kind: 'endpoint', endpoint },
});

export const neighbor = (vni: number, ip: string, mac: string): NeighborEntryItem => ({
  kind: 'neighbor_entry',
  vni,
  ip,
  mac,
});

export const vethPort = (
  endpoint: string,
  vni: number,
  mac: string,
  netns: string,
  more: Partial<PortItem> & { readonly hostInterface?: string; readonly interface?: string } = {},
): PortItem => {
  const { hostInterface = '', interface: name = 'eth0', ...fields } = more;
  return {
    kind: 'port',
    endpoint,
    vni,
    mac,
    addresses: [],
    adminUp: true,
    mtu: 1400,
    port: { kind: 'veth', netns, interface: name, hostInterface },
    ...fields,
  };
};

/** A bridge domain without tunnels, and its way into a physical network. */
export const providerNetwork = (
  vni: number,
  more: Partial<ProviderPortItem> = {},
): [BridgeDomainItem, ProviderPortItem] => {
  const port = { uplink: 'physnet1', vlan: 0, mtu: 1500, ...more };
  return [
    domain(vni, '', { learn: true, arpSuppression: false, mtu: port.mtu }),
    { kind: 'provider_port', vni, ...port },
  ];
};

export const tapPort = (
  endpoint: string,
  vni: number,
  mac: string,
  tap: Partial<Extract<PortItem['port'], { kind: 'tap' }>> = {},
  more: Partial<PortItem> = {},
): PortItem => ({
  kind: 'port',
  endpoint,
  vni,
  mac,
  addresses: [],
  adminUp: true,
  mtu: 1400,
  port: {
    kind: 'tap',
    interface: '',
    ownerUid: 0,
    multiQueue: false,
    vnetHdr: false,
    ...tap,
  },
  ...more,
});
