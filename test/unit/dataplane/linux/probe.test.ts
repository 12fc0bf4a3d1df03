import assert from 'node:assert/strict';
import { release } from 'node:os';
import { probe } from '../../../../src/dataplane/linux/probe.js';
import { FakeDoors } from '../../../support/fake-doors.js';

const THERE = 'Error: Provided Ethernet address is not unicast.\n';
const OLDER = 'RTNETLINK answers: Cannot assign requested address\n';
const NOT_THERE = 'Error: Unknown device type.\n';
const OLDER_NOT = 'RTNETLINK answers: Operation not supported\n';

describe('capabilities', () => {
  it('are what the kernel has drivers for', async () => {
    const doors = new FakeDoors()
      .fail(/type veth/, NOT_THERE)
      .fail(/type bridge/, OLDER)
      .fail(/type vxlan/, OLDER);
    const found = await probe(doors.ip, true);
    assert.equal(found.dataplane, 'linux');
    assert.equal(found.dataplaneVersion, release());
    assert.deepEqual(found.encapsulations, ['vxlan']);
    assert.deepEqual(found.bumModes, ['head_end', 'multicast', 'none']);
    assert.ok(!found.portKinds.includes('veth'));
    for (const line of doors.said) assert.match(line, /^ip link add name nfvprobe address 01:/);
  });

  for (const text of [NOT_THERE, OLDER_NOT]) {
    it(`are none without VXLAN: ${text.trim()}`, async () => {
      const doors = new FakeDoors().fail(
        /type/,
        `RTNETLINK answers: Cannot assign requested address\n`,
      );
      doors.fail(/vxlan/, text);
      const { itemKinds, encapsulations, portKinds, bumModes } = await probe(doors.ip, true);
      assert.deepEqual([itemKinds, encapsulations, portKinds, bumModes], [[], [], [], []]);
    });
  }

  for (const [title, veth, last] of [
    ['namespaces whose names last', true, false],
    ['veths', false, true],
  ] as const) {
    it(`have no routing without ${title}`, async () => {
      const doors = new FakeDoors().fail(/type/, OLDER);
      if (!veth) doors.fail(/type veth/, NOT_THERE);
      const { itemKinds } = await probe(doors.ip, last);
      assert.deepEqual(
        itemKinds.filter((kind) => /^(vrf|gateway|route)/.test(kind)),
        [],
      );
      assert.ok(itemKinds.includes('bridge_domain'));
    });
  }

  it('have routing, but no cross-connects', async () => {
    const { itemKinds } = await probe(new FakeDoors().fail(/type/, OLDER).ip, true);
    for (const kind of ['vrf', 'gateway_interface', 'gateway_neighbor', 'route']) {
      assert.ok(itemKinds.some((each) => each === kind));
    }
    assert.ok(!itemKinds.includes('xconnect'));
  });

  it('cannot be told without the privilege', async () => {
    const doors = new FakeDoors().fail(/type/, 'RTNETLINK answers: Operation not permitted\n');
    await assert.rejects(probe(doors.ip, true), { code: 'NOT_PRIVILEGED' });
  });

  it('leave nothing behind even if a kernel takes the link', async () => {
    const doors = new FakeDoors().fail(/type/, THERE.replace('Error', 'RTNETLINK answers'));
    doors.fail(/type/, OLDER).answer(/type bridge/, undefined);
    await assert.rejects(probe(doors.ip, true), { code: 'INTERNAL' });
    assert.equal(doors.said.at(-1), 'ip link del dev nfvprobe');
  });
});
