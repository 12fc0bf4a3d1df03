import assert from 'node:assert/strict';
import { fieldsOf } from '../../../src/model/filter-fields.js';
import { ENDPOINT, FAILED_ENDPOINT, NETWORK, NVE, ROUTER, SUBNET } from '../../support/samples.js';
import { VHOST_CLIENT } from '../../support/vpp-port-samples.js';

const META = {
  etag: 'abc123',
  revision: 42,
  create_time: '2026-01-01T10:00:00.000Z',
  update_time: '2026-01-02T11:30:00.000Z',
};

describe('fieldsOf', () => {
  it('a network', () => {
    assert.deepEqual(fieldsOf(NETWORK), {
      name: 'virtualNetworks/blue',
      display_name: 'Blue team',
      tenant: 'acme',
      vni: 100,
      encapsulation: 'ENCAPSULATION_VXLAN',
      mtu: 0,
      bum_mode: 'BUM_MODE_MULTICAST',
      bum_group: '239.1.1.1',
      learning: false,
      arp_suppression: true,
      prefixes: ['10.0.0.0/24', 'fd00::/64'],
      underlay_family: 'UNDERLAY_FAMILY_IPV4',
      drift_policy: 'DRIFT_POLICY_REPORT',
      labels: { site: 'a', tier: '' },
      effective_mtu: 1450,
      duplicates: [],
      ...META,
    });
  });

  it('an NVE', () => {
    assert.deepEqual(fieldsOf(NVE), {
      name: 'nves/host-a',
      display_name: 'Rack 1',
      vtep_addresses: ['10.77.0.1', 'fd77::1'],
      labels: { rack: 'r1' },
      node_uuid: '5f3c1b9e-58a5-4c6c-9d3e-0c6f1f0a7a01',
      state: 'STATE_DEGRADED',
      reason_code: 'NVE_LOSS_HELD',
      reason: 'many are gone',
      capabilities: {
        dataplane: 'linux',
        dataplane_version: '6.1.0',
        item_kinds: ['vtep', 'bridge_domain', 'port'],
        encapsulations: ['vxlan'],
        port_kinds: ['veth', 'tap'],
        bum_modes: ['head_end', 'multicast', 'none'],
        provider_uplinks: [{ name: 'physnet1', interface: 'eth1', mtu: 9000, vlans: true }],
        sees_addresses: true,
      },
      underlays: [{ address: '10.77.0.1', interface: 'eth0', mtu: 1500 }],
      agent_version: '0.1.0',
      last_seen_time: '2026-01-02T12:00:00.000Z',
      item_counts: { wanted: 12, applied: 11, failed: 1 },
      applied_revision: 41,
      failures: [
        { key: 'port/web-2', code: 'NETNS_MISSING', message: 'no network namespace "web-2"' },
      ],
      drifts: [
        {
          key: 'mac/100/02:00:00:00:00:02',
          difference: 'missing',
          action: 'ACTION_REPAIRED',
          time: '2026-01-02T11:59:00.000Z',
        },
      ],
      drift_count: 3,
      drifted_count: 2,
      dataplane: {
        session: 'SESSION_DEGRADED',
        since: '2026-01-03T09:59:00.000Z',
        reason_code: 'DATAPLANE_TIMEOUT',
        reason: 'VPP owes answers and says nothing',
        restarts: 1,
        boot: '4711 8:1:99',
        features: [
          { name: 'core', state: 'STATE_OK', problems: [] },
          { name: 'memif', state: 'STATE_MISSING', problems: ['memif_create', 'memif_delete'] },
        ],
        plugins: [{ name: 'vxlan', version: '26.06-release' }],
      },
      host: {
        profile: 'edge',
        wanted_hash: 'ab'.repeat(32),
        applied_profile: '/etc/nfvd/host.yaml',
        applied_hash: 'cd'.repeat(32),
        phase: 'PHASE_FAILED',
        reason_code: 'PLAN_BLOCKED',
        reason: 'hostProfiles/edge:2:5: nics[0].match: there is no such NIC',
      },
      ...META,
    });
  });

  it('an NVE that never said hello', () => {
    const { capabilities, ...status } = NVE.status;
    assert.ok(capabilities !== undefined);
    assert.ok(!('capabilities' in fieldsOf({ ...NVE, status })));
  });

  it('an endpoint with a veth', () => {
    assert.deepEqual(fieldsOf(ENDPOINT), {
      name: 'endpoints/web-1',
      display_name: '',
      network: 'virtualNetworks/blue',
      nve: 'nves/host-a',
      port: { veth: { netns: 'web-1', interface: 'eth0', host_interface: '' } },
      mac: '02:00:00:00:00:01',
      ips: ['10.0.0.11', 'fd00::11'],
      subnets: ['subnets/blue-v4'],
      allowed_addresses: [
        { ip: '10.0.0.100', mac: '' },
        { ip: 'fd00::100', mac: '00:00:5e:00:02:01' },
      ],
      admin_state: 'ADMIN_STATE_UP',
      labels: { app: 'web' },
      state: 'STATE_ACTIVE',
      reason_code: '',
      reason: '',
      attachments: [
        { nve: 'nves/host-a', state: 'STATE_ACTIVATED', cause: 'CAUSE_CREATE', migration_id: '' },
        {
          nve: 'nves/host-b',
          state: 'STATE_ASSOCIATED',
          cause: 'CAUSE_MIGRATE',
          migration_id: '6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11',
        },
      ],
      held_addresses: [
        { ip: 'fd00::100', mac: '00:00:5e:00:02:01', since: '2026-01-02T12:00:00.000Z' },
      ],
      migration: {
        id: '6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11',
        source: 'nves/host-a',
        target: 'nves/host-b',
        phase: 'PHASE_ASSOCIATED',
        reason_code: '',
        reason: '',
      },
      ...META,
    });
  });

  it('a subnet', () => {
    assert.deepEqual(fieldsOf(SUBNET), {
      name: 'subnets/blue-v4',
      display_name: 'Blue, IPv4',
      network: 'virtualNetworks/blue',
      prefix: '10.0.0.0/24',
      gateway: '10.0.0.254',
      pools: [
        { first: '10.0.0.10', last: '10.0.0.99' },
        { first: '10.0.0.200', last: '10.0.0.200' },
      ],
      labels: { site: 'a' },
      ...META,
    });
  });

  it('a router', () => {
    assert.deepEqual(fieldsOf(ROUTER), {
      name: 'routers/r1',
      display_name: 'To the rest',
      tenant: 'acme',
      vrf_id: 7,
      gateway_mac: '02:00:5e:00:00:01',
      subnets: ['subnets/blue-v4'],
      routes: [
        {
          prefix: '0.0.0.0/0',
          next_hops: [
            { address: '10.0.0.2', weight: 1 },
            { address: '10.0.0.3', weight: 3 },
          ],
          drop: false,
        },
        { prefix: '192.0.2.0/24', next_hops: [], drop: true },
      ],
      exits: [
        {
          subnet: 'subnets/up-v4',
          gateways: [
            { nve: 'nves/host-a', address: '198.51.100.11' },
            { nve: 'nves/host-b', address: '198.51.100.12' },
          ],
        },
      ],
      transit_vni: 4097,
      labels: { tier: 'gold' },
      ...META,
    });
  });

  it('an endpoint with a tap', () => {
    assert.deepEqual(fieldsOf(FAILED_ENDPOINT)['port'], {
      tap: { interface: 'tap-web2', owner_uid: 107, multi_queue: true, vnet_hdr: false },
    });
  });

  it('an endpoint on an interface of the host', () => {
    const port = { kind: 'host_interface', interface: 'eth5' } as const;
    const endpoint = { ...FAILED_ENDPOINT, spec: { ...FAILED_ENDPOINT.spec, port } };
    assert.deepEqual(fieldsOf(endpoint)['port'], { host_interface: { interface: 'eth5' } });
  });

  it('an endpoint at a vhost-user socket', () => {
    const endpoint = { ...ENDPOINT, spec: { ...ENDPOINT.spec, port: VHOST_CLIENT } };
    assert.deepEqual(fieldsOf(endpoint)['port'], {
      vhost_user: {
        socket: '/run/nfvd/vhost/web',
        role: 'ROLE_CLIENT',
        socket_mode: 0,
        owner_uid: 0,
        owner_gid: 0,
        gso: true,
        packed_ring: true,
        event_idx: true,
        disable_mrg_rxbuf: true,
        disable_indirect_desc: true,
      },
    });
  });
});
