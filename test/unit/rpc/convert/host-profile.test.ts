import assert from 'node:assert/strict';
import { NO_HOST_PROFILE_STATUS } from '../../../../src/model/host-profile.js';
import { HOST_PROFILE as CONVERT } from '../../../../src/rpc/convert/host-profile.js';
import { loadProtos } from '../../../../src/rpc/load.js';
import { HOST_PROFILE } from '../../../support/samples.js';

const { HostProfile } = loadProtos().protos.nfv.v1;

describe('a host profile on the wire', () => {
  it('has every field', () => {
    assert.deepEqual(CONVERT.toWire(HOST_PROFILE), {
      name: 'hostProfiles/edge',
      display_name: 'Hosts of the edge',
      profile: 'hugepages:\n  - { size: 2M, node: 0, pages: 64 }\n',
      nves: ['nves/host-a'],
      nve_labels: { rack: 'r1' },
      labels: { site: 'a' },
      // sha256sum of that text
      profile_hash: '367a8e2124fe9b43c538959e6177410afedcdea107d9e4f8a78c227b2e1f4f42',
      selected_count: 2,
      applied_count: 1,
      targets: [
        {
          nve: 'nves/host-b',
          phase: 'PHASE_FAILED',
          reason_code: 'PLAN_BLOCKED',
          reason: 'hostProfiles/edge:2:5: nics[0].match: there is no such NIC',
        },
        { nve: 'nves/host-a', phase: 'PHASE_APPLIED', reason_code: '', reason: '' },
      ],
      etag: 'abc123',
      revision: 42,
      create_time: { seconds: 1767261600, nanos: 0 },
      update_time: { seconds: 1767353400, nanos: 0 },
    });
  });

  for (const profile of [HOST_PROFILE, { ...HOST_PROFILE, status: NO_HOST_PROFILE_STATUS }]) {
    it(`comes back as it was: ${profile.status.selected} selected`, () => {
      const bytes = HostProfile.serialize(CONVERT.toWire(profile));
      assert.deepEqual(CONVERT.fromWire(HostProfile.deserialize(bytes)), profile);
    });
  }

  it('knows which fields were set', () => {
    // Field 4 "nves/a".
    const wire = HostProfile.deserialize(Buffer.from('22066e7665732f61', 'hex'));
    assert.deepEqual(CONVERT.setFields(wire), ['nves']);
    assert.deepEqual(CONVERT.specFromWire(wire, []).nves, ['a']);
  });

  it('refuses an NVE that is no name of one', () => {
    // Field 4 "a".
    const wire = HostProfile.deserialize(Buffer.from('220161', 'hex'));
    assert.throws(() => CONVERT.specFromWire(wire, []), /host_profile\.nves\[0\]: a: not the name/);
  });
});
