import assert from 'node:assert/strict';
import { NO_NVE_STATUS } from '../../../../src/model/nve.js';
import { NVE as CONVERT } from '../../../../src/rpc/convert/nve.js';
import { loadProtos } from '../../../../src/rpc/load.js';
import { NVE } from '../../../support/samples.js';

const { Nve } = loadProtos().protos.nfv.v1;

describe('an NVE on the wire', () => {
  it('has every field', () => {
    assert.deepEqual(CONVERT.toWire(NVE), {
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
      last_seen_time: { seconds: 1767355200, nanos: 0 },
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
          time: { seconds: 1767355140, nanos: 0 },
        },
      ],
      drift_count: 3,
      drifted_count: 2,
      dataplane: {
        session: 'SESSION_DEGRADED',
        since: { seconds: 1767434340, nanos: 0 },
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
      etag: 'abc123',
      revision: 42,
      create_time: { seconds: 1767261600, nanos: 0 },
      update_time: { seconds: 1767353400, nanos: 0 },
    });
  });

  for (const nve of [NVE, { ...NVE, status: NO_NVE_STATUS }]) {
    it(`comes back as it was: ${nve.status.state}`, () => {
      const bytes = Nve.serialize(CONVERT.toWire(nve));
      assert.deepEqual(CONVERT.fromWire(Nve.deserialize(bytes)), nve);
    });
  }

  it('knows which fields were set', () => {
    // Field 3 "::1".
    const wire = Nve.deserialize(Buffer.from([0x1a, 0x03, 0x3a, 0x3a, 0x31]));
    assert.deepEqual(CONVERT.setFields(wire), ['vtep_addresses']);
    assert.deepEqual(CONVERT.specFromWire(wire, []).vtepAddresses, ['::1']);
  });

  it('refuses a name that is none', () => {
    assert.throws(() => CONVERT.fromWire(Nve.deserialize(Buffer.alloc(0))), /names are "nves\/ID"/);
  });
});
