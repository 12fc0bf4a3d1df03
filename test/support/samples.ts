/** Resources with every field filled, for tests of what shows or carries them. */
import type { Endpoint } from '../../src/model/endpoint.js';
import type { HostProfileResource } from '../../src/model/host-profile.js';
import type { Nve } from '../../src/model/nve.js';
import type { Router } from '../../src/model/router.js';
import type { Subnet } from '../../src/model/subnet.js';
import { PROVIDER_DEFAULTS, type VirtualNetwork } from '../../src/model/virtual-network.js';

const META = {
  etag: 'abc123',
  revision: 42,
  createTime: '2026-01-01T10:00:00.000Z',
  updateTime: '2026-01-02T11:30:00.000Z',
};

const MIGRATION_ID = '6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11';

export const NETWORK: VirtualNetwork = {
  kind: 'VirtualNetwork',
  id: 'blue',
  spec: {
    displayName: 'Blue team',
    tenant: 'acme',
    vni: 100,
    encapsulation: 'VXLAN',
    mtu: 0,
    bumMode: 'MULTICAST',
    bumGroup: '239.1.1.1',
    learning: false,
    arpSuppression: true,
    prefixes: ['10.0.0.0/24', 'fd00::/64'],
    underlayFamily: 'IPV4',
    driftPolicy: 'REPORT',
    labels: { site: 'a', tier: '' },
  },
  effectiveMtu: 1450,
  duplicates: [],
  meta: META,
};

export const FROZEN_NETWORK: VirtualNetwork = {
  ...NETWORK,
  duplicates: [
    {
      ...{ kind: 'MAC', address: '02:00:00:00:00:0a', endpoint: 'web', nve: 'host-a' },
      ...{ moves: 5, since: '2026-01-02T11:30:00.000Z', until: '' },
    },
    {
      ...{ kind: 'IP', address: '10.0.0.10', endpoint: 'web', nve: 'host-a' },
      ...{ moves: 5, since: '2026-01-02T11:30:00.000Z', until: '2026-01-02T11:39:00.000Z' },
    },
  ],
};

export const PROVIDER_NETWORK: VirtualNetwork = {
  ...NETWORK,
  id: 'lab',
  spec: {
    ...NETWORK.spec,
    ...PROVIDER_DEFAULTS,
    bumMode: 'HEAD_END',
    bumGroup: '',
    provider: { uplink: 'physnet1', vlan: 100 },
  },
  effectiveMtu: 9000,
};

export const NVE: Nve = {
  kind: 'Nve',
  id: 'host-a',
  spec: {
    displayName: 'Rack 1',
    vtepAddresses: ['10.77.0.1', 'fd77::1'],
    labels: { rack: 'r1' },
    nodeUuid: '5f3c1b9e-58a5-4c6c-9d3e-0c6f1f0a7a01',
  },
  status: {
    state: 'DEGRADED',
    reasonCode: 'NVE_LOSS_HELD',
    reason: 'many are gone',
    capabilities: {
      dataplane: 'linux',
      dataplaneVersion: '6.1.0',
      itemKinds: ['vtep', 'bridge_domain', 'port'],
      encapsulations: ['vxlan'],
      portKinds: ['veth', 'tap'],
      bumModes: ['head_end', 'multicast', 'none'],
      providers: [{ name: 'physnet1', interface: 'eth1', mtu: 9000, vlans: true }],
      seesAddresses: true,
    },
    underlays: [{ address: '10.77.0.1', interface: 'eth0', mtu: 1500 }],
    agentVersion: '0.1.0',
    lastSeenTime: '2026-01-02T12:00:00.000Z',
    itemCounts: { wanted: 12, applied: 11, failed: 1 },
    appliedRevision: 41,
    failures: [
      { key: 'port/web-2', code: 'NETNS_MISSING', message: 'no network namespace "web-2"' },
    ],
    drifts: [
      {
        key: 'mac/100/02:00:00:00:00:02',
        difference: 'missing',
        action: 'REPAIRED',
        time: '2026-01-02T11:59:00.000Z',
      },
    ],
    driftCount: 3,
    driftedCount: 2,
    dataplane: {
      session: 'DEGRADED',
      since: '2026-01-03T09:59:00.000Z',
      reasonCode: 'DATAPLANE_TIMEOUT',
      reason: 'VPP owes answers and says nothing',
      restarts: 1,
      boot: '4711 8:1:99',
      features: [
        { name: 'core', state: 'OK', problems: [] },
        { name: 'memif', state: 'MISSING', problems: ['memif_create', 'memif_delete'] },
      ],
      plugins: [{ name: 'vxlan', version: '26.06-release' }],
    },
    host: {
      profile: 'edge',
      wantedHash: 'ab'.repeat(32),
      appliedProfile: '/etc/nfvd/host.yaml',
      appliedHash: 'cd'.repeat(32),
      phase: 'FAILED',
      reasonCode: 'PLAN_BLOCKED',
      reason: 'hostProfiles/edge:2:5: nics[0].match: there is no such NIC',
    },
  },
  meta: META,
};

export const SUBNET: Subnet = {
  kind: 'Subnet',
  id: 'blue-v4',
  spec: {
    displayName: 'Blue, IPv4',
    network: 'blue',
    prefix: '10.0.0.0/24',
    gateway: '10.0.0.254',
    pools: [
      { first: '10.0.0.10', last: '10.0.0.99' },
      { first: '10.0.0.200', last: '10.0.0.200' },
    ],
    labels: { site: 'a' },
  },
  meta: META,
};

export const ROUTER: Router = {
  kind: 'Router',
  id: 'r1',
  spec: {
    displayName: 'To the rest',
    tenant: 'acme',
    vrfId: 7,
    gatewayMac: '02:00:5e:00:00:01',
    subnets: ['blue-v4'],
    routes: [
      {
        prefix: '0.0.0.0/0',
        nextHops: [
          { address: '10.0.0.2', weight: 1 },
          { address: '10.0.0.3', weight: 3 },
        ],
        drop: false,
      },
      { prefix: '192.0.2.0/24', nextHops: [], drop: true },
    ],
    exits: [
      {
        subnet: 'up-v4',
        gateways: [
          { nve: 'host-a', address: '198.51.100.11' },
          { nve: 'host-b', address: '198.51.100.12' },
        ],
      },
    ],
    transitVni: 4097,
    labels: { tier: 'gold' },
  },
  meta: META,
};

export const ENDPOINT: Endpoint = {
  kind: 'Endpoint',
  id: 'web-1',
  spec: {
    displayName: '',
    network: 'blue',
    nve: 'host-a',
    port: { kind: 'veth', netns: 'web-1', interface: 'eth0', hostInterface: '' },
    mac: '02:00:00:00:00:01',
    ips: ['10.0.0.11', 'fd00::11'],
    subnets: ['blue-v4'],
    allowedAddresses: [
      { ip: '10.0.0.100', mac: '' },
      { ip: 'fd00::100', mac: '00:00:5e:00:02:01' },
    ],
    adminState: 'UP',
    labels: { app: 'web' },
  },
  status: {
    state: 'ACTIVE',
    reasonCode: '',
    reason: '',
    attachments: [
      { nve: 'host-a', state: 'ACTIVATED', cause: 'CREATE', migrationId: '' },
      { nve: 'host-b', state: 'ASSOCIATED', cause: 'MIGRATE', migrationId: MIGRATION_ID },
    ],
    held: [{ ip: 'fd00::100', mac: '00:00:5e:00:02:01', since: '2026-01-02T12:00:00.000Z' }],
    migration: {
      id: MIGRATION_ID,
      source: 'host-a',
      target: 'host-b',
      port: { kind: 'veth', netns: 'web-1', interface: 'eth0', hostInterface: '' },
      phase: 'ASSOCIATED',
      hold: true,
      released: false,
      force: false,
      timeoutMs: 60_000,
      startTime: '2026-01-02T11:29:00.000Z',
      deadline: '2026-01-03T11:29:01.000Z',
      reasonCode: '',
      reason: '',
    },
    laggards: [{ nve: 'host-c', code: 'NVE_DISCONNECTED', reason: 'nves/host-c is not connected' }],
  },
  meta: META,
};

export const FAILED_ENDPOINT: Endpoint = {
  ...ENDPOINT,
  id: 'web-2',
  spec: {
    ...ENDPOINT.spec,
    port: { kind: 'tap', interface: 'tap-web2', ownerUid: 107, multiQueue: true, vnetHdr: false },
    mac: '02:00:00:00:00:02',
    ips: ['10.0.0.12'],
    subnets: [],
    allowedAddresses: [],
  },
  status: {
    state: 'FAILED',
    reasonCode: 'NETNS_MISSING',
    reason: 'no network namespace "web-2"',
    attachments: [{ nve: 'host-a', state: 'INIT', cause: 'CREATE', migrationId: '' }],
    held: [],
    laggards: [],
  },
};

export const HOST_PROFILE: HostProfileResource = {
  kind: 'HostProfile',
  id: 'edge',
  spec: {
    displayName: 'Hosts of the edge',
    profile: 'hugepages:\n  - { size: 2M, node: 0, pages: 64 }\n',
    nves: ['host-a'],
    nveLabels: { rack: 'r1' },
    labels: { site: 'a' },
  },
  status: {
    selected: 2,
    applied: 1,
    targets: [
      {
        nve: 'host-b',
        phase: 'FAILED',
        reasonCode: 'PLAN_BLOCKED',
        reason: 'hostProfiles/edge:2:5: nics[0].match: there is no such NIC',
      },
      { nve: 'host-a', phase: 'APPLIED', reasonCode: '', reason: '' },
    ],
  },
  meta: META,
};
